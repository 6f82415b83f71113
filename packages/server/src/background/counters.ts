import { coloniesToCount, rollUp, rollUpGraphs } from '@colonies/database'
import { eachColony } from './each-colony.js'
import type { Loop } from './loop.js'

/** Events of one transaction: about a second's work. */
const BATCH = 50_000
/** Graphs of one transaction, in which nobody else can change them. */
const GRAPHS = 1000

const inEachColony = eachColony('counters')

/** Adds up what happened, so that statistics never count large tables. */
export const counters: Loop = {
  name: 'counters',
  everyMs: 5_000,
  restMsMax: 15_000,
  async runOnce(context) {
    const { db } = context
    return inEachColony(await coloniesToCount(db), context, async (colony) => {
      const { more } = await rollUp(db, colony, BATCH)
      const moreGraphs = await rollUpGraphs(db, colony, GRAPHS)
      return more || moreGraphs
    })
  },
}
