import {
  type Client,
  ClientError,
  type ClientOptions,
  type Clock,
  createClient,
  InvalidError,
  jitteredMs,
  systemClock,
} from '@colonies/client'
import { newId } from '@colonies/identity'
import { type Asking, askForProcesses } from './ask-for-processes.js'
import { CloseQueue } from './close-queue.js'
import type { ExecutorFunction } from './define-function.js'
import { keepBeating } from './heartbeat.js'
import { HeldProcesses } from './held-process.js'
import { type Capabilities, enterColony } from './registration.js'
import { graceMs, messageOf } from './run-process.js'
import { Slots } from './slots.js'

export interface ExecutorOptions {
  /** Signs as the executor. */
  client?: Client
  /** Instead of a client: how to make one. */
  connection?: ClientOptions
  colonyname: string
  /** Unique in the colony. */
  name: string
  /** What function specs ask for in `conditions.executortype`. */
  type: string
  location?: string
  functions: readonly ExecutorFunction[]
  /** How many processes run at a time; 1 when left out. */
  concurrency?: number
  /**
   * How many more it takes in advance, so that there is work at hand when a short one ends; 0 when left out. They are its own
   * while they wait: their `maxexectime` runs, and nobody else gets them, so keep it near what it does in a second.
   */
  prefetch?: number
  /** Lets the executor add and approve itself. Without it, the colony owner has to. */
  colonyPrivateKey?: string
  capabilities?: Capabilities
  /** Asked before each assign, without `prefetch`: free cpu as `1000m` and memory as `10Gi`; what asks for more stays in the queue. */
  free?: () => { cpu?: string; mem?: string }
  /** Takes lines for whoever operates the executor; the console when left out. */
  report?: (line: string) => void
  /** For tests. */
  clock?: Clock
}

export interface Executor {
  /** The id by which the colony knows this executor. */
  readonly id: string
  /** How many processes it holds. */
  readonly running: number
  /** Settled when `stop` is through. */
  readonly stopped: Promise<void>

  /**
   * Enters the colony and begins to work.
   *
   * @returns when it asks for processes: at once with a colony key, else as soon as the colony owner has approved it; also
   * when it was stopped meanwhile
   * @throws ClientError when it cannot enter; InvalidError at a second call: an executor is started once
   */
  start(): Promise<void>

  /**
   * Takes no more processes, waits for those it has, and gives back what is not finished in time.
   *
   * @param options.drainMs how long handlers may go on; 10 000 when left out
   */
  stop(options?: { drainMs?: number }): Promise<void>
}

const prefetchMax = 1_000
const drainMsDefault = 10_000
/** What stopping may take beyond its drain time: for handlers to notice, and for giving back. */
const stopSlackMs = graceMs + 5_000
const startPauses = { baseMs: 500, maxMs: 15_000 }

/**
 * Makes an executor: a loop that takes processes of its type, runs their functions and closes them.
 *
 * It survives outages of the server for as long as they last, and keeps what it runs meanwhile. Heartbeats every 15 seconds tell that it is alive; what the
 * server has taken away aborts the signal of its handler.
 *
 * @throws InvalidError for options that cannot work
 */
export function createExecutor(options: ExecutorOptions): Executor {
  return new RunningExecutor(options)
}

class RunningExecutor implements Executor {
  readonly id: string
  readonly stopped: Promise<void>
  readonly #asking: Asking
  readonly #held = new HeldProcesses()
  /** Aborted when no process is taken any more. */
  readonly #closing = new AbortController()
  /** Aborted when all is over. */
  readonly #dying = new AbortController()
  #loops: Promise<unknown> = Promise.resolve()
  #isStarted = false
  #stopping: Promise<void> | undefined
  #settleStopped: () => void = () => {}

