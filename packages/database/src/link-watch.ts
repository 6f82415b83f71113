import type { Socket } from 'node:net'
import type { PoolClient } from 'pg'

export interface LinkWatchOptions {
  /**
   * Asks PostgreSQL, over a connection of its own, which of these backends are at work on a statement.
   *
   * @param backends their process ids
   */
  busyAmong(backends: readonly number[]): Promise<readonly number[]>
  /** A statement that waits for longer is looked after. */
  suspectMs: number
}

interface Link {
  /** Process id of the backend at the other end. */
  readonly backend: number
  /** Whether somebody has taken it from the pool. */
  taken: boolean
  /** When its statement was sent, in milliseconds of this process; undefined while it has none. */
  sentAt: number | undefined
  /** When PostgreSQL first said that the backend has nothing to do with it, and what had come by then. */
  firstIdle: Came | undefined
}

interface Came {
  /** `sentAt` of the statement. */
  readonly sentAt: number | undefined
  /** Bytes of all answers so far. */
  readonly bytes: number
}

/**
 * Cuts connections whose other end is gone without a word: a machine lost its power, a firewall forgot them, a standby took
 * over its address. TCP would wait for minutes, and the limit of a statement for half of one. But a statement may also wait
 * for a lock, or a commit for a standby, and a large answer may be long on its way. So PostgreSQL is asked: a backend that
 * does not work on what we wait for, and of whose answer nothing comes any more, will never answer it.
 */
export class LinkWatch {
  readonly #options: LinkWatchOptions
  readonly #links = new Map<PoolClient, Link>()
  readonly #timer: NodeJS.Timeout
  #asking = false

  constructor(options: LinkWatchOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.look(), options.suspectMs / 3).unref()
  }

  opened(client: PoolClient, backend: number): void {
    this.#links.set(client, { backend, taken: true, sentAt: undefined, firstIdle: undefined })
    client.once('end', () => this.#links.delete(client))
  }

  /** Somebody has taken it from the pool, or brought it back. */
  taken(client: PoolClient, taken: boolean): void {
    const link = this.#links.get(client)
    if (link) link.taken = taken
  }

  /** Until the promise settles, the client waits for the answer to a statement. */
  async waiting<Answer>(client: PoolClient, answer: Promise<Answer>): Promise<Answer> {
    const link = this.#links.get(client)
    if (!link) return answer
    link.sentAt = performance.now()
    try {
      return await answer
    } finally {
      link.sentAt = undefined
      link.firstIdle = undefined
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** One look at all that waits for long. Never throws. */
  async look(): Promise<void> {
    const before = performance.now() - this.#options.suspectMs
    const late = [...this.#links].filter(([, { sentAt = Number.POSITIVE_INFINITY }]) => sentAt < before)
    if (late.length === 0 || this.#asking) return
    const asked = late.map(([client, link]) => ({ client, link, sentAt: link.sentAt }))
    this.#asking = true
    try {
      const busy = new Set(await this.#options.busyAmong(asked.map(({ link }) => link.backend)))
      const gone = asked.filter(({ client, link, sentAt }) => {
        const before = link.firstIdle
        const bytes = (client.connection.stream as Socket).bytesRead
        link.firstIdle = busy.has(link.backend) ? undefined : { sentAt, bytes }
        // Seen twice: the answer, or the statement, may have been on its way at the first look.
        return link.firstIdle && link.sentAt === sentAt && before?.sentAt === sentAt && before?.bytes === bytes
      })
      if (gone.length > 0) this.#cut(gone.map(({ client }) => client))
    } catch {
      // Nobody can be reached now, so nothing is known of the old connections either.
    } finally {
      this.#asking = false
    }
  }

  /** With those that are gone, the ones that nobody uses at the moment: most likely they are, too, and each would cost a wait. */
  #cut(gone: readonly PoolClient[]): void {
    for (const client of gone) client.connection.stream.destroy()
    for (const [client, { taken }] of this.#links) if (!taken) client.connection.stream.destroy()
  }
}
