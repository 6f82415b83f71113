import { limits } from '@colonies/protocol'
import { type CronSchedule, parseCronExpression } from './cron-expression.js'

const SECOND = 1000
const LATE_MS = limits.cronLateSeconds * SECOND
const CATCHUP_MS = limits.cronCatchupSeconds * SECOND

/** When a cron runs. */
export interface CronTiming {
  expression: string
  /** Where the expression names no zone. */
  timeZone: string
  /** Seconds between runs; 0 or less: the expression decides. */
  interval: number
  /** A random number of seconds from 1 to `interval` instead of all of them. */
  random: boolean
  /** Each missed time runs, instead of one for all. */
  catchup: boolean
}

/**
 * The planned time that comes first after `afterMs`; what was planned before plays no part.
 *
 * @param chance from 0 to just below 1
 * @returns Unix time in ms; undefined when there is none within five years
 * @throws ColoniesError `bad_request` when the expression cannot be read
 */
export function firstRun(timing: CronTiming, afterMs: number, chance = Math.random): number | undefined {
  return scheduleOf(timing, chance).next(afterMs)
}

/**
 * The planned time that comes after one that has just been served.
 *
 * The series goes on from the planned time, not from now, so that delays do not add up and no time is left out because
 * somebody looked a little late. What is later than `limits.cronLateSeconds` was missed: without `catchup`, all missed times
 * together have just been served.
 */
export function nextRun(
  timing: CronTiming,
  { plannedMs, nowMs }: { plannedMs: number; nowMs: number },
  chance = Math.random,
): number | undefined {
  const schedule = scheduleOf(timing, chance)
  const next = schedule.next(plannedMs)
  const oldest = nowMs - (timing.catchup ? CATCHUP_MS : LATE_MS)
  if (next === undefined || next >= oldest) return next
  const from = timing.catchup ? oldest : nowMs
  if (timing.interval <= 0 || timing.random) return schedule.next(from)
  // Intervals are counted from where they began.
  const intervalMs = timing.interval * SECOND
  return plannedMs + (Math.floor((from - plannedMs) / intervalMs) + 1) * intervalMs
}

function scheduleOf({ interval, random, expression, timeZone }: CronTiming, chance: () => number): CronSchedule {
  if (interval <= 0) return parseCronExpression(expression, timeZone)
  const seconds = () => (random ? 1 + Math.floor(chance() * interval) : interval)
  return { next: (afterMs) => afterMs + seconds() * SECOND }
}
