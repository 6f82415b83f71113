import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { endOf } from '../chaos/stage/child.js'
import { freePort } from '../chaos/stage/free-port.js'
import { deployFolder, replaceAll } from './given-files.js'

const run = promisify(execFile)

/** Debian puts it where only root's path leads. */
const haproxy = '/usr/sbin/haproxy'

export const balancerConfig = join(deployFolder, 'haproxy/colonies.cfg')

/** HAProxy in front of two replicas, with the configuration that is given away; only addresses are others. */
export class Balancer {
  readonly url: string
  readonly #folder: string
  readonly #child: ChildProcess

  private constructor(url: string, folder: string, child: ChildProcess) {
    this.url = url
    this.#folder = folder
    this.#child = child
  }

  /** @param replicas their ports */
  static async before(replicas: readonly [number, number]): Promise<Balancer> {
    const folder = await mkdtemp(join(tmpdir(), 'colonies-balancer-'))
    const port = await freePort()
    const given = await readFile(balancerConfig, 'utf8')
    // Only root can become another user.
    const own = process.getuid?.() === 0 ? given : replaceAll(given, { 'user haproxy': '', 'group haproxy': '' })
    const config = replaceAll(own, {
      'maxconn 20000': 'maxconn 1000', // more files than a test may open
      'bind :50080': `bind 127.0.0.1:${port}`,
      '/run/haproxy/admin.sock': join(folder, 'admin.sock'),
      '10.0.0.11:50081': `127.0.0.1:${replicas[0]}`,
      '10.0.0.12:50081': `127.0.0.1:${replicas[1]}`,
    })
    const file = join(folder, 'colonies.cfg')
    await writeFile(file, config)
    const child = spawn(haproxy, ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.on('data', (chunk) => (said = (said + chunk.toString()).slice(-4000)))
    const failed = new Promise<never>((_, reject) => {
      child.once('error', (cause) => reject(new Error('haproxy is missing: apt-get install haproxy', { cause })))
      child.once('exit', (code) => reject(new Error(`haproxy ended with ${code}: ${said}`)))
    })
    failed.catch(() => {}) // it ends when the test does, too
    const balancer = new Balancer(`http://127.0.0.1:${port}`, folder, child)
    try {
      await Promise.race([balancer.#untilReady(), failed])
    } catch (error) {
      await balancer.stop()
      throw error
    }
    return balancer
  }

  /** Tells the balancer something, as an operator does. @returns what it says */
  tell(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let said = ''
      const socket = connect(join(this.#folder, 'admin.sock'), () => socket.end(`${command}\n`))
      socket.on('data', (chunk) => (said += chunk.toString()))
      socket.once('error', reject)
      socket.once('end', () => resolve(said))
    })
  }

  async stop(): Promise<void> {
    if (this.#child.pid !== undefined && endOf(this.#child) === undefined) {
      const ended = once(this.#child, 'exit')
      this.#child.kill('SIGTERM')
      const late = setTimeout(() => this.#child.kill('SIGKILL'), 2_000) // it would wait for all that is on hold
      await ended
      clearTimeout(late)
    }
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #untilReady(): Promise<void> {
    for (const end = Date.now() + 10_000; Date.now() < end; ) {
      const status = await fetch(`${this.url}/health/ready`).then(
        (reply) => reply.status,
        () => 0,
      )
      if (status === 200) return
      // sleeps: the balancer has no way to tell when it has seen its replicas
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error('the balancer found no replica that is ready')
  }
}

/** @throws Error with all that HAProxy has to say about a file */
export async function checkConfig(file: string): Promise<string> {
  const { stdout, stderr } = await run(haproxy, ['-c', '-V', '-f', file])
  return stdout + stderr
}
