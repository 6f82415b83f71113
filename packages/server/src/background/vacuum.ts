import { isRefusal, isTimeout, vacuumQueue } from '@colonies/database'
import type { Loop } from './loop.js'

/** Keeps the head of the queue free of dead rows, at a fiftieth of the time at most. */
export const vacuum: Loop = {
  name: 'vacuum',
  everyMs: 5_000,
  quietMs: 3_600_000, // where nothing happens nothing dies
  restMsMax: 3_600_000,
  async runOnce({ db, replica, log }) {
    if (!replica.members.leads) return 'rest'
    try {
      const tables = await vacuumQueue(db)
      if (tables.length > 0) log.debug('vacuumed', { tables })
    } catch (error) {
      // Not where PostgreSQL did not answer: that is over sooner than after fifty times as long.
      if (!isRefusal(error) || !isTimeout(error)) throw error
      // Tried again after fifty times as long: PostgreSQL's own vacuum has no limit.
      log.debug('the queue could not be vacuumed within the time of a statement', { error })
    }
    return 'rest'
  },
}
