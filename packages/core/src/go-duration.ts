const unitsNs: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}
const NS_MAX = 2n ** 63n - 1n

/**
 * Reads a duration as Go writes it: `1h30m`, `1.5h`, `90s`, `-250ms`.
 *
 * @returns nanoseconds
 * @throws RangeError in Go's words
 */
export function parseGoDuration(text: string): bigint {
  const quoted = JSON.stringify(text)
  const [, sign = '', amount = ''] = /^([+-]?)(.*)$/s.exec(text) ?? []
  if (amount === '0') return 0n
  if (amount === '') throw new RangeError(`time: invalid duration ${quoted}`)
  let total = 0n
  let rest = amount
  while (rest !== '') {
    const [part = '', whole = '', fraction = '', unit = ''] = /^(\d*)(?:\.(\d*))?([^\d.]*)/.exec(rest) ?? []
    if (whole === '' && fraction === '') throw new RangeError(`time: invalid duration ${quoted}`)
    if (unit === '') throw new RangeError(`time: missing unit in duration ${quoted}`)
    const ns = Object.hasOwn(unitsNs, unit) ? unitsNs[unit] : undefined
    if (ns === undefined) throw new RangeError(`time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`)
    total += BigInt(whole) * ns + (BigInt(fraction) * ns) / 10n ** BigInt(fraction.length)
    if (total > NS_MAX) throw new RangeError(`time: invalid duration ${quoted}`)
    rest = rest.slice(part.length)
  }
  return sign === '-' ? -total : total
}
