import { isConnectionFailure } from '@colonies/database'
import { ColoniesError, limits } from '@colonies/protocol'
import type { Log } from '../log.js'
import type { Outlet } from '../subscriber.js'

export interface SubscriptionOptions {
  /** Life in seconds; 0, negative and missing ones end after one look at what is there already. */
  seconds: number
  done: Outlet['done']
  log: Log
  /** Sends what comes last when it ends in order; nothing when left out. */
  last?: () => void
}

/** The life of one subscription: it ends once, by its time, from within, or from outside. */
export class Subscription {
  readonly #done: Outlet['done']
  readonly #last: () => void
  readonly #log: Log
  readonly #seconds: number
  readonly #timer: NodeJS.Timeout | undefined
  #leave = () => {}
  #over = false

  constructor({ seconds, done, log, last = () => {} }: SubscriptionOptions) {
    this.#seconds = Math.min(seconds, limits.subscriptionSecondsMax)
    this.#done = done
    this.#last = last
    this.#log = log
    this.#timer = this.looksOnce ? undefined : setTimeout(() => this.end(), this.#seconds * 1000)
  }

  /** Whether it ends after one look at what is there already. */
  get looksOnce(): boolean {
    return this.#seconds <= 0
  }

  get isOver(): boolean {
    return this.#over
  }

  /** Starts what serves it. What is thrown becomes the last frame. */
  run(work: () => Promise<void>): void {
    work().catch((error: unknown) => this.end(this.#refusalOf(error)))
  }

  /** @param leave called when the subscription ends, or at once if it has */
  onEnd(leave: () => void): void {
    if (this.#over) leave()
    else this.#leave = leave
  }

  /** Ends it from within: the subscriber is told. */
  end(refusal?: ColoniesError): void {
    if (this.#over) return
    this.stop()
    if (!refusal) this.#last()
    this.#done(refusal)
  }

  /** Ends it from outside: nothing is sent any more. */
  stop(): void {
    if (this.#over) return
    this.#over = true
    clearTimeout(this.#timer)
    this.#leave()
  }

  #refusalOf(error: unknown): ColoniesError {
    if (error instanceof ColoniesError) return error
    if (isConnectionFailure(error)) return new ColoniesError('unavailable')
    this.#log.error('a subscription failed', { error })
    return new ColoniesError('internal')
  }
}
