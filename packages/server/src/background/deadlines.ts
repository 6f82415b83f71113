import { coloniesWithOverdue, failOverdue, releaseOverdue } from '@colonies/database'
import { eachColony } from './each-colony.js'
import type { Loop } from './loop.js'

/** Most processes of one statement. */
const BATCH = 1000

const inEachColony = eachColony('deadlines')

/** Processes whose time is over wait again while they have retries left, and fail when they have not. */
export const deadlines: Loop = {
  name: 'deadlines',
  everyMs: 1_000,
  async runOnce(context) {
    const { db, replica, log } = context
    return inEachColony(await coloniesWithOverdue(db), context, async (colony) => {
      const { released, ready } = await releaseOverdue(db, colony, BATCH)
      const { ended } = await failOverdue(db, colony, BATCH)
      if (released.size + ended.size === 0) return false // another replica was first
      log.info('deadlines passed', { colony, released: released.size, failed: ended.size })
      replica.hint(colony, ready)
      replica.changed(colony)
      return released.size >= BATCH || ended.size >= BATCH
    })
  },
}
