import type { Cores, Result } from '../rounds.js'
import type { Row } from '../row.js'
import { timesBetter } from '../verdict.js'

/** With as many digits as mean something. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return '-'
  if (value >= 1_000) return Math.round(value).toLocaleString('en-US').replaceAll(',', ' ')
  return String(Number(value.toPrecision(3)))
}

export function valueText(row: Row, value: number): string {
  // Below one, where bounds are close.
  if (row.unit === 'x') return value.toFixed(value < 1 ? 3 : 2)
  return `${numberText(value)}${row.unit === '/s' ? '/s' : ` ${row.unit}`}`
}

/** `12 x` or, of what is less, `1/12`. */
export function timesText(result: Result): string {
  const times = timesBetter(result)
  if (times === undefined || !Number.isFinite(times)) return '-'
  return result.row.better === 'more' ? `${numberText(times)} x` : `1/${numberText(times)}`
}

export function coresText(cores: Cores | undefined): string {
  if (!cores) return '-'
  return [cores.load, cores.server, cores.database].map((one) => one.toFixed(2)).join(' + ')
}
