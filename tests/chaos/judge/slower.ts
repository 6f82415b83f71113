import type { History } from '../history.js'
import { submits } from '../history.js'
import { spreadOf } from './back.js'

/** 99 of 100 submits took at most so many milliseconds. */
export interface Slower {
  /** In the second quarter of the run: the first one is its warm-up. */
  readonly first: number
  /** In the last quarter. */
  readonly last: number
}

/** How long submits took, after the warm-up of a run and at its end; by when they were begun. */
export function slowerOf(history: History, begun: number, ended: number): Slower {
  const quarter = (ended - begun) / 4
  const p99 = (from: number) => {
    const calls = history.records.filter(
      ({ operation, started }) => submits.includes(operation) && started >= from && started < from + quarter,
    )
    return Math.round(spreadOf(calls.map((call) => call.ended - call.started)).p99)
  }
  return { first: p99(begun + quarter), last: p99(ended - quarter) }
}
