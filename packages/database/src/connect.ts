import { setTimeout as sleep } from 'node:timers/promises'
import type { ConnectionOptions } from 'node:tls'
import { Client, Pool, type PoolClient, type QueryConfig, type QueryResult, type QueryResultRow } from 'pg'
import type { Db } from './db.js'
import {
  isOutOfResources,
  isPooledElsewhere,
  isRefusal,
  isRetryable,
  isStaleStatement,
  NoAnswerError,
  StandbyError,
  UnreplicatedError,
} from './errors.js'
import { FailureCounter, type FailureCounts } from './failures.js'
import { LinkWatch } from './link-watch.js'
import { type Answer, PreparedQuery } from './prepared-query.js'
import { type Sql, sql } from './sql.js'
import { typeParsers } from './type-parsers.js'

/** Where a PostgreSQL is, and how to use it. */
export interface DatabaseConfig {
  /** Name, address, or folder of the socket. */
  host: string
  port: number
  user: string
  password: string
  database: string
  /** Connections of one pool at most; 10 when left out. */
  maxConnections?: number
  ssl?: boolean | ConnectionOptions
  /** After this long PostgreSQL cancels a statement; 30 000 when left out. */
  statementTimeoutMs?: number
  /** Longest wait for a free connection, or for a new one; 5 000 when left out. */
  acquireTimeoutMs?: number
  /** Where to listen for hints, when `host` and `port` are those of a PgBouncer in transaction mode; the same when left out. */
  listenAt?: { host: string; port: number }
  /** False: each statement is planned for its values, as the coordinator of Citus has to; true when left out. */
  keepsPlans?: boolean
  /** A statement that waits for longer is suspected to wait for nobody; 3 000 when left out. */
  suspectMs?: number
}

/** A transaction that can also run whole files of SQL, as migrations are. */
export interface ScriptTransaction extends Db {
  /** Runs statements without parameters, separated by semicolons, without a time limit on our side. */
  script(text: string): Promise<void>
}

/** A pool of connections. */
export interface Database extends Db {
  /** What went wrong since the start. */
  readonly failures: FailureCounts

  /** Milliseconds for which PostgreSQL has answered nothing that it was asked; 0 while it was asked nothing since its last answer. */
  readonly silentMs: number

  transaction<T>(work: (tx: ScriptTransaction) => Promise<T>): Promise<T>

  /**
   * Runs statements outside of a transaction, without time limits, on a connection that is closed afterwards. When one fails
   * those before it have run, so all of them must bear to be repeated.
   */
  oneByOne(texts: readonly string[]): Promise<void>

  /** Ends all connections, each when its statement is done; the second call waits for the first. */
  close(): Promise<void>
}

const ATTEMPTS_MAX = 10
const RETRY_MS_MAX = 200
const SUSPECT_MS = 3_000
/** For asking whether a connection still has somebody at its other end. */
const ASK_MS_MAX = 2_000

/** Opens no connection yet: the first statement does, so a database that is down shows there. */
export function connect(config: DatabaseConfig): Database {
  const statementTimeoutMs = config.statementTimeoutMs ?? 30_000
  // PostgreSQL's own limit comes first. This one is for a network that swallows the answer.
  const limitMs = statementTimeoutMs + 5_000
  const settings = sessionSettings(statementTimeoutMs, config.keepsPlans ?? true)
  const watch = new LinkWatch({
    busyAmong: (backends) => busyBackends(config, backends),
    suspectMs: config.suspectMs ?? SUSPECT_MS,
  })
  const pool = new Pool({
    ...connectionOptions(config),
    max: config.maxConnections ?? 10,
    idleTimeoutMillis: 60_000,
    connectionTimeoutMillis: config.acquireTimeoutMs ?? 5_000,
    onConnect: (client) => setUp(client as PoolClient, { settings, limitMs, watch }) as unknown as undefined,
  })
  // A connection that breaks while nobody uses it leaves the pool by itself, and the next statement opens another. One
  // that breaks in use also rejects its statement. Without listeners both events would end the process.
  pool.on('error', () => {})
  pool.on('connect', (client) => {
    client.on('error', () => {})
    client.on('notice', ({ routine }) => {
      // Somebody cancelled a commit that waited for its standby. PostgreSQL then reports success with this warning.
      if (routine === 'SyncRepWaitForLSN') unreplicated.add(client)
    })
  })
  pool.on('acquire', (client) => watch.taken(client, true))
  pool.on('release', (_, client) => watch.taken(client, false))

  const failures = new FailureCounter()
  const source: Source = { pool, watch, failures, limitMs, names: true, silentSinceMs: undefined }
  const use = <T>(work: (connection: Connection) => Promise<T>) => useConnection(source, work)
  let closed: Promise<void> | undefined
  return {
    get failures() {
      return failures.counts
    },
    get silentMs() {
      return source.silentSinceMs === undefined ? 0 : performance.now() - source.silentSinceMs
    },
    all: <Row>(statement: Sql) => use(async (connection) => (await connection.send<Row>(statement)).rows),
    one: <Row>(statement: Sql) => use(async (connection) => (await connection.send<Row>(statement)).rows[0]),
    run: (statement) => use(async (connection) => (await connection.send(statement)).rowCount ?? 0),
    transaction: (work) => use((connection) => runTransaction(connection, work)),
    oneByOne: (texts) =>
      use(async (connection) => {
        connection.spoiled = true // its settings are not those of the others any more
        for (const text of ['set statement_timeout = 0', ...texts]) await connection.script(text)
      }),
    close: () => {
      watch.stop()
      return (closed ??= pool.end())
    },
  }
}

