import type { BenchColony, OurTarget, Size } from '../row.js'
import { makeColony } from './colony.js'
import { fillHistory } from './fill.js'

export const finishedRows = (size: Size) => (size === 'short' ? 200_000 : 10_000_000)

let made: Promise<BenchColony> | undefined

/** A colony with 16 users, 16 executors and millions of processes that have ended; all rows of a run have the same. */
export function colonyWithFinished(target: OurTarget, size: Size): Promise<BenchColony> {
  made ??= (async () => {
    const colony = await makeColony(target, { users: 16, executors: 16 })
    await fillHistory(target.db, colony, finishedRows(size))
    return colony
  })()
  return made
}
