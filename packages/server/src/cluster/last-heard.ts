import { type ColonyKey, type Db, recordLastHeard } from '@colonies/database'
import { colonyByColony } from '../colony-by-colony.js'
import type { Log } from '../log.js'

interface Heard {
  colony: ColonyKey
  executorId: string
  /** By a clock that nobody can set: one that was set forward would make everybody silent. */
  atMs: number
  stored: boolean
}

/** Entries at most; beyond that, those are forgotten first that were heard of first since they were stored. */
const SIZE_MAX = 100_000
/** Executors of one statement. */
const BATCH = 5_000
/** What is stored is remembered a little longer than replicas take to see it in the database. */
const REMEMBER_MS = 60_000

/** When executors were last heard of by this replica: noted in memory at each request, stored from time to time. */
export class LastHeard {
  // A Map keeps the order in which keys were set. They are set again when they are heard of first after they were stored, and not
  // at each request: a Map whose keys come and go all the time leaves garbage that stays for long (record 34).
  readonly #entries = new Map<string, Heard>()
  readonly #inEach: ReturnType<typeof colonyByColony>

  constructor(log: Log) {
    this.#inEach = colonyByColony('noting who was heard of', log)
  }

  /** A request of this executor was let in. */
  heard(colony: ColonyKey, executorId: string): void {
    const key = keyOf(colony, executorId)
    const known = this.#entries.get(key)
    if (known && !known.stored) {
      known.atMs = performance.now()
      return
    }
    this.#entries.delete(key)
    this.#entries.set(key, { colony, executorId, atMs: performance.now(), stored: false })
    if (this.#entries.size <= SIZE_MAX) return
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }

  /** When this replica last heard of the executor, as wire time; undefined when not of late. */
  lastHeard(colony: ColonyKey, executorId: string): string | undefined {
    const entry = this.#entries.get(keyOf(colony, executorId))
    if (!entry) return undefined
    const atMs = Date.now() - (performance.now() - entry.atMs)
    return new Date(atMs).toISOString().replace(/\.?0+Z$/, 'Z')
  }

  /** Stores what is new, and forgets what is old. What could not be stored is tried again the next time. */
  async store(db: Db): Promise<void> {
    const nowMs = performance.now()
    await this.#inEach(this.#unstored(), async (colony, executors) => {
      for (let start = 0; start < executors.length; start += BATCH) {
        const batch = executors.slice(start, start + BATCH).map((entry) => ({ entry, atMs: entry.atMs }))
        await recordLastHeard(
          db,
          colony,
          batch.map(({ entry, atMs }) => ({
            executorId: entry.executorId,
            secondsAgo: (performance.now() - atMs) / 1000,
          })),
        )
        for (const { entry, atMs } of batch) entry.stored = entry.atMs === atMs // or it was heard of meanwhile
      }
    })
    for (const [key, { atMs, stored }] of this.#entries)
      if (stored && atMs <= nowMs - REMEMBER_MS) this.#entries.delete(key)
  }

  #unstored(): Map<ColonyKey, Heard[]> {
    const result = new Map<ColonyKey, Heard[]>()
    for (const entry of this.#entries.values()) {
      if (entry.stored) continue
      const line = result.get(entry.colony)
      if (line) line.push(entry)
      else result.set(entry.colony, [entry])
    }
    return result
  }
}

/** One key may belong to executors of several colonies, and none of them is to see what is done in the others. */
const keyOf = (colony: ColonyKey, executorId: string) => `${colony}/${executorId}`
