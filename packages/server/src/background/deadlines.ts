import { failOverdue, releaseOverdue } from '@colonies/database'
import { eachColony } from './each-colony.js'
import type { Loop } from './loop.js'
import { OverdueLooks } from './overdue-looks.js'

/** Most processes of one statement. */
const BATCH = 1000

const inEachColony = eachColony('deadlines')

/** Processes whose time is over wait again while they have retries left, and fail when they have not. */
export function deadlines(looks = new OverdueLooks()): Loop {
  return {
    name: 'deadlines',
    everyMs: 1_000,
    async runOnce(context) {
      const { db, replica, log } = context
      const { colonies, withinSeconds } = await looks.look(db)
      const outcome = await inEachColony(colonies, context, async (colony) => {
        const { released, ready } = await releaseOverdue(db, colony, { limit: BATCH, withinSeconds })
        const { ended } = await failOverdue(db, colony, { limit: BATCH, withinSeconds })
        if (released.size + ended.size === 0) return false // another replica was first
        log.info('deadlines passed', { colony, released: released.size, failed: ended.size })
        replica.hint(colony, ready)
        replica.changed(colony)
        return released.size >= BATCH || ended.size >= BATCH
      })
      if (outcome === 'rest') looks.finish()
      return outcome
    },
  }
}
