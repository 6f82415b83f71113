import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type DatabaseConfig, sql, startEmbeddedPostgres } from '@colonies/database'
import { nowMs } from '../clock.js'
import { pause } from '../monkey.js'
import type { Stage } from '../scenario.js'

const ACCEPTS_MS_MAX = 60_000

/** A PostgreSQL of this scenario alone, durable, that is started again whenever it dies. */
export interface OwnPostgres {
  readonly config: DatabaseConfig
  /**
   * Kills it: SIGKILL the postmaster alone, whose children then find out; SIGQUIT all at once (an immediate stop).
   *
   * @returns when it was killed, and when the next one accepted its first connection, by `nowMs`
   */
  kill(signal: 'SIGKILL' | 'SIGQUIT'): Promise<{ at: number; accepts: number }>
  /** Makes all sessions refuse to write, as those of a standby do, or lets them write again. */
  setReadOnly(readOnly: boolean): Promise<void>
}

/** @param connections that it takes at most */
export async function startOwnPostgres(stage: Stage, connections = 200): Promise<OwnPostgres> {
  const dataDir = await mkdtemp(join(tmpdir(), 'colonies-chaos-'))
  stage.atEnd(() => rm(dataDir, { recursive: true, force: true }))
  const { config, stop } = await startEmbeddedPostgres({
    dataDir,
    log: () => {},
    settings: { max_connections: String(connections) },
  })
  stage.atEnd(stop)
  return {
    config,
    async kill(signal) {
      const pid = await postmasterPid(dataDir)
      const at = nowMs()
      process.kill(pid, signal)
      return { at, accepts: await untilAccepts(config, async () => (await postmasterPid(dataDir)) !== pid) }
    },
    async setReadOnly(readOnly) {
      const db = connect({ ...config, database: 'postgres', maxConnections: 1 })
      await db.run(
        readOnly
          ? sql`alter system set default_transaction_read_only = on`
          : sql`alter system reset default_transaction_read_only`,
      )
      await db.run(sql`select pg_reload_conf()`)
      await db.close()
    },
  }
}

async function postmasterPid(dataDir: string): Promise<number> {
  const lines = await readFile(join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8').catch(() => '')
  return Number.parseInt(lines, 10)
}

/** @returns when a new connection was answered first, once `isAnother` says that it is not the one that was killed */
async function untilAccepts(config: DatabaseConfig, isAnother: () => Promise<boolean>): Promise<number> {
  // sleeps: when it takes connections, only trying tells
  for (const end = nowMs() + ACCEPTS_MS_MAX; nowMs() < end; await pause(20)) {
    if (!(await isAnother())) continue
    const db = connect({ ...config, database: 'postgres', maxConnections: 1, acquireTimeoutMs: 1_000 })
    const answered = await db.one(sql`select 1 as one`).catch(() => undefined)
    await db.close()
    if (answered) return nowMs()
  }
  throw new Error(`PostgreSQL did not come back within ${ACCEPTS_MS_MAX} ms`)
}
