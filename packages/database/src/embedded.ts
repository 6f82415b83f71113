import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DatabaseConfig } from './connect.js'
import { findAccount } from './embedded/account.js'
import { findBinaries } from './embedded/binaries.js'
import { clusterDirOf, LOGIN, openCluster } from './embedded/cluster.js'
import { type Postmaster, startPostmaster } from './embedded/postmaster.js'
import { endLeftovers, findOwned } from './embedded/server-processes.js'

export interface EmbeddedOptions {
  /** Made when it does not exist; everything stays inside. */
  dataDir: string
  /** Gets what PostgreSQL writes to its log, line by line. */
  log: (line: string) => void
  /** Settings of PostgreSQL that are to differ from ours. */
  settings?: Record<string, string>
}

export interface EmbeddedPostgres {
  /** Its database may not exist yet: `ensureDatabase` makes it, as on any other server. */
  config: DatabaseConfig
  /** Stops the server and waits for its end; close connections before. */
  stop(): Promise<void>
}

const HOST = '127.0.0.1'
const PORT_ATTEMPTS_MAX = 5
const RESTART_MS_MAX = 5_000

/** For one server on a small machine. Durable: a commit that was answered is on the disk. */
const settings = {
  listen_addresses: HOST,
  unix_socket_directories: '',
  fsync: 'on',
  synchronous_commit: 'on',
  shared_buffers: '128MB',
  max_connections: '100',
  // Nobody copies this server's log.
  wal_level: 'minimal',
  max_wal_senders: '0',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Refused statements are the business of whoever sent them. This level shows starts, stops, crashes.
  log_min_messages: 'log',
  log_checkpoints: 'off',
  log_line_prefix: '',
}

/**
 * A real PostgreSQL from npm, for whoever has none: listens on loopback only, with a password made at the first start.
 * Data is kept between starts. When the server dies it is started again, on the same port.
 *
 * It does not keep the process alive, and it ends with the process, however that ends.
 *
 * @throws Error with a sentence and a way out: folder in use, no binaries for this machine, no account to run under
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { log } = options
  const dataDir = resolve(options.dataDir)
  const clusterDir = clusterDirOf(dataDir)
  const all: Record<string, string> = { ...settings, ...options.settings }
  const account = await findAccount(clusterDir)
  const binaries = await findBinaries(account, log)
  await endLeftovers(clusterDir, log)
  const cluster = await openCluster(dataDir, { binaries, account, durable: all.fsync === 'on' })

  const start = (port: number) =>
    startPostmaster({ postgres: binaries.postgres, account, clusterDir, port, settings: all, log })
  const first = await startOnFreePort(start, clusterDir, log)
  const stop = superviseServer(first.postmaster, () => start(first.port), clusterDir, log)
  return {
    config: { host: HOST, port: first.port, user: LOGIN, password: cluster.password, database: 'colonies' },
    stop,
  }
}

/** @returns id of the process that runs a PostgreSQL on `dataDir` now; undefined when nobody does */
export async function embeddedOwner(dataDir: string): Promise<number | undefined> {
  return (await findOwned(clusterDirOf(resolve(dataDir))))?.owner
}

async function startOnFreePort(
  start: (port: number) => Promise<Postmaster>,
  clusterDir: string,
  log: (line: string) => void,
): Promise<{ port: number; postmaster: Postmaster }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    try {
      return { port, postmaster: await start(port) }
    } catch (error) {
      // Two starts at the same moment: PostgreSQL lets one of them win, and this names it to the other.
      await endLeftovers(clusterDir, log)
      if (attempt === PORT_ATTEMPTS_MAX || (await isFree(port))) throw error
    }
  }
}

/** @returns what stops the server for good */
function superviseServer(
  running: Postmaster,
  restart: () => Promise<Postmaster>,
  clusterDir: string,
  log: (line: string) => void,
): () => Promise<void> {
  const stopped = new AbortController()

  async function restartUntilItRuns(): Promise<void> {
    for (let failures = 0; !stopped.signal.aborted; failures++) {
      try {
        await endLeftovers(clusterDir, log)
        running = await restart()
        return
      } catch (error) {
        log((error as Error).message)
        const pauseMs = Math.min(RESTART_MS_MAX, 100 * 2 ** failures)
        await sleep(pauseMs, undefined, { signal: stopped.signal }).catch(() => {})
      }
    }
  }

  async function supervise(): Promise<void> {
    while (!stopped.signal.aborted) {
      const how = await running.exited
      if (stopped.signal.aborted) return
      log(`PostgreSQL ended by itself (${how}); starting it again.`)
      await restartUntilItRuns()
    }
    await running.stop()
  }

  const done = supervise()
  return async () => {
    stopped.abort()
    await running.stop()
    await done
  }
}

async function freePort(): Promise<number> {
  return listenOnce(0)
}

async function isFree(port: number): Promise<boolean> {
  return listenOnce(port).then(
    () => true,
    () => false,
  )
}

function listenOnce(port: number): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer()
    server.once('error', failed)
    server.listen(port, HOST, () => {
      const address = server.address()
      server.close(() => done(typeof address === 'object' && address ? address.port : port))
    })
  })
}
