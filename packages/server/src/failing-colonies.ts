import { type ColonyKey, isConnectionFailure } from '@colonies/database'
import type { Log, LogFields } from './log.js'

/** Keeps failures to their colony: one that fails is logged, and is quiet until it works again; the others get their turn. */
export class FailingColonies {
  readonly #what: string
  readonly #fields: LogFields
  readonly #failing = new Set<ColonyKey>()

  /** @param what is done, and the fields that say more of it, for the log */
  constructor(what: string, fields: LogFields = {}) {
    this.#what = what
    this.#fields = fields
  }

  /**
   * @returns what the work gives; undefined when it failed
   * @throws when the database is away: there is nothing to go on with then
   */
  async attempt<Result>(colony: ColonyKey, log: Log, work: () => Promise<Result>): Promise<Result | undefined> {
    const [what, fields] = [this.#what, { ...this.#fields, colony }]
    try {
      const result = await work()
      if (this.#failing.delete(colony)) log.info(`${what} works again in a colony`, fields)
      return result
    } catch (error) {
      if (isConnectionFailure(error)) throw error
      if (!this.#failing.has(colony))
        log.error(`${what} failed in a colony; it goes on with the others`, { ...fields, error })
      this.#failing.add(colony)
      return undefined
    }
  }
}
