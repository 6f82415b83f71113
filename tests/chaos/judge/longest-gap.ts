import type { History } from '../history.js'
import { submits } from '../history.js'

/**
 * The longest time in which a submitter had no answer, in milliseconds. Unlike the time since a blow, it is right also for blows
 * that take effect some time after they were ordered.
 *
 * @param submitter id of one that submits all the time, whatever the load does
 * @param from by `nowMs`, as is `to`
 */
export function longestGap(history: History, submitter: string, from: number, to: number): number {
  let last = from
  let longest = 0
  for (const { client, operation, outcome, ended } of history.records) {
    if (client !== submitter || outcome !== 'ok' || !submits.includes(operation) || ended < from || ended > to) continue
    longest = Math.max(longest, ended - last)
    last = ended
  }
  return Math.max(longest, to - last)
}