/** What pools, listeners and single connections have in common, as the driver names it. */
export function connectionOptions(config: DatabaseConfig) {
  return {
    host: config.host,
    port: config.port,
    user: config.user,
    password: config.password,
    database: config.database,
    ssl: config.ssl ?? false,
    application_name: 'colonies',
    // Finds out about a peer that vanished without a word.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: typeParsers,
  }
}

interface SetUp {
  settings: string
  limitMs: number
  watch: LinkWatch
}

/**
 * One round trip for each new connection: its settings, and who is at its other end. A standby is nobody: it may be behind, and
 * writes nothing.
 */
async function setUp(client: PoolClient, { settings, limitMs, watch }: SetUp): Promise<void> {
  const asked = 'select pg_backend_pid() as backend, pg_is_in_recovery() as standby'
  const results: unknown = await client.query(limited({ text: `${settings}; ${asked}` }, limitMs))
  const { rows } = (results as QueryResult[]).at(-1) ?? { rows: [] }
  const { backend, standby } = rows[0] as { backend: number; standby: boolean }
  if (standby) throw new StandbyError()
  // Behind PgBouncer the other end is PgBouncer, whatever it is connected to.
  if ((client as { processID?: number }).processID === backend) watch.opened(client, backend)
}

/** Which of these backends work on a statement, or do not tell. One whose answer nobody takes counts as idle. */
async function busyBackends(config: DatabaseConfig, backends: readonly number[]): Promise<number[]> {
  const timeouts = { connectionTimeoutMillis: ASK_MS_MAX, query_timeout: ASK_MS_MAX }
  const client = new Client({ ...connectionOptions(config), ...timeouts })
  client.on('error', () => {}) // the question under way is rejected with it
  await client.connect()
  try {
    const { rows } = await client.query(
      `select pid from pg_stat_activity
       where pid = any($1) and state in ('active', 'disabled') and wait_event is distinct from 'ClientWrite'`,
      [backends],
    )
    return rows.map(({ pid }) => pid)
  } finally {
    void client.end().catch(() => {}) // nobody waits for a goodbye that may not arrive
  }
}

/**
 * What each connection is set to. Behind PgBouncer in transaction mode these reach whichever server connection is at hand, so
 * there PgBouncer sets them as well (deploy/pgbouncer); nothing but speed depends on them.
 *
 * The planner's switches: every statement of ours walks an index in key order and touches few rows. A statement is
 * planned once per connection and the plan kept, and a plan made while the statistics of a table are young (empty, or
 * just filled) can be a scan or a hash of the whole table, and stays one when the table has a million rows. `off` means
 * "only when there is no other way", so statements that need a scan still run. Nor is there one that gains from parallel
 * workers: they read all of a range, where a page of it was asked for, and take the cores of others.
 */
function sessionSettings(statementTimeoutMs: number, keepsPlans: boolean): string {
  const settings = {
    timezone: 'UTC',
    datestyle: 'ISO',
    jit: 'off',
    enable_seqscan: 'off',
    enable_hashjoin: 'off',
    enable_mergejoin: 'off',
    enable_bitmapscan: 'off',
    enable_material: 'off',
    max_parallel_workers_per_gather: '0',
    plan_cache_mode: keepsPlans ? 'force_generic_plan' : 'auto',
    client_min_messages: 'warning',
    // A replica that was stopped in the middle of a transaction keeps no rows from the others for longer.
    idle_in_transaction_session_timeout: '10s',
    statement_timeout: String(statementTimeoutMs),
  }
  return Object.entries(settings)
    .map(([name, value]) => `set ${name} = '${value}'`)
    .join('; ')
}

/** Connections whose last commit is on the primary alone: a failover could undo it, so it must not be acknowledged. */
const unreplicated = new WeakSet<PoolClient>()

/** What a connection is taken from. */
interface Source {
  readonly pool: Pool
  readonly watch: LinkWatch
  readonly failures: FailureCounter
  /** A statement without an answer for so long fails, and its connection is given up. */
  readonly limitMs: number
  /** Whether PostgreSQL keeps statements under names; false once a PgBouncer has mixed them up: each is planned each time then. */
  names: boolean
  /** When it was asked first after its last answer, in milliseconds of this process; undefined while it was asked nothing since. */
  silentSinceMs: number | undefined
}

