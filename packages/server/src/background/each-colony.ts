import { type ColonyKey, isConnectionFailure } from '@colonies/database'
import type { LoopContext } from './loop.js'

/** One batch of work in one colony. @returns whether there is more to do at once */
export type ColonyWork = (colony: ColonyKey) => Promise<boolean>

/**
 * Makes a loop go from colony to colony: one that fails is logged, and is quiet until it works again; the others get
 * their turn. Without a database there is nothing to go on with, so that ends the run.
 *
 * @param loop name for the log
 */
export function eachColony(loop: string) {
  const failing = new Set<ColonyKey>()

  async function isUnfinished(colony: ColonyKey, work: ColonyWork, { log }: LoopContext): Promise<boolean> {
    try {
      const more = await work(colony)
      if (failing.delete(colony)) log.info('a loop works again in a colony', { loop, colony })
      return more
    } catch (error) {
      if (isConnectionFailure(error)) throw error
      if (!failing.has(colony))
        log.error('a loop failed in a colony; it goes on with the others', { loop, colony, error })
      failing.add(colony)
      return false
    }
  }

  return async (colonies: readonly ColonyKey[], context: LoopContext, work: ColonyWork): Promise<'again' | 'rest'> => {
    let outcome: 'again' | 'rest' = 'rest'
    for (const colony of colonies) {
      if (context.signal.aborted) break
      if (await isUnfinished(colony, work, context)) outcome = 'again'
    }
    return outcome
  }
}
