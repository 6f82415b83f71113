import { mkdtemp, readdir, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DatabaseConfig, startEmbeddedPostgres } from '@colonies/database'

/** A PostgreSQL for tests. */
export interface TestServer {
  /** Processes that get these use this server. */
  env: Record<string, string>
  /** Stops it and removes its files. */
  stop(): Promise<void>
}

const FOLDER = 'colonies-test-'
const MEMORY_BYTES_MIN = 4 * 2 ** 30

/** Fast instead of durable: the data does not outlive the run. */
const settings = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  max_connections: '300',
}

/** Starts a server for many test files: the test runner calls this once, and hands `env` to each file. */
export async function startTestServer(): Promise<TestServer> {
  const { config, stop } = await startFresh()
  return {
    env: {
      COLONIES_TEST_DB_HOST: config.host,
      COLONIES_TEST_DB_PORT: String(config.port),
      COLONIES_TEST_DB_USER: config.user,
      COLONIES_TEST_DB_PASSWORD: config.password,
    },
    stop,
  }
}

/** The server that `COLONIES_TEST_DB_*` name; without these, one that lives as long as this process. */
export function testServer(): Promise<DatabaseConfig> {
  return (server ??= findServer())
}

let server: Promise<DatabaseConfig> | undefined

async function findServer(): Promise<DatabaseConfig> {
  const { env } = process
  const host = env.COLONIES_TEST_DB_HOST
  if (host) {
    return {
      host,
      port: Number(env.COLONIES_TEST_DB_PORT ?? 5432),
      user: env.COLONIES_TEST_DB_USER ?? 'postgres',
      password: env.COLONIES_TEST_DB_PASSWORD ?? '',
      database: 'postgres',
    }
  }
  const { config, stop } = await startFresh()
  // The server does not keep the process alive, so this comes when the last test is over.
  process.once('beforeExit', () => void stop())
  return config
}

async function startFresh(): Promise<{ config: DatabaseConfig; stop(): Promise<void> }> {
  const parent = await fastFolder()
  await removeLeftovers(parent)
  const dataDir = await mkdtemp(join(parent, `${FOLDER}${process.pid}-`))
  const { config, stop } = await startEmbeddedPostgres({ dataDir, log: () => {}, settings })
  return {
    config,
    stop: async () => {
      await stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** Memory where Linux has enough of it: copies of databases take a third of the time there. */
async function fastFolder(): Promise<string> {
  const memory = '/dev/shm'
  const { bavail, bsize } = await statfs(memory).catch(() => ({ bavail: 0, bsize: 0 }))
  return bavail * bsize >= MEMORY_BYTES_MIN ? memory : tmpdir()
}

/** Folders of runs that were killed. */
async function removeLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = name.startsWith(FOLDER) ? Number.parseInt(name.slice(FOLDER.length), 10) : 0
    if (pid > 0 && !isAlive(pid)) await rm(join(parent, name), { recursive: true, force: true }).catch(() => {})
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
