import { coloniesToCount, rollUp } from '@colonies/database'
import { eachColony } from './each-colony.js'
import type { Loop } from './loop.js'

const inEachColony = eachColony('counters')

/** Adds up what happened, so that statistics never count large tables. */
export const counters: Loop = {
  name: 'counters',
  everyMs: 5_000,
  async runOnce(context) {
    const { db } = context
    return inEachColony(await coloniesToCount(db), context, async (colony) => {
      await rollUp(db, colony)
      return false
    })
  },
}
