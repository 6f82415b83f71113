import { type ColonyKey, isConnectionFailure } from '@colonies/database'
import type { Log } from './log.js'

/** Colonies of one run that are worked on at once: few, so that requests find connections. */
const AT_ONCE = 4

/** Something to do in one colony. */
export type ColonyVisit<Item> = (colony: ColonyKey, item: Item) => Promise<void>

/**
 * Makes runs that go from colony to colony, a few at a time: one that fails is logged, and is quiet until it works again; the
 * others get their turn. Without a database there is nothing to go on with, so that ends the run: it rejects.
 *
 * @param what is done, for the log
 */
export function colonyByColony(what: string, log: Log) {
  const failing = new Set<ColonyKey>()

  async function visitOne<Item>(colony: ColonyKey, item: Item, visit: ColonyVisit<Item>): Promise<void> {
    try {
      await visit(colony, item)
      if (failing.delete(colony)) log.info(`${what} works again in a colony`, { colony })
    } catch (error) {
      if (isConnectionFailure(error)) throw error
      if (!failing.has(colony)) log.error(`${what} failed in a colony; it goes on with the others`, { colony, error })
      failing.add(colony)
    }
  }

  return async <Item>(colonies: ReadonlyMap<ColonyKey, Item>, visit: ColonyVisit<Item>): Promise<void> => {
    const left = [...colonies]
    const visitMany = async () => {
      for (let next = left.shift(); next; next = left.shift()) await visitOne(...next, visit)
    }
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, visitMany))
    } finally {
      left.length = 0
    }
  }
}
