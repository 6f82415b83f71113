import type { ColonyKey, Released } from '@colonies/database'
import type { LoopContext } from './loop.js'

/**
 * What follows when a sweep has put processes back into the queue: executors hear of them, and subscribers.
 *
 * @param says whose they were, for the log
 * @returns how many there were
 */
export function tellReleased(
  { replica, log }: LoopContext,
  colony: ColonyKey,
  { released, ready }: Released,
  says: string,
): number {
  if (released.size === 0) return 0
  log.info(`released processes ${says}`, { colony, count: released.size })
  replica.hint(colony, ready)
  replica.changed(colony)
  return released.size
}
