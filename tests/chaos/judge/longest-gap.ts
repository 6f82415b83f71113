import type { History } from '../history.js'
import { submits } from '../history.js'

/**
 * The longest time in which one submitter got no answer, in milliseconds: of the one that was worst off. Unlike the time since
 * a blow, it is right also for blows that take effect some time after they were ordered.
 *
 * @param from by `nowMs`, as is `to`
 */
export function longestGap(history: History, from: number, to: number): number {
  const last = new Map<string, number>()
  let longest = 0
  for (const { client, operation, outcome, ended } of history.records) {
    if (outcome !== 'ok' || !submits.includes(operation) || ended > to) continue
    if (ended > from) longest = Math.max(longest, ended - (last.get(client) ?? from))
    last.set(client, ended)
  }
  for (const ended of last.values()) longest = Math.max(longest, to - ended)
  return longest
}
