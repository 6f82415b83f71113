import { type Connection, jitteredMs } from './call.js'
import { type ChannelMessage, messageOf } from './channel-message.js'
import { ClientError, ConnectionError, NotFoundError } from './errors.js'
import type { Methods, Output } from './methods.js'
import { within } from './within.js'

/** What is used of a connection here. */
type Means = Pick<Connection, 'clock' | 'openSocket' | 'retry'>

interface Following {
  connection: Means
  methods: Methods
  processid: string
  name: string
  signal: AbortSignal | undefined
}

type Entries = Output<'channelRead'>

/** Seconds that one subscription is asked for; then comes the next. */
const subscriptionSeconds = 3_600
/** With frames, silence is believed for so long. */
const silenceMs = 15_000
/** Between readings, where there are no frames. */
const readingPauses = { baseMs: 100, maxMs: 2_000 }
/** A subscription that ends so soon was hardly meant. */
const quickMs = 1_000
/** After no connection came about, so long without. */
const reopenMs = 10_000
const failurePauses = { baseMs: 100, maxMs: 5_000 }

/** Gives the messages of a channel from an index on, until its process has ended. */
export async function* followChannel(
  following: Following,
  from: number,
): AsyncGenerator<ChannelMessage, undefined, undefined> {
  let index = from
  for await (const entries of pagesOf(following, () => index)) {
    for (const entry of entries) yield messageOf(entry, index++)
  }
}

/** @param next where to read on: what has been given by now has been counted */
async function* pagesOf(following: Following, next: () => number): AsyncGenerator<Entries, undefined, undefined> {
  const { connection, signal } = following
  const { clock, openSocket } = connection
  const patience = new Patience(connection)
  let known = false
  let readUntilMs = openSocket ? clock.now() : Number.POSITIVE_INFINITY
  for (let quickEnds = 0; ; ) {
    const startedMs = clock.now()
    const bySocket = startedMs >= readUntilMs
    let came = false
    try {
      for await (const entries of bySocket ? framesOf(following, next) : readingsOf(following, next, readUntilMs)) {
        came = true
        patience.renew()
        yield entries
      }
      known = true
      // Whoever ends every subscription at once is not asked as fast as it answers.
      quickEnds = clock.now() - startedMs < quickMs ? quickEnds + 1 : 0
      if (quickEnds > 1) await clock.pause(jitteredMs(failurePauses, quickEnds, clock), signal)
    } catch (error) {
      if (error instanceof NotFoundError) return yield* rest(following, next, known || came)
      // A proxy on the way may let no WebSocket through.
      if (bySocket && !came && error instanceof ConnectionError) readUntilMs = clock.now() + reopenMs
      else await patience.pause(error, signal)
    }
    known ||= came
  }
}

/** One subscription. @throws NotFoundError when the process has ended */
async function* framesOf(
  { connection, methods, processid, name, signal }: Following,
  next: () => number,
): AsyncGenerator<Entries, undefined, undefined> {
  const place = { processid, name, afterseq: BigInt(next()), timeout: subscriptionSeconds }
  const frames = methods.subscribeChannel(place, { signal })
  try {
    for (let coming = frames.next(); ; ) {
      const frame = await within(silenceMs, coming, signal, connection.clock)
      if (frame === 'silence') {
        const missed = await methods.channelRead({ processid, name, afterseq: BigInt(next()) }, { signal })
        if (missed.length === 0) continue
        yield missed // by a subscription that nothing comes from any more: the next one goes on
        return
      }
      // Its time is over, or the process has ended: that is told to whoever subscribes again.
      if (frame.done || frame.value.length === 0) return
      yield frame.value
      coming = frames.next()
    }
  } finally {
    await frames.return?.()
  }
}

/** Asks again and again until a time of the clock. @throws NotFoundError when the process has ended */
async function* readingsOf(
  { connection, methods, processid, name, signal }: Following,
  next: () => number,
  untilMs: number,
): AsyncGenerator<Entries, undefined, undefined> {
  const { clock } = connection
  for (let quiet = 0; clock.now() < untilMs; quiet++) {
    const entries = await methods.channelRead({ processid, name, afterseq: BigInt(next()) }, { signal })
    yield entries
    if (entries.length > 0) quiet = -1
    else await clock.pause(jitteredMs(readingPauses, quiet, clock), signal)
  }
}

/** What a process that has ended left unread. @param known whether the channel has been there; then it may be gone by now */
async function* rest(
  { methods, processid, name, signal }: Following,
  next: () => number,
  known: boolean,
): AsyncGenerator<Entries, undefined, undefined> {
  for (;;) {
    let entries: Entries
    try {
      const place = { processid, name, afterseq: BigInt(next()), ended: true }
      entries = await methods.channelRead(place, { signal })
    } catch (error) {
      if (known && error instanceof NotFoundError) return
      throw error
    }
    if (entries.length === 0) return
    yield entries
  }
}

/** Waits after failures, for as long as a call would be tried again. */
class Patience {
  readonly #connection: Means
  #failures = 0
  #giveUpAtMs: number | undefined

  constructor(connection: Means) {
    this.#connection = connection
  }

  renew(): void {
    this.#failures = 0
    this.#giveUpAtMs = undefined
  }

  /** @throws the error when it is of no use to try again */
  async pause(error: unknown, signal: AbortSignal | undefined): Promise<void> {
    const { clock, retry } = this.#connection
    if (!(error instanceof ClientError && error.retryable)) throw error
    this.#giveUpAtMs ??= clock.now() + retry.forMs
    const pauseMs = Math.max(error.retryAfterMs ?? 0, jitteredMs(failurePauses, this.#failures++, clock))
    if (retry.forMs === 0 || clock.now() + pauseMs > this.#giveUpAtMs) throw error
    await clock.pause(pauseMs, signal)
  }
}
