import type { ColonyKey, ReadyLine } from '@colonies/database'
import type { Replica } from '../handler.js'

/** Tells executors and subscribers of graphs that were stored. @param started what is ready in each of them */
export function tellStarted(
  replica: Pick<Replica, 'hint' | 'changed'>,
  colony: ColonyKey,
  started: readonly (readonly ReadyLine[])[],
): void {
  if (started.length === 0) return
  const counts = new Map<string, number>()
  for (const { executorType, count } of started.flat())
    counts.set(executorType, (counts.get(executorType) ?? 0) + count)
  replica.hint(
    colony,
    [...counts].map(([executorType, count]) => ({ executorType, count })),
  )
  replica.changed(colony)
}
