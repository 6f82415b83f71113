import { type ColonyKey, type Db, recordLastHeard } from '@colonies/database'

interface Heard {
  colony: ColonyKey
  atMs: number
  stored: boolean
}

/** Entries at most; beyond that, those that were not heard of for longest are forgotten first. */
const SIZE_MAX = 100_000
/** Executors of one statement. */
const BATCH = 5_000
/** What is stored is remembered a little longer than replicas take to see it in the database. */
const REMEMBER_MS = 60_000

/** When executors were last heard of by this replica: noted in memory at each request, stored from time to time. */
export class LastHeard {
  // A Map keeps the order in which keys were set: the longest silent executor comes first.
  readonly #entries = new Map<string, Heard>()

  /** A request of this executor was let in. */
  heard(colony: ColonyKey, executorId: string): void {
    this.#entries.delete(executorId)
    this.#entries.set(executorId, { colony, atMs: Date.now(), stored: false })
    if (this.#entries.size <= SIZE_MAX) return
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }

  /** When this replica last heard of the executor, as wire time; undefined when not of late. */
  lastHeard(executorId: string): string | undefined {
    const entry = this.#entries.get(executorId)
    return entry && new Date(entry.atMs).toISOString().replace(/\.?0+Z$/, 'Z')
  }

  /** Stores what is new, and forgets what is old. What could not be stored is tried again the next time. */
  async store(db: Db): Promise<void> {
    const nowMs = Date.now()
    for (const [colony, executors] of this.#unstored()) {
      for (let start = 0; start < executors.length; start += BATCH) {
        const batch = executors.slice(start, start + BATCH)
        await recordLastHeard(
          db,
          colony,
          batch.map(([executorId, { atMs }]) => ({ executorId, secondsAgo: Math.max(0, Date.now() - atMs) / 1000 })),
        )
        for (const [, entry] of batch) entry.stored = true
      }
    }
    for (const [executorId, { atMs, stored }] of this.#entries) {
      if (atMs > nowMs - REMEMBER_MS) break
      if (stored) this.#entries.delete(executorId)
    }
  }

  #unstored(): Map<ColonyKey, [string, Heard][]> {
    const result = new Map<ColonyKey, [string, Heard][]>()
    for (const item of this.#entries) {
      const { colony, stored } = item[1]
      if (stored) continue
      const line = result.get(colony)
      if (line) line.push(item)
      else result.set(colony, [item])
    }
    return result
  }
}
