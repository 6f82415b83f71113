import { coloniesWithCrons } from '@colonies/database'
import { fireDueCrons } from '../schedules/cron-runs.js'
import { eachColony } from './each-colony.js'
import { Alarm, type Loop } from './loop.js'

const inEachColony = eachColony('crons')

/**
 * Starts workflows at their planned times. It looks once a period, and besides when it knows that a time will come before.
 *
 * @param everyMs the period
 */
export function crons(everyMs: number): Loop {
  const alarm = new Alarm()
  return {
    name: 'crons',
    everyMs,
    alarm,
    async runOnce(context) {
      const coming = await coloniesWithCrons(context.db, everyMs)
      const due = coming.filter(({ inMs }) => inMs <= 0).map(({ colony }) => colony)
      const outcome = await inEachColony(due, context, async (colony) => (await fireDueCrons(context, colony)) > 0)
      const later = coming.map(({ inMs }) => inMs).filter((inMs) => inMs > 0)
      if (outcome === 'rest' && later.length > 0) alarm.ringIn(Math.ceil(Math.min(...later)))
      return outcome
    },
  }
}
