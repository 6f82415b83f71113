import { coloniesWithUnknownHolders, giveBack, heldByNobody } from '@colonies/database'
import { eachColony } from './each-colony.js'
import type { Loop } from './loop.js'

const BATCH = 1000

const inEachColony = eachColony('unknown-holders')

/**
 * What is held by an id that no executor has any more waits again. An executor that is replaced, or gets another id, loses
 * what it holds at once; this finds what a replica that had not heard of it has handed out meanwhile. That is rare, and
 * looking for it costs a step per holder, so it is done seldom.
 */
export const unknownHolders: Loop = {
  name: 'unknown-holders',
  everyMs: 30_000,
  async runOnce(context) {
    const { db, replica, log } = context
    return inEachColony(await coloniesWithUnknownHolders(db), context, async (colony) => {
      const held = await heldByNobody(db, colony, BATCH)
      if (held.length === 0) return false
      const { released, ready } = await giveBack(db, colony, held)
      log.info('released processes that nobody holds', { colony, count: released.size })
      replica.hint(colony, ready)
      replica.changed(colony)
      return released.size >= BATCH
    })
  },
}
