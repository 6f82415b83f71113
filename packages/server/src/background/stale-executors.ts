import { coloniesWithStaleExecutors, unregisterStale } from '@colonies/database'
import { eachColony } from './each-colony.js'
import type { Loop } from './loop.js'

/** Executors of one transaction; each may hold many processes. */
const BATCH = 20

const inEachColony = eachColony('stale-executors')

/** Only where `COLONIES_STALE_EXECUTOR_DURATION` is set: executors that fell silent are removed, as the original does. */
export const staleExecutors: Loop = {
  name: 'stale-executors',
  everyMs: 10_000,
  async runOnce(context) {
    const { db, replica, log } = context
    const { staleExecutorSeconds } = replica.config
    if (staleExecutorSeconds === undefined) return 'rest'
    return inEachColony(await coloniesWithStaleExecutors(db, staleExecutorSeconds), context, async (colony) => {
      const { unregistered, ready } = await unregisterStale(db, colony, staleExecutorSeconds, BATCH)
      if (unregistered.length === 0) return false
      log.info('removed executors that fell silent', { colony, count: unregistered.length })
      replica.directoryChanged()
      replica.hint(colony, ready)
      replica.changed(colony)
      return unregistered.length >= BATCH
    })
  },
}
