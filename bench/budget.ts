import type { Limits } from './measure/limits.js'
import type { Result } from './rounds.js'

/** For each row, how near it comes to a limit of the machine; more is better. Rates alone would only compare machines. */
export type Budget = Readonly<Record<string, number>>

/** What may be lost before it is a fault: a quiet machine repeats itself within less. */
const LOSS_MAX = 0.2

/** Of rows that have a limit, or are a ratio already. */
export function budgetOf(results: readonly Result[], limits: Limits): Budget {
  const shares = results.map((result) => [result.row.id, shareOf(result, limits)] as const)
  return Object.fromEntries(
    shares.filter(([, share]) => share !== undefined).map(([id, share]) => [id, Number(share?.toPrecision(3))]),
  )
}

/** How near a row comes to its limit. */
export function shareOf({ row, ours }: Result, limits: Limits): number | undefined {
  const limit = row.limit ? limits[row.limit] : row.unit === 'x' || row.unit === 'bytes' ? 1 : undefined
  if (limit === undefined) return undefined
  return row.better === 'more' ? ours.value / limit : limit / ours.value
}

export interface Loss {
  id: string
  says: string
}

/** Rows that lost too much. */
export function losses(budget: Budget, measured: Budget): Loss[] {
  return Object.entries(measured).flatMap(([id, share]) => {
    const before = budget[id]
    if (before === undefined)
      return [{ id, says: `${id} is not in the budget: npm run bench -- --short --write-budget` }]
    if (share >= before * (1 - LOSS_MAX)) return []
    return [
      {
        id,
        says: `${id} is at ${share} of its limit, ${Math.round((1 - share / before) * 100)} % less than ${before}`,
      },
    ]
  })
}

/** The better of two measurements, row by row: what a row reached once, the program can do. */
export function bestOf(one: Budget, other: Budget): Budget {
  const better = (id: string) => Math.max(one[id] ?? 0, other[id] ?? 0)
  return Object.fromEntries(Object.keys({ ...one, ...other }).map((id) => [id, better(id)]))
}
