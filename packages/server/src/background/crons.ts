import { type ColonyKey, coloniesWithCrons } from '@colonies/database'
import { CRONS_MAX, fireDueCrons } from '../schedules/cron-runs.js'
import { eachColony } from './each-colony.js'
import { Alarm, type Loop, type LoopContext } from './loop.js'

const inEachColony = eachColony('crons')
/** Transactions of a colony with many: while PostgreSQL stores the graphs of one, the replica makes those of the next. */
const SIDE_BY_SIDE = 2

/**
 * Starts workflows at their planned times. It looks once a period, and besides when it knows that a time will come before.
 *
 * @param everyMs the period
 */
export function crons(everyMs: number): Loop {
  const alarm = new Alarm()
  /** Those that had as many as one transaction takes when it was their turn last. */
  const withMany = new Set<ColonyKey>()
  async function turnOf(colony: ColonyKey, context: LoopContext): Promise<boolean> {
    const served = await sideBySide(withMany.delete(colony) ? SIDE_BY_SIDE : 1, () => fireDueCrons(context, colony))
    if (served.some((count) => count >= CRONS_MAX)) withMany.add(colony)
    return served.some((count) => count > 0)
  }
  return {
    name: 'crons',
    everyMs,
    alarm,
    async runOnce(context) {
      const coming = await coloniesWithCrons(context.db, everyMs)
      const due = coming.filter(({ inMs }) => inMs <= 0).map(({ colony }) => colony)
      const outcome = await inEachColony(due, context, (colony) => turnOf(colony, context))
      const later = coming.map(({ inMs }) => inMs).filter((inMs) => inMs > 0)
      if (outcome === 'rest' && later.length > 0) alarm.ringIn(Math.ceil(Math.min(...later)))
      return outcome
    },
  }
}

/** Does the same as often, and waits until each has ended. @throws what the first one threw that failed */
async function sideBySide<T>(times: number, work: () => Promise<T>): Promise<T[]> {
  const ended = await Promise.allSettled(Array.from({ length: times }, work))
  return ended.map((one) => {
    if (one.status === 'rejected') throw one.reason
    return one.value
  })
}
