import type { ColonyKey } from '@colonies/database'
import { FailingColonies } from '../failing-colonies.js'
import type { LoopContext } from './loop.js'

/** One batch of work in one colony. @returns whether there is more to do at once */
export type ColonyWork = (colony: ColonyKey) => Promise<boolean>

/**
 * Makes a loop go from colony to colony; a colony that fails keeps no other from its turn. Without a database there is nothing
 * to go on with, so that ends the run.
 *
 * @param loop name for the log
 */
export function eachColony(loop: string) {
  const failing = new FailingColonies('a loop', { loop })
  return async (colonies: readonly ColonyKey[], context: LoopContext, work: ColonyWork): Promise<'again' | 'rest'> => {
    let outcome: 'again' | 'rest' = 'rest'
    for (const colony of colonies) {
      if (context.signal.aborted) break
      if (await failing.attempt(colony, context.log, () => work(colony))) outcome = 'again'
    }
    return outcome
  }
}
