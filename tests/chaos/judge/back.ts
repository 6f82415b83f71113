import type { History } from '../history.js'
import { submits } from '../history.js'
import type { Struck } from '../monkey.js'

export interface Spread {
  readonly median: number
  readonly p95: number
  readonly p99: number
  readonly worst: number
}

/**
 * How long after each blow every submitter was served again, in milliseconds: until the last of them had an answer to a call
 * that it began, or had to send anew, after the blow.
 *
 * @param submitters ids of those that submit all the time: whoever waits for executors would be late by its own will
 */
export function timesUntilBack(history: History, struck: readonly Struck[], submitters: readonly string[]): number[] {
  const answers = new Map<string, { started: number; ended: number }[]>(submitters.map((id) => [id, []]))
  for (const { client, operation, outcome, started, ended, tries } of history.records) {
    if (outcome !== 'ok' || !submits.includes(operation)) continue
    answers.get(client)?.push({ started: tries.length > 1 ? ended : started, ended })
  }
  return struck.map(({ at }) => {
    const first = [...answers.values()].map((own) => own[firstAt(own, at)]?.ended)
    return Math.max(...first.map((ended) => (ended === undefined ? Number.POSITIVE_INFINITY : ended - at)))
  })
}

/** A client makes one call after the other, so its calls are in order. */
function firstAt(own: readonly { started: number }[], at: number): number {
  let [low, high] = [0, own.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((own[middle]?.started ?? 0) < at) low = middle + 1
    else high = middle
  }
  return low
}

/** The longest time for which a submitter waited for its answer, in milliseconds; probes that give up are not meant. */
export function slowestSubmit(history: History): number {
  const calls = history.records.filter(({ operation, outcome }) => submits.includes(operation) && outcome === 'ok')
  return calls.reduce((longest, { started, ended }) => Math.max(longest, ended - started), 0)
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { median: at(0.5), p95: at(0.95), p99: at(0.99), worst: sorted.at(-1) ?? 0 }
}
