import cluster, { type Worker } from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from './config.js'
import { startEmbedded } from './embedded-database.js'
import { createLog, type Log } from './log.js'
import { type ServerOptions, startServer } from './server.js'

export interface WorkersOptions {
  /** Standard error when left out. */
  log?: Log
  /** Stops all workers: each answers what is on hold and finishes the rest, within ten seconds. */
  signal: AbortSignal
}

/** A worker stops within ten seconds by itself; one that does not is ended. */
const STOP_MS_MAX = 11_000
/** A worker that lived this long had no trouble to start, so its successor starts at once. */
const STEADY_MS = 10_000
const PAUSE_MS = { first: 100, max: 10_000 }

/** What the two say to each other. */
type ToWorker = { start: Config } | 'stop'
type FromWorker = 'awake' | 'ready'

/** Whether this process was started by `runWorkers` of another one. */
export function isWorker(): boolean {
  return cluster.isWorker
}

/**
 * Runs `config.workers` replicas on one port, each a process of its own that runs the same command again, and replaces those
 * that die. This process serves nothing itself: it keeps the port open, and has the embedded database.
 *
 * When it is killed, its workers end too, at once.
 *
 * @returns when the signal has come and all have ended
 * @throws Error when the first worker cannot start; it has told why
 */
export async function runWorkers(config: Config, { log: given, signal }: WorkersOptions): Promise<void> {
  const log = given ?? createLog({ level: config.logLevel })
  const embedded = config.database ? undefined : await startEmbedded(config, log)
  // Workers accept connections themselves. Handed out in turns by this process, a connection on its way to a worker that is
  // killed would never be answered, nor closed.
  cluster.schedulingPolicy = cluster.SCHED_NONE
  // Values that are undefined arrive as such.
  cluster.setupPrimary({ serialization: 'advanced' })
  try {
    await new Crew({ ...config, database: config.database ?? embedded?.database }, log).run(signal)
  } finally {
    await embedded?.stop()
  }
}

/** The workers of one server, by number. */
class Crew {
  readonly #config: Config
  readonly #log: Log
  readonly #workers = new Map<number, Worker>()
  #tellOver: () => void = () => {}
  /** Whether there has ever been one that served. */
  #isServing = false
  #failure: Error | undefined
  #stopping = false

  constructor(config: Config, log: Log) {
    this.#config = config
    this.#log = log
  }

  async run(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const stop = () => this.#stop()
    signal.addEventListener('abort', stop, { once: true })
    const over = new Promise<void>((resolve) => {
      this.#tellOver = resolve
    })
    // Alone at first: it brings the database up to date, and tells once what is wrong with the settings.
    this.#start(1, 0)
    await over
    signal.removeEventListener('abort', stop)
    if (this.#failure) throw this.#failure
  }

  #start(number: number, failures: number): void {
    const startedAt = performance.now()
    const worker = cluster.fork()
    this.#workers.set(number, worker)
    worker.on('error', (error) => this.#log.warn('a worker was not reached', { worker: number, error }))
    worker.on('message', (message: FromWorker) => {
      if (message === 'ready') return this.#served()
      // Not before: what is said to a process that does not listen yet is lost.
      tell(worker, { start: { ...this.#config, worker: { number, isFirst: !this.#isServing } } })
      if (this.#stopping) tell(worker, 'stop')
    })
    worker.once('exit', (code, signal) => {
      this.#workers.delete(number)
      const failuresNow = performance.now() - startedAt < STEADY_MS ? failures + 1 : 0
      this.#ended(number, { how: signal ?? code, failures: failuresNow })
    })
  }

  #served(): void {
    if (this.#isServing) return
    this.#isServing = true
    for (let number = 2; number <= this.#config.workers && !this.#stopping; number++) this.#start(number, 0)
  }

  #ended(number: number, { how, failures }: { how: string | number; failures: number }): void {
    if (!this.#stopping && !this.#isServing) {
      this.#failure = new Error(`The first of ${this.#config.workers} workers could not start (${how}).`)
      this.#stop()
    }
    if (this.#stopping) {
      if (this.#workers.size === 0) this.#tellOver()
      return
    }
    const pauseMs = failures === 0 ? 0 : Math.min(PAUSE_MS.max, PAUSE_MS.first * 2 ** (failures - 1))
    this.#log.warn('a worker ended and is replaced', { worker: number, how, pauseMs })
    setTimeout(() => {
      if (!this.#stopping) this.#start(number, failures)
    }, pauseMs)
  }

  #stop(): void {
    this.#stopping = true
    for (const worker of this.#workers.values()) tell(worker, 'stop')
    if (this.#workers.size === 0) this.#tellOver()
    void sleep(STOP_MS_MAX, undefined, { ref: false }).then(() => {
      for (const [number, worker] of this.#workers) {
        this.#log.warn('a worker did not stop and is ended', { worker: number })
        worker.process.kill('SIGKILL')
      }
    })
  }
}

async function told(signal: AbortSignal): Promise<undefined> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}

function say(message: FromWorker): void {
  process.send?.(message)
}

function tell(worker: Worker, message: ToWorker): void {
  // One that has just died is replaced, or waited for, when its exit is told.
  if (worker.isConnected()) worker.send(message)
}

/** Runs one replica of `runWorkers`, in the process that was started for it, until it is told to stop. */
export async function runWorker(options: Pick<ServerOptions, 'pages'>): Promise<void> {
  const stopping = new AbortController()
  const started = new Promise<Config>((resolve) => {
    process.on('message', (message: ToWorker) => {
      if (message === 'stop') stopping.abort()
      else resolve(message.start)
    })
  })
  // A terminal sends these to everybody, and the parent, which gets them too, tells its workers what to do.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
  say('awake')
  const config = await started
  try {
    const server = await startServer(config, { ...options, signal: stopping.signal })
    say('ready')
    const outdated = await Promise.race([told(stopping.signal), server.outdated])
    await server.stop()
    if (outdated) throw outdated
  } catch (error) {
    if (!stopping.signal.aborted) throw error
  }
}
