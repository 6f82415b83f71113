import { keepListening } from '@colonies/database'
import type { Loop } from './loop.js'

/**
 * Its runs, on whichever replica, are how the database knows since when somebody has listened: the silence of an executor
 * counts for as long, and no longer.
 */
export const listening: Loop = {
  name: 'listening',
  everyMs: 2_000, // with a gap of ten, nobody has listened
  async runOnce({ db, log }) {
    if (await keepListening(db))
      log.debug('executors have a minute to be heard again: nobody had listened, or the clock was set')
    return 'rest'
  },
}
