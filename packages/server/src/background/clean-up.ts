import {
  coloniesWithDropped,
  coloniesWithOldRequests,
  coloniesWithRemovedSnapshots,
  deleteDropped,
  deleteOfColony,
  forgetRemovedColony,
  releaseFiles,
  removedColonies,
  removeOldDirectoryChanges,
  removeOldRequests,
} from '@colonies/database'
import { eachColony } from './each-colony.js'
import type { Loop } from './loop.js'

/** Rows of one statement: few, so that nobody waits for their locks. */
const BATCH = 1000

/** Entries of channels, which may have 10 MiB each. */
const ENTRIES_BATCH = 200

const inEachColony = eachColony('clean-up')
const inEachWithSnapshots = eachColony('clean-up of removed snapshots')
const inEachDropped = eachColony('clean-up of channels')
const inEachRemoved = eachColony('clean-up of removed colonies')

/** Deletes what has served its purpose, whatever the retention policy is: all that is left of removed colonies, too. */
export const cleanUp: Loop = {
  name: 'clean-up',
  everyMs: 30_000,
  quietMs: 120_000, // nobody waits for it
  async runOnce(context) {
    const { db, log } = context
    let changes = 0
    for (const node of db.nodes ?? [db]) changes = Math.max(changes, await removeOldDirectoryChanges(node, BATCH))
    const requests = await inEachColony(await coloniesWithOldRequests(db), context, async (colony) => {
      return (await removeOldRequests(db, colony, BATCH)) >= BATCH
    })
    const snapshots = await inEachWithSnapshots(await coloniesWithRemovedSnapshots(db), context, (colony) =>
      releaseFiles(db, colony, BATCH),
    )
    const dropped = await inEachDropped(await coloniesWithDropped(db), context, (colony) =>
      deleteDropped(db, colony, ENTRIES_BATCH),
    )
    const removed = await removedColonies(db)
    const settled = new Set(removed.filter((one) => one.settled).map((one) => one.colony))
    const rest = await inEachRemoved(
      removed.map((one) => one.colony),
      context,
      async (colony) => {
        if ((await deleteOfColony(db, colony, BATCH)) > 0) return true
        if (settled.has(colony)) {
          await forgetRemovedColony(db, colony)
          log.info('nothing of a removed colony is left', { colony })
        }
        return false
      },
    )
    return changes >= BATCH || [requests, snapshots, dropped, rest].includes('again') ? 'again' : 'rest'
  },
}
