import { type Client, type ClientError, type Clock, eachAtOnce } from '@colonies/client'
import { type JsonValue, limits } from '@colonies/protocol'

/** How one process ended, in the words of its executor. */
export interface Close {
  readonly processid: string
  readonly attempt: number
  readonly ending: { out: JsonValue[] } | { errors: string[] }
}

interface Waiting extends Close {
  settle(error?: unknown): void
}

/** Requests at a time: while one is stored, the next one is signed and sent. */
const requestsMax = 2
/** What takes longer may hang at a replica that is cut off, and counts no more: other replicas take the next ones meanwhile. */
const slowAfterMs = 1_000
/** Requests at a time with those that hang. */
const requestsInAllMax = 20

/**
 * Hands in how processes ended. Each goes at once while there are few; what ends while others are on their way goes together,
 * under one signature.
 */
export class CloseQueue {
  readonly #client: Client
  readonly #colonyname: string
  readonly #clock: Clock
  readonly #waiting: Waiting[] = []
  #requests = 0
  /** Requests that are not slow yet. */
  #young = 0

  constructor(client: Client, colonyname: string, clock: Clock) {
    this.#client = client
    this.#colonyname = colonyname
    this.#clock = clock
  }

  /** @throws what `closeSuccessful` and `closeFailed` of the client throw */
  close(close: Close): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: unknown) => (error === undefined ? resolve() : reject(error))
      this.#waiting.push({ ...close, settle })
      this.#send()
    })
  }

  #send(): void {
    if (this.#young >= requestsMax || this.#requests >= requestsInAllMax || this.#waiting.length === 0) return
    const closes = this.#waiting.splice(0, limits.batchItemsMax)
    const ended = new AbortController()
    this.#requests += 1
    this.#young += 1
    const noLongerYoung = () => {
      this.#young -= 1
      this.#send()
    }
    this.#clock.pause(slowAfterMs, ended.signal).then(noLongerYoung, noLongerYoung) // rejected: it ended before
    void this.#handIn(closes).then(() => {
      this.#requests -= 1
      ended.abort()
      this.#send()
    })
  }

  /** Never rejects. */
  async #handIn(closes: readonly Waiting[]): Promise<void> {
    const [first] = closes
    if (first && closes.length === 1) return this.#handInOne(first)
    const items = closes.map(({ processid, attempt, ending }) => ({
      processid,
      attempt,
      ...ending,
      failed: 'errors' in ending,
    }))
    let outcomes: { error: ClientError | undefined }[]
    try {
      // Whoever handed it in tries again; the others of its batch need not wait for that.
      outcomes = await this.#client.closeMany(this.#colonyname, items, { retryItems: false })
    } catch (error) {
      for (const { settle } of closes) settle(error)
      return
    }
    if (isOfOne(outcomes)) await eachAtOnce(closes, (close) => this.#handInOne(close))
    else for (const [place, { settle }] of closes.entries()) settle(outcomes[place]?.error)
  }

  async #handInOne({ processid, attempt, ending, settle }: Waiting): Promise<void> {
    try {
      if ('out' in ending) await this.#client.closeSuccessful({ processid, attempt, ...ending })
      else await this.#client.closeFailed({ processid, attempt, ...ending })
      settle()
    } catch (error) {
      settle(error)
    }
  }
}

/** Whether the request failed whole, perhaps for what is in one item: that must not be held against the others. */
function isOfOne(outcomes: readonly { error: ClientError | undefined }[]): boolean {
  const error = outcomes[0]?.error
  if (error === undefined || outcomes.some((outcome) => outcome.error !== error)) return false
  return !error.retryable || error.code === 'internal'
}