/** A checked-out connection; sends one statement after the other, whatever its users do at the same time. */
class Connection {
  /** True when the next user must not get it: it broke, or does not know what its statements mean any more. */
  spoiled = false
  readonly #client: PoolClient
  readonly #source: Source
  #last: Promise<unknown> = Promise.resolve()

  constructor(client: PoolClient, source: Source) {
    this.#client = client
    this.#source = source
  }

  send<Row>({ statement, values }: Sql): Promise<Answer<Row>> {
    const { limitMs, names } = this.#source
    if (names && statement.name !== '')
      return this.#inTurn(() => runPrepared(this.#client, { statement, values }, limitMs)) as Promise<Answer<Row>>
    const query = limited({ text: statement.text, values: [...values] }, limitMs)
    return this.#inTurn(() => this.#client.query<Row & QueryResultRow>(query))
  }

  script(text: string): Promise<unknown> {
    return this.#inTurn(() => this.#client.query({ text }))
  }

  #inTurn<T>(ask: () => Promise<T>): Promise<T> {
    const sent = this.#last.then(async () => {
      this.#source.silentSinceMs ??= performance.now()
      const answer = await this.#source.watch.waiting(this.#client, ask())
      if (unreplicated.delete(this.#client)) throw new UnreplicatedError()
      this.#source.silentSinceMs = undefined
      return answer
    })
    this.#last = sent.catch((error: unknown) => {
      this.#source.failures.count(error)
      this.spoiled ||= !isRefusal(error)
      if (isRefusal(error) && !isOutOfResources(error)) this.#source.silentSinceMs = undefined
      if (isPooledElsewhere(error)) this.#source.names = false
    })
    return sent
  }

  release(): void {
    this.#client.release(this.spoiled)
  }
}

/** The driver's own limit of time. Its type leaves that out. */
function limited<Query extends QueryConfig>(query: Query, limitMs: number): Query {
  return Object.assign(query, { query_timeout: limitMs })
}

/**
 * With a limit of time of our own: the driver's puts a function into a property of the query, and such functions V8 makes in its old
 * space, where they keep all that the statement gave until that is cleaned up (record 34).
 *
 * @throws NoAnswerError
 */
function runPrepared(client: PoolClient, { statement, values }: Sql, limitMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new NoAnswerError(limitMs)), limitMs)
    const query = new PreparedQuery(statement, values, (error, answer) => {
      clearTimeout(late)
      if (answer) resolve(answer)
      else reject(error)
    })
    client.query(query)
  })
}

/**
 * Gives `work` a connection, and again a while later when PostgreSQL asks for that. A statement outside of a transaction
 * is one of its own, so repeating it is as safe.
 */
async function useConnection<T>(source: Source, work: (connection: Connection) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const connection = new Connection(await takeClient(source), source)
    try {
      return await work(connection)
    } catch (error) {
      if (attempt === ATTEMPTS_MAX || !(isRetryable(error) || isStaleStatement(error))) throw error
    } finally {
      connection.release()
    }
    // Random, so that two that met do not meet again.
    await sleep(Math.random() * Math.min(RETRY_MS_MAX, 5 * 2 ** attempt))
  }
}

async function takeClient(source: Source): Promise<PoolClient> {
  source.silentSinceMs ??= performance.now()
  try {
    return await source.pool.connect()
  } catch (error) {
    source.failures.count(error)
    throw error
  }
}

async function runTransaction<T>(connection: Connection, work: (tx: ScriptTransaction) => Promise<T>): Promise<T> {
  let ended = false
  const send = async <Row>(statement: Sql) => {
    if (ended) throw new Error('This transaction has ended: await each statement before its work returns.')
    return connection.send<Row>(statement)
  }
  const tx: ScriptTransaction = {
    all: async <Row>(statement: Sql) => (await send<Row>(statement)).rows,
    one: async <Row>(statement: Sql) => (await send<Row>(statement)).rows[0],
    run: async (statement) => (await send(statement)).rowCount ?? 0,
    transaction: (inner) => inner(tx),
    script: async (text) => void (await connection.script(text)),
  }
  await connection.send(sql`begin`)
  try {
    const result = await work(tx)
    ended = true
    const { command } = await connection.send(sql`commit`)
    // PostgreSQL answers so, and not with an error, when a statement failed and `work` caught that and went on.
    if (command === 'ROLLBACK') throw new Error('Nothing was committed: a statement of this transaction failed.')
    return result
  } catch (error) {
    ended = true
    if (!connection.spoiled) await connection.send(sql`rollback`).catch(() => {})
    throw error
  }
}
