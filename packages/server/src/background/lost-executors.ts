import { coloniesWithLostExecutors, LEASE_SECONDS, releaseFromLost } from '@colonies/database'
import { eachColony } from './each-colony.js'
import type { Loop } from './loop.js'
import { tellReleased } from './tell-released.js'

const BATCH = 1000

const inEachColony = eachColony('lost-executors')

/**
 * What is held by executors that fell silent, or may not work any more, waits again. Rejecting and removing release at
 * once; this finds what a replica that had not heard of it has handed out meanwhile.
 */
export const lostExecutors: Loop = {
  name: 'lost-executors',
  everyMs: 2_000,
  restMsMax: 5_000,
  async runOnce(context) {
    const { db } = context
    return inEachColony(await coloniesWithLostExecutors(db, LEASE_SECONDS), context, async (colony) => {
      const released = await releaseFromLost(db, colony, LEASE_SECONDS, BATCH)
      return tellReleased(context, colony, released, 'of lost executors') >= BATCH
    })
  },
}
