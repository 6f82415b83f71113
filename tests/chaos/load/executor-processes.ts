import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nowMs } from '../clock.js'
import { HistoryTail } from '../history-tail.js'
import type { Blow } from '../monkey.js'
import { pick } from '../random.js'
import type { Stage } from '../scenario.js'
import { endChild } from '../stage/child.js'
import { type ChaosColony, rotated } from '../stage/colony.js'
import type { ExecutorsOptions } from './executors.js'
import type { Load } from './load.js'

/** What such a process is told. */
export interface ExecutorsProcessOptions extends ExecutorsOptions {
  readonly name: string
  readonly ownerKey: string
  /** Takes its history. */
  readonly file: string
}

export interface ProcessesOptions extends ExecutorsOptions {
  /** Among which the executors are divided. */
  readonly processes: number
}

/** Executors of our own library in processes of their own, several in each. */
export interface ExecutorProcesses extends Load {
  /** kill -9 of one process, whose executors others replace, with keys of their own. The first process is spared: some wait for its executors by name. */
  readonly blow: Blow
}

export async function startExecutorProcesses(
  stage: Stage,
  colony: ChaosColony,
  { processes, count, endpoints, ...options }: ProcessesOptions,
): Promise<ExecutorProcesses> {
  const folder = await mkdtemp(join(tmpdir(), 'colonies-executors-'))
  stage.atEnd(() => rm(folder, { recursive: true, force: true }))
  let lives = 0
  const begin = async (place: number) => {
    const life = lives++
    const own = Math.floor(count / processes) + (place < count % processes ? 1 : 0)
    const prefix = life === 0 ? 'e' : `life${life}e`
    const file = join(folder, `${life}.jsonl`)
    const told = { ...options, count: own, prefix, endpoints: rotated(endpoints, place), file }
    return ExecutorsProcess.start(stage, colony, { ...told, name: colony.name, ownerKey: colony.ownerKey })
  }
  const running: ExecutorsProcess[] = []
  for (let place = 0; place < processes; place += 1) running.push(await begin(place))
  return {
    blow: {
      name: 'kill executors',
      async strike(random) {
        const one = pick(random, running.slice(1))
        if (!one) return undefined
        const at = nowMs()
        await one.kill()
        const place = running.indexOf(one)
        running[place] = await begin(place)
        return at
      },
    },
    stop: async () => void (await Promise.all(running.map((one) => one.stop()))),
  }
}

const NAME = 'a process with executors'

class ExecutorsProcess {
  readonly #child: ChildProcess
  readonly #tail: HistoryTail
  readonly #died: () => void

  private constructor(child: ChildProcess, tail: HistoryTail, died: () => void) {
    this.#child = child
    this.#tail = tail
    this.#died = died
  }

  /** @returns when its executors work */
  static async start(stage: Stage, colony: ChaosColony, options: ExecutorsProcessOptions): Promise<ExecutorsProcess> {
    const child = fork(fileURLToPath(new URL('executors-process.js', import.meta.url)), {
      env: { ...process.env, COLONIES_EXECUTORS: JSON.stringify(options) },
    })
    stage.atEnd(async () => void child.kill('SIGKILL'))
    const tail = new HistoryTail(stage, colony.history, options.file)
    const ended = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`${NAME} ended with ${signal ?? code} before they worked`)
    })
    ended.catch(() => {}) // comes in the end
    const [said] = (await Promise.race([once(child, 'message'), ended])) as [{ ids: readonly string[] }]
    return new ExecutorsProcess(child, tail, () => {
      for (const id of said.ids) colony.history.killed.add(id)
    })
  }

  async kill(): Promise<void> {
    await endChild(this.#child, NAME, () => this.#child.kill('SIGKILL'))
    this.#died()
    await this.#tail.stop()
  }

  /** @returns when its last call has ended, and is in the history */
  async stop(): Promise<void> {
    await endChild(this.#child, NAME, () => this.#child.send('stop'))
    await this.#tail.stop()
  }
}
