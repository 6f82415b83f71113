import { connect, type Database, type DatabaseConfig, type Db, sql, withClient } from '@colonies/database'
import { pause } from '../monkey.js'
import { pick, type Random } from '../random.js'
import type { Stage } from '../scenario.js'

/** Whom replicas log in as. Only their backends are killed: not those of the judge, nor those that press. */
const VICTIM = 'replica'
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
  /** @returns when nothing of it is left @throws AggregateError when some of it was gone before */
  release(): Promise<void>
}

/** @returns variables of replicas whose backends can be told from all others */
export async function asVictim(server: DatabaseConfig): Promise<Readonly<Record<string, string>>> {
  await withClient({ ...server, database: 'postgres' }, (client) =>
    client.query(`create role ${VICTIM} superuser login password ${client.escapeLiteral(server.password)}`),
  )
  return { COLONIES_DB_USER: VICTIM, COLONIES_DB_PASSWORD: server.password }
}

/** Holds an old snapshot, long readers and idle connections, and kills a backend of a replica each second. */
export async function putUnderPressure(
  stage: Stage,
  server: DatabaseConfig,
  options: PressureOptions,
): Promise<Pressure> {
  const { random, idle, readers } = options
  const config = { ...server, acquireTimeoutMs: 60_000, statementTimeoutMs: 60_000 } // on a machine that is busy
  const db = connect({ ...config, maxConnections: readers + 3 })
  const stop = new AbortController()
  const released = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()))
  const all: Promise<unknown>[] = []
  const lost: unknown[] = []
  /** @returns when it has begun; what becomes of it later is told by the release */
  const hold = (work: (begin: () => void) => Promise<unknown>) =>
    new Promise<void>((resolve, reject) => {
      const held = work(resolve).catch((error: unknown) => {
        lost.push(error)
        reject(error)
      })
      all.push(held)
    })
  const release = async () => {
    stop.abort()
    await Promise.all(all)
    await db.close()
    if (lost.length > 0) throw new AggregateError(lost, `of the pressure ${lost.length} parts were lost: ${lost[0]}`)
  }
  let releasing: Promise<void> | undefined
  const releaseOnce = () => (releasing ??= release())
  stage.atEnd(releaseOnce)

  await hold((begin) => keepSnapshot(db, begin, () => released))
  for (let reader = 0; reader < readers; reader += 1)
    await hold((begin) => keepSnapshot(db, begin, readOn(stop.signal)))
  const connectOne = () => hold((begin) => keepIdle(config, begin, released))
  for (let connected = 0; connected < idle; connected += CONNECTS_AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(CONNECTS_AT_ONCE, idle - connected) }, connectOne))
  let killed = 0
  await hold(async (begin) => {
    begin()
    while (!stop.signal.aborted) {
      if (await killOne(db, random)) killed += 1
      // sleeps: one is killed each second
      await pause(1_000)
    }
  })
  return {
    get killed() {
      return killed
    },
    release: releaseOnce,
  }
}

/** @throws Error when its connection is lost, or its transaction begins anew: the snapshot is another one then */
async function keepSnapshot(db: Database, begin: () => void, work: (tx: Db) => Promise<unknown>): Promise<void> {
  let begun = 0
  await db.transaction(async (tx) => {
    begun += 1
    if (begun > 1) throw new Error('a snapshot was lost')
    await tx.run(sql`set transaction isolation level repeatable read`)
    await tx.run(sql`select set_config('idle_in_transaction_session_timeout', '0', true),
      set_config('statement_timeout', '0', true)`)
    await tx.run(sql`select 1 from live limit 1`)
    begin()
    await work(tx)
  })
}

function readOn(signal: AbortSignal): (tx: Db) => Promise<void> {
  return async (tx) => {
    while (!signal.aborted) {
      await tx.run(sql`select count(*) from process_specs`)
      // sleeps: between two reads
      await pause(500)
    }
  }
}

/** @throws Error when it was lost meanwhile */
async function keepIdle(config: DatabaseConfig, begin: () => void, released: Promise<void>): Promise<void> {
  await withClient(config, async (client) => {
    begin()
    await released
    await client.query('select 1')
  })
}

async function killOne(db: Db, random: Random): Promise<boolean> {
  const backends = await db.all<{ pid: number }>(sql`
    select pid from pg_stat_activity where usename = ${VICTIM}::text and backend_type = 'client backend' order by pid`)
  const victim = pick(random, backends)
  return victim !== undefined && (await db.run(sql`select pg_terminate_backend(${victim.pid}::int)`)) > 0
}
