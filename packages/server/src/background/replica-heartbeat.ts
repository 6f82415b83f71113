import type { Members } from '../cluster/members.js'
import type { Loop } from './loop.js'

/** Tells the other replicas that this one lives, and the database that somebody listens to executors. */
export function replicaHeartbeat(members: Members): Loop {
  return {
    name: 'replica-heartbeat',
    everyMs: 2_000,
    quietMs: 4_000, // others take it for gone after ten seconds
    async runOnce({ db, log }) {
      if (await members.beat(db))
        log.debug('executors have a minute to be heard again: nobody had listened, or the clock was set')
      return 'rest'
    },
  }
}
