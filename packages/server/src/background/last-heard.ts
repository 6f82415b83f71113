import type { LastHeard } from '../cluster/last-heard.js'
import type { Loop } from './loop.js'

/** Stores which executors sent requests: signs of life cost a statement per colony and while, not one per request. */
export function storeLastHeard(lastHeard: LastHeard): Loop {
  return {
    name: 'last-heard',
    everyMs: 5_000,
    quietMs: 30_000, // nobody was heard
    async runOnce({ db }) {
      await lastHeard.store(db)
      return 'rest'
    },
  }
}
