/** The values of one field of a cron expression. */
export interface CronField {
  /** By value: whether it matches. */
  readonly matches: readonly boolean[]
  /** It holds a `*` or `?` that was not thinned out by a step. Decides how days of month and of week combine. */
  readonly star: boolean
}

/** A parsed expression of six fields. */
export interface CronFields {
  readonly second: CronField
  readonly minute: CronField
  readonly hour: CronField
  readonly dayOfMonth: CronField
  readonly month: CronField
  readonly dayOfWeek: CronField
}

interface Bounds {
  readonly min: number
  readonly max: number
  readonly names: readonly string[]
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/** In the order of the expression. A name stands for its place in the list, counted from `min`. */
export const cronBounds = {
  second: { min: 0, max: 59, names: [] },
  minute: { min: 0, max: 59, names: [] },
  hour: { min: 0, max: 23, names: [] },
  dayOfMonth: { min: 1, max: 31, names: [] },
  month: { min: 1, max: 12, names: months },
  dayOfWeek: { min: 0, max: 6, names: weekdays },
} as const satisfies Record<string, Bounds>

/**
 * Reads a list of ranges, such as `1,5-9,*\/20`.
 *
 * @throws RangeError in the words of the original server
 */
export function parseCronField(text: string, bounds: Bounds): CronField {
  const matches = Array<boolean>(bounds.max + 1).fill(false)
  let star = false
  const ranges = text.split(',').filter((range) => range !== '')
  if (ranges.length === 0) throw new RangeError(`no value in field: ${text}`)
  for (const range of ranges) {
    const { from, to, step, isStar } = parseRange(range, bounds)
    for (let value = from; value <= to; value += step) matches[value] = true
    star ||= isStar
  }
  return { matches, star }
}

function parseRange(text: string, bounds: Bounds): { from: number; to: number; step: number; isStar: boolean } {
  const [range = '', stepText, ...moreSteps] = text.split('/')
  const [low = '', high, ...moreEnds] = range.split('-')
  const isStar = low === '*' || low === '?'
  const from = isStar ? bounds.min : parseValue(low, bounds)
  if (!isStar && moreEnds.length > 0) throw new RangeError(`too many hyphens: ${text}`)
  const end = isStar ? bounds.max : high === undefined ? from : parseValue(high, bounds)
  if (moreSteps.length > 0) throw new RangeError(`too many slashes: ${text}`)
  const step = stepText === undefined ? 1 : parseInteger(stepText)
  // `5/10` means from 5 to the end.
  const to = stepText !== undefined && high === undefined ? bounds.max : end
  if (from < bounds.min) throw new RangeError(`beginning of range (${from}) below minimum (${bounds.min}): ${text}`)
  if (to > bounds.max) throw new RangeError(`end of range (${to}) above maximum (${bounds.max}): ${text}`)
  if (from > to) throw new RangeError(`beginning of range (${from}) beyond end of range (${to}): ${text}`)
  if (step === 0) throw new RangeError(`step of range should be a positive number: ${text}`)
  return { from, to, step, isStar: isStar && step === 1 }
}

function parseValue(text: string, { min, names }: Bounds): number {
  const place = names.indexOf(text.toLowerCase())
  return place >= 0 ? min + place : parseInteger(text)
}

/** What Go's `int` holds; such numbers are out of every range, so rounding them does not matter. */
const INT_MAX = 2n ** 63n - 1n

function parseInteger(text: string): number {
  const failed = (why: string) =>
    new RangeError(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: ${why}`)
  if (!/^[+-]?\d+$/.test(text)) throw failed('invalid syntax')
  const value = BigInt(text.replace('+', ''))
  if (value > INT_MAX || value < -INT_MAX - 1n) throw failed('value out of range')
  if (value < 0n) throw new RangeError(`negative number (${value}) not allowed: ${text}`)
  return Number(value)
}
