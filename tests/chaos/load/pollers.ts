import { type ChildProcess, fork } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nowMs } from '../clock.js'
import { pause } from '../monkey.js'
import type { Stage } from '../scenario.js'
import { assertRuns, endChild } from '../stage/child.js'
import type { ChaosColony } from '../stage/colony.js'
import { within } from '../within.js'

/**
 * What the processes are told. `work`: close at once what arrives, and ask again. `hold`: close it when told to work. `last`: ask
 * no more. `end`: hang up.
 */
export type ToPollers = 'work' | 'hold' | 'last' | 'end'

/** A process came to a poll, at this time by `nowMs`. */
export interface Arrival {
  readonly processid: string
  readonly at: number
}

/** Delay of an event loop in milliseconds; 10 is none, as it is measured. */
export interface Lag {
  readonly p99: number
  readonly max: number
}

export interface PollerProcessOptions {
  readonly colonyname: string
  readonly executors: readonly { readonly privateKey: string; readonly endpoint: string; readonly polls: number }[]
  /** Takes the history. */
  readonly file: string
}

export interface PollersOptions {
  readonly count: number
  /** Each has the same part of the polls, and asks one replica only. */
  readonly executors: readonly { readonly name: string; readonly type: string; readonly endpoint: string }[]
}

const NAME = 'a process with pollers'
const LAG_MS_MAX = 30_000

interface Running {
  readonly child: ChildProcess
  readonly file: string
}

/** Long polls that are held until a process comes, and then asked again; one process for each endpoint. */
export class Pollers {
  /** By process, when it came. */
  readonly arrivals = new Map<string, number>()
  readonly #colony: ChaosColony
  readonly #running: Running[] = []

  private constructor(colony: ChaosColony) {
    this.#colony = colony
  }

  static async start(stage: Stage, colony: ChaosColony, { count, executors }: PollersOptions): Promise<Pollers> {
    const pollers = new Pollers(colony)
    const folder = await mkdtemp(join(tmpdir(), 'colonies-pollers-'))
    stage.atEnd(() => rm(folder, { recursive: true, force: true }))
    const polls = count / executors.length
    for (const endpoint of new Set(executors.map((executor) => executor.endpoint))) {
      const own: PollerProcessOptions['executors'][number][] = []
      for (const { name, type } of executors.filter((executor) => executor.endpoint === endpoint))
        own.push({ privateKey: await colony.addExecutor(name, type), endpoint, polls })
      const file = join(folder, `${pollers.#running.length}.jsonl`)
      pollers.#fork(stage, { colonyname: colony.name, executors: own, file })
    }
    return pollers
  }

  #fork(stage: Stage, options: PollerProcessOptions): void {
    const child = fork(fileURLToPath(new URL('poller-process.js', import.meta.url)), {
      env: { ...process.env, COLONIES_POLLERS: JSON.stringify(options) },
    })
    stage.atEnd(async () => void child.kill('SIGKILL'))
    this.#running.push({ child, file: options.file })
    child.on('message', (said: { arrivals?: readonly Arrival[] }) => {
      for (const { processid, at } of said.arrivals ?? []) this.arrivals.set(processid, at)
    })
  }

  tell(what: ToPollers): void {
    for (const { child } of this.#running) child.send(what)
  }

  /** @returns those of these processes that came to nobody in this time */
  async untilArrived(ids: readonly string[], ms: number): Promise<string[]> {
    const missing = () => ids.filter((id) => !this.arrivals.has(id))
    // sleeps: arrivals are many, and nobody waits for one of them
    for (const end = nowMs() + ms; nowMs() < end && missing().length > 0; await pause(20)) {
      for (const { child } of this.#running) assertRuns(child, NAME)
    }
    return missing()
  }

  /** @returns the largest delays of their event loops since it was asked last */
  async lag(): Promise<Lag> {
    const lags = await Promise.all(
      this.#running.map(async ({ child }) => {
        const answered = new Promise<Lag>((resolve) => {
          const hear = ({ lagMs }: { lagMs?: Lag }) => {
            if (!lagMs) return
            child.off('message', hear)
            resolve(lagMs)
          }
          child.on('message', hear)
        })
        assertRuns(child, NAME)
        child.send('lag')
        return within(LAG_MS_MAX, 'the lag of pollers', answered)
      }),
    )
    return { p99: Math.max(...lags.map(({ p99 }) => p99)), max: Math.max(...lags.map(({ max }) => max)) }
  }

  /** Callers hang up. What they saw is in the history then. */
  async stop(): Promise<void> {
    const running = this.#running.splice(0)
    for (const { child, file } of running) {
      await endChild(child, NAME, () => child.send('end' satisfies ToPollers))
      this.#colony.history.addLines(await readFile(file, 'utf8'))
    }
  }
}
