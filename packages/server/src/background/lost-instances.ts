import { coloniesWithLostInstances, releaseFromLostInstances } from '@colonies/database'
import { eachColony } from './each-colony.js'
import type { Loop } from './loop.js'

const BATCH = 1000

const inEachColony = eachColony('lost-instances')

/**
 * What a program held that was killed waits again, also when its executor lives on: started anew, or in other programs that
 * share its identity.
 */
export const lostInstances: Loop = {
  name: 'lost-instances',
  everyMs: 2_000,
  async runOnce(context) {
    const { db, replica, log } = context
    return inEachColony(await coloniesWithLostInstances(db), context, async (colony) => {
      const { released, ready } = await releaseFromLostInstances(db, colony, BATCH)
      if (released.size === 0) return false
      log.info('released processes of lost programs of executors', { colony, count: released.size })
      replica.hint(colony, ready)
      replica.changed(colony)
      return released.size >= BATCH
    })
  },
}
