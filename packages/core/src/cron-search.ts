import type { CronFields } from './cron-fields.js'
import { findTransition, type TimeZone } from './time-zones.js'

const SECOND = 1000
const HOUR = 3_600_000
const DAY = 24 * HOUR
/** No zone has moved its clocks by more at a time, but where it skipped a day, which is no harm here. */
const SHIFT_MAX = 3 * HOUR
const YEARS_MAX = 5

/**
 * The first instant after `afterMs`, on a whole second, at which the clocks of a zone show a time that matches.
 *
 * Clock times are kept as the ms that they would be in UTC. The search goes from matching day to matching day by the
 * calendar; within a day it looks where the offset changes. So an hour that the clocks skip is skipped, and one that
 * they repeat comes twice.
 *
 * @returns undefined when no year up to the fifth from now has one
 */
export function nextMatch(fields: CronFields, zone: TimeZone, afterMs: number): number | undefined {
  let instant = Math.floor(afterMs / SECOND) * SECOND + SECOND
  const lastYear = new Date(instant + zone.offsetMs(instant)).getUTCFullYear() + YEARS_MAX
  for (;;) {
    const offset = zone.offsetMs(instant)
    const clock = instant + offset
    const date = clock - mod(clock, DAY)
    const day = nextDay(fields, date, lastYear)
    if (day === undefined) return undefined
    const shortlyBefore = day - zone.offsetMs(day) - SHIFT_MAX
    if (day - date > DAY && shortlyBefore > instant) {
      instant = shortlyBefore
      continue
    }
    const timeOfDay = day === date ? nextTimeOfDay(fields, mod(clock, DAY)) : undefined
    const found = timeOfDay === undefined ? undefined : date + timeOfDay - offset
    const until = found ?? date + DAY - offset
    if (zone.offsetMs(until) !== offset) instant = findTransition(zone, instant, until)
    else if (found !== undefined) return found
    else instant = until
  }
}

/** The first matching date, not before `date`; both are midnights. */
function nextDay(fields: CronFields, date: number, lastYear: number): number | undefined {
  for (let at = new Date(date); at.getUTCFullYear() <= lastYear; ) {
    if (!fields.month.matches[at.getUTCMonth() + 1]) at.setUTCMonth(at.getUTCMonth() + 1, 1)
    else if (dayMatches(fields, at)) return at.getTime()
    else at.setUTCDate(at.getUTCDate() + 1)
  }
  return undefined
}

/** When both kinds of day are restricted, one of them suffices; otherwise both have to match. */
function dayMatches({ dayOfMonth, dayOfWeek }: CronFields, date: Date): boolean {
  const byMonth = dayOfMonth.matches[date.getUTCDate()] === true
  const byWeek = dayOfWeek.matches[date.getUTCDay()] === true
  return dayOfMonth.star || dayOfWeek.star ? byMonth && byWeek : byMonth || byWeek
}

/** The first matching time of a day, not before `from`; in ms since midnight. */
function nextTimeOfDay({ hour, minute, second }: CronFields, from: number): number | undefined {
  const [fromHour, fromMinute, fromSecond] = [
    Math.floor(from / HOUR),
    Math.floor(from / 60_000) % 60,
    Math.floor(from / SECOND) % 60,
  ]
  for (let h = next(hour.matches, fromHour); h !== undefined; h = next(hour.matches, h + 1)) {
    for (
      let m = next(minute.matches, h > fromHour ? 0 : fromMinute);
      m !== undefined;
      m = next(minute.matches, m + 1)
    ) {
      const s = next(second.matches, h > fromHour || m > fromMinute ? 0 : fromSecond)
      if (s !== undefined) return h * HOUR + m * 60_000 + s * SECOND
    }
  }
  return undefined
}

function next(matches: readonly boolean[], from: number): number | undefined {
  const found = matches.indexOf(true, from)
  return found < 0 ? undefined : found
}

/** Not negative, also before 1970. */
function mod(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor
}
