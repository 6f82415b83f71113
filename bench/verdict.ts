import { recordedOf } from './recorded.js'
import type { Result } from './rounds.js'
import type { Demand, Row } from './row.js'

export type Verdict = 'holds' | 'MISSED' | 'not known'

/** Whether what has to be reached was: undefined where the row demands nothing. */
export function verdictOf(result: Result, all: readonly Result[], demand: Demand | undefined): Verdict | undefined {
  if (demand === undefined) return undefined
  if (Number.isNaN(result.ours.value)) return 'MISSED' // it failed
  const bound = boundOf(result, all, demand)
  if (bound === undefined) return 'not known'
  return isReached(result.row, result.ours.value, bound) ? 'holds' : 'MISSED'
}

/** The number that is demanded; undefined where there is no other server to compare with. */
export function boundOf({ other }: Result, all: readonly Result[], demand: Demand): number | undefined {
  if (typeof demand === 'number') return demand
  const id = demand.of
  const beside =
    id === undefined ? other?.value : (all.find(({ row }) => row.id === id)?.other?.value ?? recordedOf(id))
  return beside && beside * demand.times
}

function isReached(row: Row, value: number, bound: number): boolean {
  return row.better === 'more' ? value >= bound : value <= bound
}

/** Ours as a multiple of the other's, or the other's of ours where little is good: more is always better. */
export function timesBetter({ row, ours, other }: Result): number | undefined {
  if (!other) return undefined
  return row.better === 'more' ? ours.value / other.value : other.value / ours.value
}
