import { limits } from '@colonies/protocol'

interface Bucket {
  tokens: number
  /** Time in ms when there were so many. */
  at: number
}

/** Writers that are remembered without a look at which of them have been quiet long enough. */
const WRITERS_MAX = 10_000
/** After this time without an append a writer has its whole burst again. */
const FULL_AGAIN_MS = (limits.channelAppendBurst / limits.channelAppendsPerSecond) * 1000

/** Bounds how fast each writer lets the channels of each process grow, by a bucket of tokens for each of these pairs. */
export class AppendRate {
  /** The one that was used last comes last. */
  readonly #buckets = new Map<string, Bucket>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** @returns false when the writer has had its share for now */
  take(writer: string): boolean {
    const bucket = this.#bucket(writer)
    if (bucket.tokens < 1) return false
    bucket.tokens -= 1
    return true
  }

  /** What was taken for an append that was refused. */
  giveBack(writer: string): void {
    const bucket = this.#bucket(writer)
    bucket.tokens = Math.min(limits.channelAppendBurst, bucket.tokens + 1)
  }

  #bucket(writer: string): Bucket {
    const at = this.#now()
    const known = this.#buckets.get(writer)
    const refilled = known ? ((at - known.at) / 1000) * limits.channelAppendsPerSecond : 0
    const before = known?.tokens ?? limits.channelAppendBurst
    const bucket = { tokens: Math.min(limits.channelAppendBurst, before + refilled), at }
    this.#buckets.delete(writer)
    this.#buckets.set(writer, bucket)
    if (this.#buckets.size > WRITERS_MAX) this.#forget(at)
    return bucket
  }

  #forget(now: number): void {
    for (const [writer, { at }] of this.#buckets) {
      if (now - at < FULL_AGAIN_MS) return
      this.#buckets.delete(writer)
    }
  }
}
