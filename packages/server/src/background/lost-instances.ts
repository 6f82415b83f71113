import { coloniesWithLostInstances, releaseFromLostInstances } from '@colonies/database'
import { eachColony } from './each-colony.js'
import type { Loop } from './loop.js'
import { tellReleased } from './tell-released.js'

const BATCH = 1000

const inEachColony = eachColony('lost-instances')

/**
 * What a program held that was killed waits again, also when its executor lives on: started anew, or in other programs that
 * share its identity.
 */
export const lostInstances: Loop = {
  name: 'lost-instances',
  everyMs: 2_000,
  restMsMax: 5_000,
  async runOnce(context) {
    const { db } = context
    return inEachColony(await coloniesWithLostInstances(db), context, async (colony) => {
      const released = await releaseFromLostInstances(db, colony, BATCH)
      return tellReleased(context, colony, released, 'of lost programs of executors') >= BATCH
    })
  },
}
