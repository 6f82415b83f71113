import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { DatabaseConfig } from '@colonies/database'
import { databaseVariables } from '@colonies/testkit'

/** The `colonies` command of this version. */
export const theseSources = fileURLToPath(new URL('../../../../packages/cli/bin/colonies.js', import.meta.url))

/** A server process on one port that is killed and started again. */
export class ReplicaProcess {
  readonly port: number
  readonly url: string
  /** The `colonies` command that the next start runs; that of another version, say. */
  program = theseSources
  readonly #env: NodeJS.ProcessEnv
  #child: ChildProcess | undefined
  #isReady = false

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

  /** Of its end; undefined while it runs. */
  get exitCode(): number | null | undefined {
    return this.#child?.exitCode
  }

  /** Stops it without its knowledge, or lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal)
  }

  /** @returns when it serves */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [this.program, 'server', 'start'], {
      env: this.#env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#child = child
    await new Promise<void>((resolve, reject) => {
      let said = ''
      child.stderr.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-4000)
        if (said.includes('the server is ready')) resolve()
      })
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${said}`)))
    })
    this.#isReady = true
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    this.#isReady = false
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await ended
  }
}

export function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}
