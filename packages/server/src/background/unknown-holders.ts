import { coloniesWithUnknownHolders, giveBack, heldByNobody } from '@colonies/database'
import { eachColony } from './each-colony.js'
import type { Loop } from './loop.js'
import { tellReleased } from './tell-released.js'

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
  quietMs: 120_000, // nothing was handed out
  restMsMax: 120_000,
  async runOnce(context) {
    const { db } = context
    return inEachColony(await coloniesWithUnknownHolders(db), context, async (colony) => {
      const held = await heldByNobody(db, colony, BATCH)
      if (held.length === 0) return false
      return tellReleased(context, colony, await giveBack(db, colony, held), 'that nobody holds') >= BATCH
    })
  },
}
