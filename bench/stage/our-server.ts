import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect, type Database, type DatabaseConfig, sql, startEmbeddedPostgres } from '@colonies/database'
import { generatePrivateKey } from '@colonies/identity'
import { databaseVariables } from '@colonies/testkit'
import { cpuSecondsOf, parentOf } from '../measure/cpu.js'
import { sumOf } from '../measure/statistics.js'
import type { OurReplica, OurTarget } from '../row.js'

export interface OurServer extends OurTarget {
  stop(): Promise<void>
}

const bin = fileURLToPath(new URL('../../../packages/cli/bin/colonies.js', import.meta.url))
/** A start takes about one second. */
const START_MS_MAX = 60_000

/**
 * `colonies server start` with the defaults of production, on a database of its own.
 *
 * @param postgres `postgres://USER:PASSWORD@HOST:PORT` of a PostgreSQL on this machine; an embedded one, durable, when left out
 */
export async function startOurServer(postgres?: string): Promise<OurServer> {
  const serverKey = generatePrivateKey()
  const place = await (postgres ? databaseAt(postgres) : embeddedDatabase())
  try {
    const first = await startReplica(place.config, serverKey)
    const replicas = [first]
    const db = connect(place.config)
    const postmaster = await postmasterOf(db)
    return {
      name: 'ours',
      url: first.url,
      serverKey,
      db,
      pid: first.pid,
      async cpuSeconds() {
        const servers = await Promise.all(replicas.map((replica) => replica.cpuSeconds()))
        return { server: sumOf(servers), database: await cpuSecondsOf(postmaster) }
      },
      async anotherReplica() {
        const replica = await startReplica(place.config, serverKey)
        replicas.push(replica)
        return replica
      },
      async stop() {
        await db.close()
        await first.stop()
        await place.end()
      },
    }
  } catch (error) {
    await place.end()
    throw error
  }
}

/** Where a server may make its database, and how that is removed. */
interface Place {
  config: DatabaseConfig
  end(): Promise<void>
}

async function embeddedDatabase(): Promise<Place> {
  const dataDir = await mkdtemp(join(tmpdir(), 'colonies-bench-'))
  const postgres = await startEmbeddedPostgres({ dataDir, log: () => {} })
  const end = async () => {
    await postgres.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
  return { config: postgres.config, end }
}

async function databaseAt(address: string): Promise<Place> {
  const { hostname, port, username, password } = new URL(address)
  const database = `colonies_bench_${process.pid}`
  const config = { host: hostname, port: Number(port), user: username, password, database }
  const end = async () => {
    const maintenance = connect({ ...config, database: 'postgres' })
    await maintenance.oneByOne([`drop database if exists ${database} with (force)`])
    await maintenance.close()
  }
  return { config, end }
}

/** As it calls itself, for beside the numbers. */
export async function versionOf(db: Database): Promise<string> {
  const row = await db.one<{ version: string }>(sql`select current_setting('server_version') as version`)
  return `PostgreSQL ${row?.version ?? 'of an unknown version'}`
}

export async function postmasterOf(db: Database): Promise<number> {
  const row = await db.one<{ pid: number }>(sql`select pg_backend_pid() as pid`)
  if (!row) throw new Error('PostgreSQL did not say which process it is')
  return parentOf(row.pid)
}

export async function startReplica(config: DatabaseConfig, serverKey: string): Promise<OurReplica> {
  const child = spawn(process.execPath, [bin, 'server', 'start'], {
    env: {
      ...process.env,
      ...databaseVariables(config),
      COLONIES_SERVER_PRVKEY: serverKey,
      COLONIES_SERVER_HTTP_PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const url = await readyUrlOf(child)
  const pid = child.pid as number
  let used = 0 // kept: of a process that has ended, the system knows nothing
  const cpuSeconds = async () => (used = Math.max(used, await cpuSecondsOf(pid)))
  return {
    url,
    pid,
    cpuSeconds,
    async stop() {
      await cpuSeconds()
      await stop(child)
    },
  }
}

function readyUrlOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const late = setTimeout(() => child.kill('SIGKILL'), START_MS_MAX)
    const listen = (chunk: Buffer) => {
      said = `${said}${chunk}`.slice(-10_000)
      const url = /the server is ready.*?url="?(http:\/\/[^\s"]+)/.exec(said)?.[1]
      if (!url) return
      clearTimeout(late)
      resolve(url)
    }
    child.stdout?.on('data', listen)
    child.stderr?.on('data', listen)
    child.once('exit', (code, signal) => {
      clearTimeout(late)
      reject(new Error(`the server ended with ${code ?? signal}:\n${said}`))
    })
  })
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}
