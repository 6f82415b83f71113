/** "Not yet" on the wire. */
export const zeroTime = '0001-01-01T00:00:00Z'

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/

/**
 * Brings a time to the one form that is used inside: UTC, at most microseconds, no trailing zeros, and all times of year 1 as
 * `zeroTime`. Clients and the original server write any offset, and up to nanoseconds, which are cut off.
 *
 * @param text RFC 3339 with `Z` or an offset
 * @returns undefined when it is no such time
 */
export function normaliseTime(text: string): string | undefined {
  const parts = rfc3339.exec(text)
  if (!parts) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1, 7).map(Number)
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  // A date such as 30 February rolls over instead of failing.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  const [offsetHours, offsetMinutes] = [Number(parts[9] ?? 0), Number(parts[10] ?? 0)]
  if (hour > 23 || minute > 59 || second > 59 || offsetHours > 23 || offsetMinutes > 59) return undefined
  const offset = (offsetHours * 60 + offsetMinutes) * (parts[8] === '-' ? -1 : 1)
  date.setUTCHours(hour, minute - offset, second)
  const utcYear = date.getUTCFullYear()
  // The original writes "not yet" in the local time of its machine, some seconds off, which may lie in the year before.
  if (utcYear <= 1) return zeroTime
  if (utcYear > 9999) return undefined
  const fraction = (parts[7] ?? '').slice(0, 6).replace(/0+$/, '')
  return `${date.toISOString().slice(0, 19)}${fraction && `.${fraction}`}Z`
}
