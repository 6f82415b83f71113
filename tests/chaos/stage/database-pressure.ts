import { connect, type Database, type DatabaseConfig, type Db, sql, withClient } from '@colonies/database'
import { pause } from '../monkey.js'
import { pick, type Random } from '../random.js'

/** Tells our own sessions from those of replicas, which are killed. */
const NAME = 'pressure'
/** One after the other they take minutes, all at once they meet their time limits. */
const CONNECTS_AT_ONCE = 20

export interface PressureOptions {
  readonly random: Random
  /** Connections that do nothing. */
  readonly idle: number
  /** Transactions that read the tables all the time, and keep the rows that they have seen from being removed. */
  readonly readers: number
}

export interface Pressure {
  /** Backends that were killed. */
  readonly killed: number
  /** @returns when nothing of it is left */
  release(): Promise<void>
}

/** Holds an old snapshot, long readers and idle connections, and kills a backend of a replica each second. */
export async function putUnderPressure(server: DatabaseConfig, options: PressureOptions): Promise<Pressure> {
  const { random, idle, readers } = options
  const config = { ...server, acquireTimeoutMs: 60_000 } // hundreds of connections on a machine that is busy
  const db = connect({ ...config, maxConnections: readers + 3 })
  const stop = new AbortController()
  const released = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()))
  const all: Promise<unknown>[] = []
  const hold = (work: (begin: () => void) => Promise<unknown>) =>
    new Promise<void>((resolve, reject) => void all.push(work(resolve).catch(reject)))
  await hold((begin) => keepSnapshot(db, begin, () => released))
  for (let reader = 0; reader < readers; reader += 1)
    await hold((begin) => keepSnapshot(db, begin, readOn(stop.signal)))
  const connectOne = () =>
    hold((begin) =>
      withClient(config, async (client) => {
        await client.query(`set application_name = '${NAME}'`)
        begin()
        await released
      }),
    )
  for (let connected = 0; connected < idle; connected += CONNECTS_AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(CONNECTS_AT_ONCE, idle - connected) }, connectOne))
  let killed = 0
  const killing = (async () => {
    while (!stop.signal.aborted) {
      if (await killOne(db, random)) killed += 1
      await pause(1_000)
    }
  })()
  return {
    get killed() {
      return killed
    },
    async release() {
      stop.abort()
      await Promise.all([...all, killing])
      await db.close()
    },
  }
}

async function keepSnapshot(db: Database, begin: () => void, work: (tx: Db) => Promise<unknown>): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.run(sql`set transaction isolation level repeatable read`)
    await tx.run(sql`select set_config('application_name', ${NAME}::text, true),
      set_config('idle_in_transaction_session_timeout', '0', true), set_config('statement_timeout', '0', true)`)
    await tx.run(sql`select 1 from live limit 1`)
    begin()
    await work(tx)
  })
}

function readOn(signal: AbortSignal): (tx: Db) => Promise<void> {
  return async (tx) => {
    while (!signal.aborted) {
      await tx.run(sql`select count(*) from process_specs`)
      await pause(500)
    }
  }
}

async function killOne(db: Db, random: Random): Promise<boolean> {
  const backends = await db.all<{ pid: number }>(sql`
    select pid from pg_stat_activity where datname = current_database() and backend_type = 'client backend'
      and application_name <> ${NAME}::text and pid <> pg_backend_pid() order by pid`)
  const victim = pick(random, backends)
  return victim !== undefined && (await db.run(sql`select pg_terminate_backend(${victim.pid}::int)`)) > 0
}
