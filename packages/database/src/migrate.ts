import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Database, ScriptTransaction } from './connect.js'
import type { Db } from './db.js'
import { sql } from './sql.js'

/** `NNNN-name.sql` files of this package; found from `src` and `dist` alike. */
export const migrationsFolder = fileURLToPath(new URL('../migrations', import.meta.url))

/** Any number that no other user of the database is likely to lock. */
const LOCK = 7_216_031_854_921n
const OLDEST_SERVER = 140_000

interface Migration {
  number: number
  /** Name of the file. */
  name: string
  path: string
}

/**
 * Brings the tables to the state that this code knows; does nothing when they are.
 *
 * Each migration is a transaction that holds one lock, so any number of replicas may start at once, and one killed on the
 * way leaves whole migrations behind. Forward only.
 *
 * @returns names of the migrations that this call ran, in order
 * @throws Error with a sentence for whoever runs the server: server too old, database newer than the code, failed file
 */
export async function migrate(db: Database, folder = migrationsFolder): Promise<string[]> {
  const migrations = await listMigrations(folder)
  await requireServer(db)
  const done = await db.transaction(async (tx) => {
    await lock(tx)
    await tx.script(`create table if not exists schema_migrations (
      number int primary key, name text collate "C" not null, applied_at timestamptz not null default now())`)
    return tx.all<{ number: number }>(sql`select number from schema_migrations order by number`)
  })
  const newest = done.at(-1)?.number ?? 0
  const known = migrations.at(-1)?.number ?? 0
  if (newest > known) {
    throw new Error(
      `The database was migrated to ${newest} by a newer version of Colonies; this one knows migrations up to ${known}. ` +
        'Start the newer version, or restore a backup made before it ran.',
    )
  }
  const applied: string[] = []
  for (const migration of migrations) {
    if (done.some(({ number }) => number === migration.number)) continue
    if (await apply(db, migration)) applied.push(migration.name)
  }
  return applied
}

/** False when another replica was first. */
async function apply(db: Database, { number, name, path }: Migration): Promise<boolean> {
  const text = await readFile(path, 'utf8')
  return db.transaction(async (tx) => {
    await lock(tx)
    if (await tx.one(sql`select from schema_migrations where number = ${number}`)) return false
    try {
      await tx.script(text)
    } catch (error) {
      throw new Error(`Migration ${name} failed and was rolled back: ${(error as Error).message}.`, { cause: error })
    }
    await tx.run(sql`insert into schema_migrations (number, name) values (${number}, ${name})`)
    return true
  })
}

/** Waits for the replicas before us; the end of the transaction unlocks. */
async function lock(tx: ScriptTransaction): Promise<void> {
  // What connections are set to for short statements is wrong for the one that waits here or rewrites a table.
  await tx.script(`
    set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0;
    set local enable_seqscan = on; set local enable_hashjoin = on; set local enable_mergejoin = on;
    set local enable_bitmapscan = on;
    select pg_advisory_xact_lock(${LOCK})`)
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

/** In the order of their numbers. */
async function listMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  const migrations = names.map((name) => ({ number: Number.parseInt(name, 10), name, path: join(folder, name) }))
  migrations.forEach(({ number, path }, index) => {
    if (number > (migrations[index - 1]?.number ?? 0)) return
    throw new Error(`${path}: names of migrations start with four digits, each with its own number.`)
  })
  return migrations
}
