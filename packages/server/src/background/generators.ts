import { coloniesWithGenerators } from '@colonies/database'
import { runDueGenerators } from '../schedules/generator-runs.js'
import { eachColony } from './each-colony.js'
import type { Alarm, Loop } from './loop.js'

const inEachColony = eachColony('generators')

/**
 * Starts workflows for which enough arguments were packed, or that have waited long enough.
 *
 * @param everyMs how often it looks
 * @param alarm rings when a pack on this replica was the last that a graph needed
 */
export function generators(everyMs: number, alarm: Alarm): Loop {
  return {
    name: 'generators',
    everyMs,
    alarm,
    async runOnce(context) {
      const coming = await coloniesWithGenerators(context.db, everyMs)
      const due = coming.filter(({ inMs }) => inMs <= 0).map(({ colony }) => colony)
      const outcome = await inEachColony(due, context, async (colony) => (await runDueGenerators(context, colony)) > 0)
      const later = coming.map(({ inMs }) => inMs).filter((inMs) => inMs > 0)
      if (outcome === 'rest' && later.length > 0) alarm.ringIn(Math.ceil(Math.min(...later)))
      return outcome
    },
  }
}
