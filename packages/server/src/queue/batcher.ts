import { type ColonyKey, isConnectionFailure, isOutOfResources } from '@colonies/database'
import { ColoniesError } from '@colonies/protocol'
import { afterReading } from './after-reading.js'
import type { Pace, Paces } from './pace.js'

/** Of one statement of the hot path. */
export const BYTES_MAX = 4 * 1024 * 1024
/** Of one kind of calls, in all colonies. */
export const WAITING_MAX = 20_000

export interface BatcherOptions<Item, Outcome> {
  /** Stores a batch of one colony; outcomes in the order of the items. An outcome may be an error of its own. */
  flush(colony: ColonyKey, items: Item[]): Promise<(Outcome | Error)[]>
  /** Most items of one statement. */
  itemsMax: number
  /** Most flushes of one colony under way at once. Two are best for submits: one commits, one prepares. */
  flushesMax: number
  /**
   * With so many calls a flush begins while others are still being read; when all has been read that had come, if left out. Callers
   * who all come again at once would all be in each flush then, and nobody would be read while PostgreSQL works.
   */
  enoughCalls?: number
  /** Bytes that an item will take, about. */
  bytesOf(item: Item): number
  /** Most bytes of one statement. */
  bytesMax: number
  /** A flush for few items waits a moment for others; with one flush at a time. */
  paces?: Paces<ColonyKey>
  /** Most items that may wait; a colony has at most as many as are free, so none takes the places of all others. */
  waitingMax: number
}

interface Entry<Item, Outcome> {
  item: Item
  bytes: number
  calls: number
  resolve(outcome: Outcome): void
  reject(error: unknown): void
}

interface Line<Item, Outcome> {
  entries: Entry<Item, Outcome>[]
  /** Of which the entries are. */
  calls: number
  /** Items that wait or are being stored. */
  waiting: number
  flushing: number
  scheduled: boolean
  readonly pace: Pace | undefined
}

/**
 * Calls that arrive while a flush is under way form the next one; an idle batcher flushes at once. So load makes batches
 * larger instead of waits longer, and each call still gets its own outcome: when a statement fails, the batch is tried
 * again in halves until the item that it failed for stands alone.
 */
export class Batcher<Item, Outcome> {
  readonly #options: BatcherOptions<Item, Outcome>
  readonly #lines = new Map<ColonyKey, Line<Item, Outcome>>()
  #waiting = 0

  constructor(options: BatcherOptions<Item, Outcome>) {
    this.#options = options
  }

  /** @param calls 0 for all but one item of a call that has many */
  add(colony: ColonyKey, item: Item, calls = 1): Promise<Outcome> {
    // With n colonies that send without end, each has one of n + 1 parts, and one part is left for whoever comes.
    if ((this.#lines.get(colony)?.waiting ?? 0) >= this.#options.waitingMax - this.#waiting)
      return Promise.reject(
        new ColoniesError('unavailable', 'Too many requests of this colony wait already; try again in a moment'),
      )
    const line = this.#line(colony)
    this.#waiting += 1
    line.waiting += 1
    line.calls += calls
    return new Promise<Outcome>((resolve, reject) => {
      line.entries.push({ item, bytes: this.#options.bytesOf(item), calls, resolve, reject })
      line.pace?.came(line.entries.length)
      this.#schedule(colony, line)
    })
  }

  /** Items that wait or are being stored, of all colonies. */
  get waiting(): number {
    return this.#waiting
  }

  #line(colony: ColonyKey): Line<Item, Outcome> {
    let line = this.#lines.get(colony)
    if (!line) {
      const pace = this.#options.paces?.of(colony)
      line = { entries: [], calls: 0, waiting: 0, flushing: 0, scheduled: false, pace }
      this.#lines.set(colony, line)
    }
    return line
  }

  #schedule(colony: ColonyKey, line: Line<Item, Outcome>): void {
    if (this.#isFull(line) || line.entries.length === 0) return
    if (line.calls >= (this.#options.enoughCalls ?? Number.POSITIVE_INFINITY)) return void this.#flush(colony, line)
    if (line.scheduled) return
    line.scheduled = true
    afterReading(() => void this.#gather(colony, line))
  }

  async #gather(colony: ColonyKey, line: Line<Item, Outcome>): Promise<void> {
    await line.pace?.gathered(line.entries.length)
    line.scheduled = false
    // Unless there were enough of them in the meantime.
    if (!this.#isFull(line) && line.entries.length > 0) await this.#flush(colony, line)
  }

  #isFull({ flushing }: Line<Item, Outcome>): boolean {
    return flushing >= this.#options.flushesMax
  }

  async #flush(colony: ColonyKey, line: Line<Item, Outcome>): Promise<void> {
    const batch = this.#take(line)
    line.flushing += 1
    line.pace?.begin()
    try {
      await this.#store(colony, batch)
    } finally {
      this.#waiting -= batch.length
      line.waiting -= batch.length
      line.flushing -= 1
      line.pace?.end(batch.length)
      if (line.entries.length > 0) this.#schedule(colony, line)
      else if (line.flushing === 0) this.#lines.delete(colony)
    }
  }

  #take(line: Line<Item, Outcome>): Entry<Item, Outcome>[] {
    let bytes = 0
    let count = 0
    for (const entry of line.entries) {
      if (count === this.#options.itemsMax || (count > 0 && bytes + entry.bytes > this.#options.bytesMax)) break
      bytes += entry.bytes
      count += 1
      line.calls -= entry.calls
    }
    return line.entries.splice(0, count)
  }

  async #store(colony: ColonyKey, batch: Entry<Item, Outcome>[]): Promise<void> {
    try {
      const outcomes = await this.#options.flush(
        colony,
        batch.map((entry) => entry.item),
      )
      batch.forEach((entry, place) => {
        const outcome = outcomes[place]
        if (outcome instanceof Error) entry.reject(outcome)
        else entry.resolve(outcome as Outcome)
      })
    } catch (error) {
      // Whether a lost connection committed is not known; only callers know whether they may ask again. And a database that
      // has no time or room for the batch has none for its parts, one after the other, either.
      if (batch.length === 1 || isConnectionFailure(error) || isOutOfResources(error)) {
        for (const entry of batch) entry.reject(error)
        return
      }
      const middle = batch.length >> 1
      await this.#store(colony, batch.slice(0, middle))
      await this.#store(colony, batch.slice(middle))
    }
  }

  /** Resolves when nothing waits or is under way. */
  async drained(): Promise<void> {
    while (this.#waiting > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
