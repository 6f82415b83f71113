import { type ColonyKey, type ReadyLine, readyLines } from '@colonies/database'
import type { Replica } from '../handler.js'

/** Tells executors and subscribers of graphs that were stored. @param started what is ready in each of them */
export function tellStarted(
  replica: Pick<Replica, 'hint' | 'changed'>,
  colony: ColonyKey,
  started: readonly (readonly ReadyLine[])[],
): void {
  if (started.length === 0) return
  replica.hint(colony, readyLines(started.flat()))
  replica.changed(colony)
}
