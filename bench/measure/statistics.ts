/** @returns NaN of no values */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export const sumOf = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0)

/** Of an even number, between the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (place: number) => sorted[place] ?? Number.NaN
  return (at(Math.ceil(sorted.length / 2) - 1) + at(Math.floor(sorted.length / 2))) / 2
}

/**
 * The median of what each of `values` is of the one beside it in `others`. Two turns after each other meet the same machine; one that is
 * shared is faster or slower by a quarter a minute later.
 */
export const medianRatio = (values: readonly number[], others: readonly number[]): number =>
  median(values.map((value, turn) => value / (others[turn] as number)))

/** Runs `work` on `connections` at once until `total` are done. @returns operations per second */
export async function rateOf(
  total: number,
  connections: number,
  work: (connection: number, turn: number) => Promise<unknown>,
): Promise<number> {
  let started = 0
  const begin = performance.now()
  await Promise.all(
    Array.from({ length: connections }, async (_, connection) => {
      for (; started < total; ) await work(connection, started++)
    }),
  )
  return total / ((performance.now() - begin) / 1_000)
}

/** Milliseconds that the work takes. */
export async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  await work()
  return performance.now() - begin
}

/**
 * Runs `work` on `connections` at once for some time; what has begun then is waited for and counted.
 *
 * @returns operations per second, and how many there were
 */
export async function rateFor(
  seconds: number,
  connections: number,
  work: (connection: number) => Promise<unknown>,
): Promise<{ value: number; operations: number }> {
  const begin = performance.now()
  const end = begin + seconds * 1_000
  let operations = 0
  await Promise.all(
    Array.from({ length: connections }, async (_, connection) => {
      while (performance.now() < end) {
        await work(connection)
        operations++
      }
    }),
  )
  return { value: (operations * 1_000) / (performance.now() - begin), operations }
}
