import type { Members } from '../cluster/members.js'
import type { Loop } from './loop.js'

/** Tells the other replicas that this one lives. */
export function replicaHeartbeat(members: Members): Loop {
  return {
    name: 'replica-heartbeat',
    everyMs: 2_000,
    async runOnce({ db }) {
      await members.beat(db)
      return 'rest'
    },
  }
}
