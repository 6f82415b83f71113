import type { History } from '../history.js'
import { closes, submits } from '../history.js'
import { spreadOf } from './back.js'

/** What one quarter of a run was like. */
export interface Quarter {
  /** 99 of 100 submits that were begun in it took at most so many milliseconds; undefined when there were none. */
  readonly p99Ms: number | undefined
  /** Processes that were closed in it. */
  readonly closedPerSecond: number
}

/** @param begun of the run, by `nowMs`, as is `ended` */
export function quartersOf(history: History, begun: number, ended: number): Quarter[] {
  const quarter = (ended - begun) / 4
  const took: number[][] = [[], [], [], []]
  const closed = [0, 0, 0, 0]
  for (const record of history.records) {
    const at = closes.includes(record.operation) ? record.ended : record.started
    const place = Math.floor((at - begun) / quarter)
    if (submits.includes(record.operation)) took[place]?.push(record.ended - record.started)
    if (closes.includes(record.operation) && record.outcome === 'ok' && closed[place] !== undefined) closed[place] += 1
  }
  return took.map((calls, place) => ({
    p99Ms: calls.length === 0 ? undefined : Math.round(spreadOf(calls).p99),
    closedPerSecond: (1_000 * (closed[place] ?? 0)) / quarter,
  }))
}

export interface Pace {
  /** Processes a second that every quarter has to close. */
  readonly perSecondMin: number
  /** The last quarter may take so many times as long as the second: the first one is the warm-up. */
  readonly p99GrowthMax: number
}

/** @returns sentences about quarters that did less, or became slower; none when all is well */
export function findSlower(quarters: readonly Quarter[], { perSecondMin, p99GrowthMax }: Pace): string[] {
  const [, second, , last] = quarters.map(({ p99Ms }) => p99Ms)
  const empty = quarters.flatMap(({ p99Ms }, at) =>
    p99Ms === undefined ? [`nothing was submitted in quarter ${at + 1}`] : [],
  )
  const little = quarters.flatMap(({ closedPerSecond }, at) =>
    closedPerSecond >= perSecondMin
      ? []
      : [`quarter ${at + 1} closed ${closedPerSecond.toFixed(1)} a second, not ${perSecondMin.toFixed(1)}`],
  )
  const isSlower = second !== undefined && last !== undefined && last > second * p99GrowthMax
  return [...empty, ...little, ...(isSlower ? [`p99 went from ${second} to ${last} ms`] : [])]
}
