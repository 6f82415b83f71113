import { setTimeout as sleep } from 'node:timers/promises'
import type { Claimed, ColonyKey } from '@colonies/database'
import { type Log, limitLines } from '../log.js'

/** Between two tries while the database is away: twice as long each time, from the first to the second. */
const PAUSES_MS = [1_000, 30_000] as const
/** For how long tries go on after the stop has begun. */
const LAST_MS = 3_000

export interface GiveBacksOptions {
  /** Puts one process back into the queue. Trying again has to be harmless: the attempt names what is given back. */
  store(colony: ColonyKey, process: Claimed): Promise<unknown>
  log: Log
  pausesMs?: readonly [first: number, longest: number]
}

/**
 * Processes whose executor never got them go back to the queue. Only what has an exec deadline comes back by itself, so this is
 * tried until it works, or the replica stops.
 */
export class GiveBacks {
  readonly #store: GiveBacksOptions['store']
  readonly #warn: Log['warn']
  readonly #pausesMs: readonly [first: number, longest: number]
  readonly #stopped = new AbortController()
  readonly #underWay = new Set<Promise<void>>()
  #giveUpAtMs = Number.POSITIVE_INFINITY

  constructor({ store, log, pausesMs = PAUSES_MS }: GiveBacksOptions) {
    this.#store = store
    this.#pausesMs = pausesMs
    this.#warn = limitLines(log.warn, { linesPerSecondMax: 1 })
  }

  add(colony: ColonyKey, processes: readonly Claimed[]): void {
    for (const process of processes) {
      const given = this.#giveBack(colony, process).finally(() => this.#underWay.delete(given))
      this.#underWay.add(given)
    }
  }

  /** From now on nothing is tried for long. */
  stop(): void {
    this.#giveUpAtMs = performance.now() + LAST_MS
    this.#stopped.abort()
  }

  async drained(): Promise<void> {
    await Promise.all(this.#underWay)
  }

  async #giveBack(colony: ColonyKey, process: Claimed): Promise<void> {
    const { signal } = this.#stopped
    const [firstMs, longestMs] = this.#pausesMs
    for (let pauseMs = firstMs; ; pauseMs = Math.min(2 * pauseMs, longestMs)) {
      try {
        await this.#store(colony, process)
        return
      } catch (error) {
        const what = { colony, processid: process.process_id, error }
        if (performance.now() >= this.#giveUpAtMs) return this.#warn('a process could not be given back', what)
        this.#warn('a process could not be given back yet', what)
      }
      if (signal.aborted) await sleep(firstMs)
      else await sleep(pauseMs, undefined, { signal }).catch(() => {}) // the stop: at once then
    }
  }
}
