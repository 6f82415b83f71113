import { type Process, State } from '@colonies/protocol'
import { type Connection, jitteredMs } from './call.js'
import type { Methods } from './methods.js'
import type { Subscription } from './subscribe.js'
import { within } from './within.js'

/** With frames, silence is believed for so long. */
const silenceMs = 15_000
/** Without, these are the pauses between readings. */
const readingPauses = { baseMs: 100, maxMs: 2_000 }
/** After a connection broke, so long without. */
const reopenMs = 10_000
/** Seconds that one subscription is asked for; then comes the next. */
const subscriptionSeconds = 3_600
/** Browsers and servers bound their connections; whoever waits beyond this many reads instead. */
const socketsMax = 50

/** Tells when it is worth while to look at a process again: by frames where there is a WebSocket, else by time. */
export class ProcessNews {
  readonly #connection: Connection
  readonly #methods: Methods
  readonly processid: string
  #frames: Subscription<Process> | undefined
  #nextFrame: Promise<IteratorResult<Process, undefined>> | undefined
  #reopenAtMs = 0

  constructor(connection: Connection, methods: Methods, processid: string) {
    this.#connection = connection
    this.#methods = methods
    this.processid = processid
  }

  #open(): void {
    const { openSocket, waitingSockets, clock } = this.#connection
    if (this.#frames || !openSocket || clock.now() < this.#reopenAtMs || waitingSockets.open >= socketsMax) return
    this.#frames = this.#methods.subscribeProcess({
      processid: this.processid,
      state: State.success,
      timeout: subscriptionSeconds,
    })
    waitingSockets.open++
  }

  /**
   * @param reads how often there was no news so far
   * @returns the process as a frame shows it; undefined when it should be read
   * @throws AbortedError
   */
  async next(reads: number, signal: AbortSignal | undefined): Promise<Process | undefined> {
    const { clock } = this.#connection
    this.#open()
    if (!this.#frames) {
      await clock.pause(jitteredMs(readingPauses, reads, clock), signal)
      return undefined
    }
    // Kept when the time is over before it, since frames are handed out once.
    this.#nextFrame ??= this.#frames.next()
    const result = await within(silenceMs, this.#nextFrame.catch(asEnd), signal, clock)
    if (result === 'silence') return undefined
    this.#nextFrame = undefined
    // Why there are no more frames does not matter: whoever reads next hears it from the server itself.
    if (result.done) this.close()
    return result.value
  }

  close(): void {
    if (!this.#frames) return
    void this.#frames.return?.()
    this.#frames = undefined
    this.#nextFrame = undefined
    this.#connection.waitingSockets.open--
    this.#reopenAtMs = this.#connection.clock.now() + reopenMs
  }
}

function asEnd(): IteratorResult<never, undefined> {
  return { done: true, value: undefined }
}
