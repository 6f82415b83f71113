import { coloniesWithLostExecutors, keepListening, LEASE_SECONDS, releaseFromLost } from '@colonies/database'
import { eachColony } from './each-colony.js'
import type { Loop } from './loop.js'
import { tellReleased } from './tell-released.js'

const BATCH = 1000

const inEachColony = eachColony('lost-executors')

/**
 * What is held by executors that fell silent, or may not work any more, waits again. Rejecting and removing release at
 * once; this finds what a replica that had not heard of it has handed out meanwhile.
 *
 * Its runs, on whichever replica, are also how the database knows since when somebody has listened: `listening.ts`.
 */
export const lostExecutors: Loop = {
  name: 'lost-executors',
  everyMs: 2_000,
  restMsMax: 5_000, // `keepListening` is to be heard every ten seconds
  async runOnce(context) {
    const { db, log } = context
    if (await keepListening(db))
      log.debug('executors have a minute to be heard again: nobody had listened, or the clock was set')
    return inEachColony(await coloniesWithLostExecutors(db, LEASE_SECONDS), context, async (colony) => {
      const released = await releaseFromLost(db, colony, LEASE_SECONDS, BATCH)
      return tellReleased(context, colony, released, 'of lost executors') >= BATCH
    })
  },
}
