import { ColoniesError, limits } from '@colonies/protocol'
import { type CronFields, cronBounds, parseCronField } from './cron-fields.js'
import { nextMatch } from './cron-search.js'
import { parseGoDuration } from './go-duration.js'
import { findTimeZone, type TimeZone } from './time-zones.js'

/** When something is to happen, again and again. */
export interface CronSchedule {
  /**
   * @param afterMs Unix time in ms
   * @returns the first planned time that is strictly later, on a whole second; undefined when there is none within five
   *   years, as for 30 February
   */
  next(afterMs: number): number | undefined
}

const descriptors: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 0 1 1 *'],
  ['@annually', '0 0 0 1 1 *'],
  ['@monthly', '0 0 0 1 * *'],
  ['@weekly', '0 0 0 * * 0'],
  ['@daily', '0 0 0 * * *'],
  ['@midnight', '0 0 0 * * *'],
  ['@hourly', '0 0 * * * *'],
])
const EVERY = '@every '

/**
 * Reads a cron expression: second, minute, hour, day of month, month, day of week; or a descriptor such as `@daily` or
 * `@every 90s`. `TZ=Europe/Stockholm ` in front names the time zone.
 *
 * @param zoneName the zone where the expression names none
 * @throws ColoniesError `bad_request` in the words of the original server
 */
export function parseCronExpression(text: string, zoneName = 'UTC'): CronSchedule {
  if (text.length > limits.cronExpressionLengthMax)
    throw refused(`the cron expression has more than ${limits.cronExpressionLengthMax} characters`)
  if (text === '') throw refused('empty cron expression string')
  const [, named, rest = text] = /^(?:CRON_)?TZ=(\S*)(.*)$/s.exec(text) ?? []
  const zone = zoneOf(named === undefined || named === 'Local' ? zoneName : named)
  try {
    return parseWithoutZone(named === undefined ? text : rest.trim(), zone)
  } catch (error) {
    if (error instanceof RangeError) throw refused(error.message, error)
    throw error
  }
}

/** Whether an expression names its own time zone. */
export function namesTimeZone(text: string): boolean {
  return /^(?:CRON_)?TZ=/.test(text)
}

function refused(sentence: string, cause?: unknown): ColoniesError {
  return new ColoniesError('bad_request', sentence, { cause })
}

function zoneOf(name: string): TimeZone {
  const zone = findTimeZone(name)
  if (!zone) throw refused(`provided bad location ${name}: unknown time zone ${name}`)
  return zone
}

function parseWithoutZone(text: string, zone: TimeZone): CronSchedule {
  if (text.startsWith(EVERY)) return parseEvery(text)
  if (text.startsWith('@') && !descriptors.has(text)) throw new RangeError(`unrecognized descriptor: ${text}`)
  const fields = parseFields(descriptors.get(text) ?? text)
  return { next: (afterMs) => nextMatch(fields, zone, afterMs) }
}

function parseFields(text: string): CronFields {
  const texts = text.split(/\s+/).filter((field) => field !== '')
  const names = Object.keys(cronBounds) as (keyof typeof cronBounds)[]
  if (texts.length !== names.length)
    throw new RangeError(`expected exactly 6 fields, found ${texts.length}: [${texts.join(' ')}]`)
  const fields = names.map((name, place) => [name, parseCronField(texts[place] ?? '', cronBounds[name])])
  return Object.fromEntries(fields) as CronFields
}

function parseEvery(text: string): CronSchedule {
  let seconds: number
  try {
    seconds = Math.max(1, Number(parseGoDuration(text.slice(EVERY.length)) / 1_000_000_000n))
  } catch (error) {
    throw new RangeError(`failed to parse duration ${text}: ${(error as Error).message}`, { cause: error })
  }
  return { next: (afterMs) => (Math.floor(afterMs / 1000) + seconds) * 1000 }
}
