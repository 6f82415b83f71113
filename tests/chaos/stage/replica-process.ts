import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { DatabaseConfig } from '@colonies/database'
import { databaseVariables } from '@colonies/testkit'
import { within } from '../within.js'
import { endOf } from './child.js'
import { freePort } from './free-port.js'

/** The `colonies` command of this version. */
export const theseSources = fileURLToPath(new URL('../../../../packages/cli/bin/colonies.js', import.meta.url))

/** A start brings the tables up to date, on a machine that may be busy. */
const START_MS_MAX = 60_000
/** As long as systemd waits, in deploy/systemd. */
const STOP_MS_MAX = 15_000

/** A server process on one port that is killed and started again. */
export class ReplicaProcess {
  readonly port: number
  readonly url: string
  /** The `colonies` command that the next start runs; that of another version, say. */
  program = theseSources
  /** Sentences about each end that nobody asked for here. */
  readonly deaths: string[] = []
  readonly #env: NodeJS.ProcessEnv
  #child: ChildProcess | undefined
  #isReady = false
  /** How this life was asked to end. */
  #asked: NodeJS.Signals | undefined
  #isRetired = false

  private constructor(port: number, env: NodeJS.ProcessEnv) {
    this.port = port
    this.url = `http://127.0.0.1:${port}`
    this.#env = env
  }

  /** @param env what else it is set to */
  static async on(
    database: DatabaseConfig,
    serverKey: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<ReplicaProcess> {
    const port = await freePort()
    return new ReplicaProcess(port, {
      ...process.env,
      COLONIES_SERVER_PRVKEY: serverKey,
      COLONIES_SERVER_HTTP_HOST: '127.0.0.1',
      COLONIES_SERVER_HTTP_PORT: String(port),
      ...databaseVariables(database),
      ...env,
    })
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Whether it serves, as far as is known here. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** Stops it without its knowledge, or lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal)
  }

  /** @returns when it serves @throws Error when it ends before, or takes longer than a minute */
  async start(): Promise<void> {
    if (this.#isRetired) throw new Error(`the replica on port ${this.port} is not needed any more`)
    const child = spawn(process.execPath, [this.program, 'server', 'start'], {
      env: this.#env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#child = child
    this.#asked = undefined
    const ready = new Promise<void>((resolve, reject) => {
      let said = ''
      child.stderr.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-4000)
        if (said.includes('the server is ready')) resolve()
      })
      child.once('error', reject)
      child.once('exit', (code, signal) => {
        this.#isReady = false
        const end = `ended with ${signal ?? code}`
        const isAsked =
          this.#asked !== undefined && (signal === this.#asked || (this.#asked === 'SIGTERM' && code === 0))
        const why = this.#asked === undefined ? 'by itself' : `after ${this.#asked}`
        if (!isAsked) this.deaths.push(`the replica on port ${this.port} ${end} ${why}: ${said}`)
        reject(new Error(`the server ${end}: ${said}`))
      })
    })
    try {
      await within(START_MS_MAX, `the start of the replica on port ${this.port}`, ready)
    } catch (error) {
      await this.#end('SIGKILL')
      throw error
    }
    this.#isReady = true
  }

  /** kill -9. @throws Error when it has died by itself: that was no kill */
  async kill(): Promise<void> {
    if (this.deaths.length > 0) throw new Error(this.deaths.join('\n'))
    await this.#end('SIGKILL')
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** Stops it for good, whoever is about to start it again. */
  async retire(): Promise<void> {
    this.#isRetired = true
    await this.stop()
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (!child || endOf(child) !== undefined) return
    this.#isReady = false
    this.#asked = signal
    const ended = once(child, 'exit')
    child.kill('SIGCONT') // one that is stopped hears of nothing else
    child.kill(signal)
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
    await ended
    clearTimeout(late)
  }
}
