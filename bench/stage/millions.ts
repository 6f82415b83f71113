import type { BenchColony, OurTarget, Size } from '../row.js'
import { makeColony } from './colony.js'
import { fillHistory, fillQueue } from './fill.js'

export const million = (size: Size) => (size === 'short' ? 100_000 : 1_000_000)
export const finishedRows = (size: Size) => (size === 'short' ? 200_000 : 10_000_000)

/** Of each of these colonies. */
export const EXECUTORS = 16

type Large = (target: OurTarget, size: Size) => Promise<BenchColony>

/** A colony with 16 executors and a million processes that wait for them. */
export const colonyWithWaiting = once(async (target, size) => {
  const colony = await makeColony(target, { executors: EXECUTORS })
  await fillQueue(target.db, colony, { rows: million(size) })
  return colony
})

/** A colony with 16 users, 16 executors and ten millions of processes that have ended. */
export const colonyWithFinished = once(async (target, size) => {
  const colony = await makeColony(target, { users: 16, executors: EXECUTORS })
  await fillHistory(target.db, colony, finishedRows(size))
  return colony
})

/** Filling takes minutes: all rows of a run have the same. A connection that one of them has closed is opened by the next. */
function once(make: Large): Large {
  let made: Promise<BenchColony> | undefined
  return (target, size) => {
    made ??= make(target, size).catch((error: unknown) => {
      made = undefined // the next row tries anew
      throw error
    })
    return made
  }
}
