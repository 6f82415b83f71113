import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Stage } from '../scenario.js'
import { endChild } from '../stage/child.js'

export interface SleeperOptions {
  readonly colonyname: string
  readonly endpoints: readonly string[]
  readonly privateKey: string
  /** Takes the history. */
  readonly file: string
}

/** An executor process that holds one process, however long it is stopped, and then writes in spite of everything. */
export class Sleeper {
  readonly #child: ChildProcess
  readonly #file: string
  /** The id of the process that it holds. */
  readonly holds: Promise<string>

  private constructor(child: ChildProcess, file: string) {
    this.#child = child
    this.#file = file
    const ended = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`the sleeper ended with ${signal ?? code}`)
    })
    ended.catch(() => {}) // comes in the end; before that it ends the wait for a process
    this.holds = Promise.race([once(child, 'message').then(([said]) => (said as { holds: string }).holds), ended])
  }

  static async start(
    stage: Stage,
    options: Omit<SleeperOptions, 'file'>,
    env: Readonly<Record<string, string>> = {},
  ): Promise<Sleeper> {
    const folder = await mkdtemp(join(tmpdir(), 'colonies-sleeper-'))
    const file = join(folder, 'history.jsonl')
    const child = fork(fileURLToPath(new URL('sleeper-process.js', import.meta.url)), {
      env: { ...process.env, ...env, COLONIES_SLEEPER: JSON.stringify({ ...options, file }) },
    })
    stage.atEnd(async () => {
      child.kill('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    })
    return new Sleeper(child, file)
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  /** Lets it write. @returns the lines of its history, when it has ended */
  async write(): Promise<string> {
    await endChild(this.#child, 'the sleeper', () => this.#child.send('write'))
    return readFile(this.#file, 'utf8')
  }
}