  constructor(options: ExecutorOptions) {
    const { colonyname, name, type, location = '', capabilities, colonyPrivateKey, concurrency = 1 } = options
    const { free, prefetch = 0 } = options
    const client = options.client ?? (options.connection && createClient(options.connection))
    if (client?.id === undefined)
      throw new InvalidError('An executor needs a client with a private key, or a connection.')
    if (!Number.isSafeInteger(concurrency) || concurrency < 1) throw new InvalidError('concurrency must be at least 1.')
    if (!Number.isSafeInteger(prefetch) || prefetch < 0 || prefetch > prefetchMax)
      throw new InvalidError(`prefetch must be 0 to ${prefetchMax}.`)
    if (free && prefetch > 0)
      throw new InvalidError('Leave out prefetch or free: what is taken in advance needs more than is free.')
    this.id = client.id
    const clock = options.clock ?? systemClock
    this.#asking = {
      place: { colonyname, name, type, location, capabilities, colonyPrivateKey },
      workplace: {
        client,
        clock,
        functions: byName(options.functions),
        closes: new CloseQueue(client, colonyname, clock),
        slots: new Slots(concurrency),
        // biome-ignore lint/suspicious/noConsole: somebody has to hear that an approval is missing; `report` replaces it
        report: options.report ?? ((line) => console.error(line)),
      },
      held: this.#held,
      instanceid: newId(),
      concurrency,
      prefetch,
      free,
    }
    this.stopped = new Promise((resolve) => {
      this.#settleStopped = resolve
    })
  }

  get running(): number {
    return this.#held.count
  }

  async start(): Promise<void> {
    const { place } = this.#asking
    if (this.#isStarted)
      throw new InvalidError(`Executor ${place.name} was started already. Make another one with createExecutor.`)
    this.#isStarted = true
    await this.#enter()
    if (this.#closing.signal.aborted) return
    // A server releases what a silent program holds only if it ever heard of it: so it is told before it takes anything.
    let hear = () => {}
    const heard = new Promise<void>((resolve) => {
      hear = resolve
    })
    this.#closing.signal.addEventListener('abort', hear)
    this.#loops = Promise.all([
      keepBeating(this.#asking, hear, this.#dying.signal),
      heard.then(() => askForProcesses(this.#asking, this.#closing.signal)),
    ])
    await heard
  }

  stop({ drainMs = drainMsDefault }: { drainMs?: number } = {}): Promise<void> {
    this.#stopping ??= this.#drain(drainMs)
    return this.#stopping
  }

  /** Goes on as long as it may still work out. */
  async #enter(): Promise<void> {
    const { place, workplace } = this.#asking
    const { clock, report } = workplace
    const { signal } = this.#closing
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        return await enterColony(place, workplace, signal)
      } catch (error) {
        if (signal.aborted) return
        if (!(error instanceof ClientError && error.retryable)) throw error
        report(`Entering the colony failed: ${messageOf(error)}`)
        await clock.pause(jitteredMs(startPauses, failures, clock), signal).catch(() => {})
      }
    }
  }

  async #drain(drainMs: number): Promise<void> {
    this.#closing.abort()
    for (const held of this.#held.all) if (!held.isStarted) held.stop()
    await this.#untilIdle(drainMs)
    for (const held of this.#held.all) held.stop()
    await this.#untilIdle(stopSlackMs)
    this.#dying.abort()
    await this.#loops
    this.#settleStopped()
  }

  async #untilIdle(ms: number): Promise<void> {
    const { clock } = this.#asking.workplace
    const idle = new AbortController()
    await Promise.race([this.#held.below(1), clock.pause(ms, idle.signal).catch(() => {})])
    idle.abort()
  }
}

/** @throws InvalidError when two have one name */
function byName(functions: readonly ExecutorFunction[]): ReadonlyMap<string, ExecutorFunction> {
  const map = new Map(functions.map((definition) => [definition.name, definition]))
  if (map.size < functions.length) throw new InvalidError('Each function of an executor needs a name of its own.')
  return map
}
