import { coloniesToCount, rollUp, rollUpGraphs } from '@colonies/database'
import { eachColony } from './each-colony.js'
import type { Loop } from './loop.js'

/** Events of one transaction: about a second's work. */
const BATCH = 50_000
/** Graphs of one transaction, in which nobody else can change them. */
const GRAPHS = 1000

const inEachColony = eachColony('counters')

/**
 * Adds up what happened, so that statistics never count large tables. Replicas share the colonies: one that comes to a colony
 * which another one has just added up would find that out with four round trips.
 */
export const counters: Loop = {
  name: 'counters',
  everyMs: 5_000,
  quietMs: 25_000, // nothing happened, as far as is known
  restMsMax: 15_000,
  async runOnce(context) {
    const { db, replica } = context
    const colonies = (await coloniesToCount(db)).filter((colony) => replica.members.hasTurn(colony))
    return inEachColony(colonies, context, async (colony) => {
      const { more } = await rollUp(db, colony, BATCH)
      const moreGraphs = await rollUpGraphs(db, colony, GRAPHS)
      return more || moreGraphs
    })
  },
}
