import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { DatabaseConfig } from '@colonies/database'
import { nowMs } from '../clock.js'
import { pause } from '../monkey.js'
import { between, type Random } from '../random.js'
import type { Stage } from '../scenario.js'

const run = promisify(execFile)
const script = fileURLToPath(new URL('../../../../deploy/ha/cluster.sh', import.meta.url))
const nodes = [1, 2, 3]
/** The script counts its ports from one number; these are the distances. */
const ports = { rest: 20, all: [0, 1, 11, 12, 13, 21, 22, 23, 31, 32, 33, 41, 42, 43] }
const WHOLE_MS_MAX = 120_000
const MEMORY_BYTES_MIN = 8 * 2 ** 30

interface Member {
  readonly name: string
  readonly role: string
  readonly state: string
}

interface Primary {
  readonly node: number
  /** Of its postmaster. */
  readonly pid: number
}

/** The cluster of deploy/ha, in a folder and on ports of its own. */
export class PatroniCluster {
  /** HAProxy's port, which leads to the primary. */
  readonly config: DatabaseConfig
  readonly #folder: string
  readonly #base: number

  private constructor(folder: string, base: number, config: DatabaseConfig) {
    this.#folder = folder
    this.#base = base
    this.config = config
  }

  static async start(stage: Stage, random: Random): Promise<PatroniCluster> {
    const around = await mkdtemp(join(await roomyFolder(), 'colonies-ha-'))
    await chmod(around, 0o755) // its account has to get in
    stage.atEnd(() => rm(around, { recursive: true, force: true }))
    const folder = join(around, 'cluster')
    const base = await freeBase(random)
    stage.atEnd(() => run(script, ['stop', folder]))
    const { stdout } = await run(script, ['start', folder], { env: { ...process.env, HA_PORT: String(base) } })
    const said = Object.fromEntries(stdout.split('\n').map((line) => line.split('=') as [string, string]))
    return new PatroniCluster(folder, base, {
      host: said.COLONIES_DB_HOST ?? '',
      port: Number(said.COLONIES_DB_PORT),
      user: said.COLONIES_DB_USER ?? '',
      password: said.COLONIES_DB_PASSWORD ?? '',
      database: said.COLONIES_DB_NAME ?? '',
    })
  }

  /** Kills PostgreSQL where it is the primary; Patroni beside it lives. @returns when there is a primary again */
  async killPrimary(): Promise<void> {
    const killed = await this.#primary()
    process.kill(killed.pid, 'SIGKILL')
    await this.#untilAnotherThan(killed)
  }

  /** Kills the primary and its Patroni together, as if the machine were gone, and starts the node once another one leads. */
  async killMachine(): Promise<void> {
    const killed = await this.#primary()
    for (const pid of [await this.#pidIn(`node${killed.node}.pid`), killed.pid]) process.kill(pid, 'SIGKILL')
    await this.#untilAnotherThan(killed)
    await run(script, ['start-node', this.#folder, String(killed.node)])
  }

  /** Hands the office to the standby, as for maintenance. @returns when it has taken over */
  async switchover(): Promise<void> {
    const before = await this.#primary()
    await run(script, ['switchover', this.#folder])
    await this.#untilAnotherThan(before)
  }

  /** @returns when one node leads and the others follow, one of them in step */
  async untilWhole(): Promise<void> {
    await this.#until(async () => {
      const roles = (await this.#members()).flatMap(({ role, state }) =>
        /running|streaming/.test(state) ? [role] : [],
      )
      return roles.length === nodes.length && roles.includes('leader') && roles.includes('sync_standby')
    }, 'a leader and two standbys')
  }

  /** It may be the same node: without a standby in step, Patroni starts PostgreSQL where it was. */
  #untilAnotherThan({ pid }: Primary): Promise<void> {
    return this.#until(
      async () => (await this.#primaries()).some((other) => other.pid > 0 && other.pid !== pid),
      'new primary',
    )
  }

  async #until(holds: () => Promise<boolean>, what: string): Promise<void> {
    // sleeps: what the cluster is at, only asking tells
    for (const end = nowMs() + WHOLE_MS_MAX; !(await holds()); await pause(200)) {
      if (nowMs() > end) throw new Error(`the cluster has no ${what}: ${JSON.stringify(await this.#members())}`)
    }
  }

  /** Waits for one: on a busy machine a primary may step down by itself. */
  async #primary(): Promise<Primary> {
    let primary: Primary | undefined
    await this.#until(async () => {
      primary = (await this.#primaries())[0]
      return primary !== undefined
    }, 'primary')
    if (!primary) throw new Error('the cluster has no primary')
    return primary
  }

  async #primaries(): Promise<Primary[]> {
    const answers = await Promise.all(nodes.map((node) => this.#ask(node, 'primary')))
    const leading = nodes.filter((_, place) => answers[place] !== undefined)
    return Promise.all(
      leading.map(async (node) => ({ node, pid: await this.#pidIn(`node${node}/data/postmaster.pid`) })),
    )
  }

  /** As the first Patroni that answers tells; none when nobody does. */
  async #members(): Promise<Member[]> {
    for (const node of nodes) {
      const cluster = (await this.#ask(node, 'cluster')) as { members: Member[] } | undefined
      if (cluster) return cluster.members
    }
    return []
  }

  /** @returns undefined when this Patroni says no, or nothing in time */
  async #ask(node: number, path: string): Promise<unknown> {
    const url = `http://127.0.0.1:${this.#base + ports.rest + node}/${path}`
    try {
      const reply = await fetch(url, { signal: AbortSignal.timeout(5_000) })
      const said: unknown = await reply.json()
      return reply.ok ? said : undefined
    } catch {
      return undefined
    }
  }

  async #pidIn(file: string): Promise<number> {
    return Number.parseInt(await readFile(join(this.#folder, file), 'utf8').catch(() => ''), 10)
  }
}

/** Memory where there is enough: what is tested is not the disk of this machine. */
async function roomyFolder(): Promise<string> {
  const memory = '/dev/shm'
  const { bavail, bsize } = await statfs(memory).catch(() => ({ bavail: 0, bsize: 0 }))
  return bavail * bsize >= MEMORY_BYTES_MIN ? memory : tmpdir()
}

/** Below those that the system gives away by itself. */
export async function freeBase(random: Random): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const base = Math.floor(between(random, [15_000, 32_000]))
    const free = await Promise.all(ports.all.map((distance) => isFree(base + distance)))
    if (free.every(Boolean)) return base
  }
  throw new Error('there are no free ports for a cluster')
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
