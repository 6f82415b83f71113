import type { ColonyKey } from '@colonies/database'
import { FailingColonies } from './failing-colonies.js'
import type { Log } from './log.js'

/** Colonies of one run that are worked on at once: few, so that requests find connections. */
const AT_ONCE = 4

/** Something to do in one colony. */
export type ColonyVisit<Item> = (colony: ColonyKey, item: Item) => Promise<void>

/**
 * Makes runs that go from colony to colony, a few at a time; a colony that fails keeps no other from its turn. Without a
 * database there is nothing to go on with, so that ends the run: it rejects.
 *
 * @param what is done, for the log
 */
export function colonyByColony(what: string, log: Log) {
  const failing = new FailingColonies(what)
  return async <Item>(colonies: ReadonlyMap<ColonyKey, Item>, visit: ColonyVisit<Item>): Promise<void> => {
    const left = [...colonies]
    const visitMany = async () => {
      for (let next = left.shift(); next; next = left.shift()) {
        const [colony, item] = next
        await failing.attempt(colony, log, () => visit(colony, item))
      }
    }
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, visitMany))
    } finally {
      left.length = 0
    }
  }
}
