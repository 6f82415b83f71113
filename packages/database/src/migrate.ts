import { setTimeout as sleep } from 'node:timers/promises'
import type { Database, ScriptTransaction } from './connect.js'
import type { Db } from './db.js'
import { isLockTimeout } from './errors.js'
import { listMigrations, type Migration, migrationsFolder } from './migrations-folder.js'
import { requireNobodyOlder, requireServed } from './schema-age.js'
import { sql } from './sql.js'

/** Any numbers that no other user of the database is likely to lock. The first is taken for each migration, the other for all. */
const LOCK = 7_216_031_854_921n
const TURN = 7_216_031_854_923n
const TURN_PAUSE_MS = 100
const OLDEST_SERVER = 140_000
/** Whoever comes after a migration that waits for a table waits behind it, so it waits for so long, and comes back later. */
const LOCK_WAIT_MS = 300
const LOCK_PAUSE_MS = 1_500
/** About a quarter of an hour. */
const LOCK_ATTEMPTS_MAX = 600

export interface MigrateOptions {
  folder?: string
  /** Told when somebody holds the tables for long, and that there are migrations of a newer version. */
  say?: (line: string) => void
}

/**
 * Brings the tables to the state that this code knows; does nothing when they are, or are newer and serve it still.
 *
 * Each migration is a transaction that holds one lock, so any number of replicas may start at once, and one killed on the
 * way leaves whole migrations behind. Others may work meanwhile: no migration makes them wait for longer than it takes
 * itself and `LOCK_WAIT_MS`. Forward only.
 *
 * @returns names of the migrations that this call ran, in order
 * @throws Error with a sentence for whoever runs the server: server too old, tables too new for this code, replicas that are
 *   too old for a migration, failed file
 */
export async function migrate(db: Database, options: MigrateOptions = {}): Promise<string[]> {
  const { folder = migrationsFolder, say = () => {} } = options
  const migrations = await listMigrations(folder)
  await requireServer(db)
  await withShortLocks(() => makeTable(db), 'The table of migrations', say)
  if (await isMissing(db, migrations, say)) return inTurn(db, () => applyAll(db, migrations, say))
  return []
}

async function isMissing(db: Db, migrations: readonly Migration[], say: (line: string) => void): Promise<boolean> {
  const known = migrations.at(-1)?.number ?? 0
  const newest = await requireServed(db, known)
  if (newest > known)
    say(`The tables are those of migration ${newest}; this version knows ${known}, and works with them.`)
  const done = await db.all<{ number: number }>(sql`select number from schema_migrations`)
  return migrations.some((one) => !done.some(({ number }) => number === one.number))
}

async function applyAll(
  db: Database,
  migrations: readonly Migration[],
  say: (line: string) => void,
): Promise<string[]> {
  const applied: string[] = []
  for (const migration of migrations) {
    const apply = migration.oneByOne ? applyOneByOne : applyWhole
    if (await withShortLocks(() => apply(db, migration), `Migration ${migration.name}`, say))
      applied.push(migration.name)
  }
  return applied
}

/** False when another replica was first. */
function applyWhole(db: Database, migration: Migration): Promise<boolean> {
  return db.transaction(async (tx) => {
    await lock(tx)
    if (await isDone(tx, migration)) return false
    await requireNobodyOlder(tx, migration)
    await run(migration, () => tx.script(migration.text))
    await note(tx, migration)
    return true
  })
}

/** Without the lock: who waits for it has a snapshot, and an index that is built beside writers waits for all snapshots. */
async function applyOneByOne(db: Database, migration: Migration): Promise<boolean> {
  if (await isDone(db, migration)) return false
  await requireNobodyOlder(db, migration)
  await run(migration, () => db.oneByOne(migration.text.split(/;\s*\n/).filter((text) => text.trim() !== '')))
  await note(db, migration)
  return true
}

async function run({ name }: Migration, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    throw new Error(`Migration ${name} failed and was rolled back: ${(error as Error).message}.`, { cause: error })
  }
}

const isDone = async (db: Db, { number }: Migration) =>
  (await db.one(sql`select from schema_migrations where number = ${number}`)) !== undefined

async function note(db: Db, { number, name, serves }: Migration): Promise<void> {
  await db.run(sql`
    insert into schema_migrations (number, name, serves) values (${number}, ${name}, ${serves}) on conflict do nothing`)
}

/** Replicas of older versions know the table without its last column. */
function makeTable(db: Database): Promise<void> {
  return db.transaction(async (tx) => {
    const made = await tx.one(sql`
      select from pg_attribute where attrelid = to_regclass('schema_migrations') and attname = 'serves'`)
    if (made) return // also without the lock, for which a migration elsewhere may let us wait
    await lock(tx)
    await tx.script(`
      create table if not exists schema_migrations (
        number int primary key, name text collate "C" not null, applied_at timestamptz not null default now());
      alter table schema_migrations add column if not exists serves int`)
  })
}

/**
 * Does something while nobody else in the database does. Nobody who waits or works here may have a snapshot: an index that is
 * built beside writers waits for the end of all transactions that had one at a certain moment.
 */
async function inTurn<Result>(db: Database, work: () => Promise<Result>): Promise<Result> {
  for (;;) {
    const done = await db.transaction(async (tx) => {
      const turn = await tx.one<{ taken: boolean }>(sql`select pg_try_advisory_xact_lock(${TURN}) as taken`)
      if (!turn?.taken) return undefined
      // As a script, it also drops the portal of the statement before, which has a snapshot until then.
      await tx.script('set local idle_in_transaction_session_timeout = 0')
      return { result: await work() }
    })
    if (done) return done.result
    await sleep(TURN_PAUSE_MS)
  }
}

/** Tries again while others hold what has to be locked. */
async function withShortLocks<Result>(
  work: () => Promise<Result>,
  what: string,
  say: (line: string) => void,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!isLockTimeout(error)) throw error
      if (attempt === LOCK_ATTEMPTS_MAX) {
        throw new Error(`${what} did not get its locks: end what uses the tables for so long (pg_stat_activity).`, {
          cause: error,
        })
      }
      if (attempt % 20 === 1) say(`${what} waits for others that use the tables.`)
      // Random, so that two that met do not meet again.
      await sleep(LOCK_PAUSE_MS * (0.5 + Math.random()))
    }
  }
}

/** Waits for the replicas before us; the end of the transaction unlocks. */
async function lock(tx: ScriptTransaction): Promise<void> {
  // What connections are set to for short statements is wrong for the one that waits here or rewrites a table.
  await tx.script(`
    set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0;
    set local enable_seqscan = on; set local enable_hashjoin = on; set local enable_mergejoin = on;
    set local enable_bitmapscan = on;
    select pg_advisory_xact_lock(${LOCK});
    set local lock_timeout = ${LOCK_WAIT_MS}`)
}

async function requireServer(db: Db): Promise<void> {
  const server = await db.one<{ version: string; number: number; encoding: string }>(sql`
    select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
      current_setting('server_encoding') as encoding`)
  if (!server) throw new Error('PostgreSQL did not tell its version.')
  if (server.number < OLDEST_SERVER) {
    throw new Error(`PostgreSQL ${server.version} is too old: Colonies needs 14 or newer.`)
  }
  if (server.encoding !== 'UTF8') {
    throw new Error(
      `The database has encoding ${server.encoding}, and Colonies needs UTF8. ` +
        "Create it again with: create database ... encoding 'UTF8' template template0.",
    )
  }
}
