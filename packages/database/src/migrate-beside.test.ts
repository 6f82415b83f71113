import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { emptyDatabase } from '@colonies/testkit'
import { connect, type Database } from './connect.js'
import { migrate } from './migrate.js'
import { listMigrations, migrationsFolder, newestMigration } from './migrations-folder.js'
import { beatReplica } from './replicas.js'
import { requireServed } from './schema-age.js'
import { sql } from './sql.js'

/** The oldest version that is met beside the present one. */
const FIRST = 9
/** Longest wait of a writer while a migration runs, on a slow machine: its tables are small here. */
const WAIT_MS_MAX = 2_000
/** A dump, say, that has all tables. */
const READER_MS = 2_500

/** The migrations of an older version, and more. */
async function folderOf(t: TestContext, upTo: number, more: Record<string, string> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'colonies-migrations-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const name of await readdir(migrationsFolder)) {
    if (Number.parseInt(name, 10) <= upTo) await cp(join(migrationsFolder, name), join(folder, name))
  }
  for (const [name, text] of Object.entries(more)) await writeFile(join(folder, name), text)
  return folder
}

const replica = (name: string, knows: number) => ({ replica_id: name, name, host: 'h', port: 1, knows })

test('each migration says which replicas it serves', async () => {
  for (const { number, name, text } of await listMigrations(migrationsFolder)) {
    if (number > FIRST) assert.match(text, /^-- replicas: \d{4}$/m, name)
  }
})

test('a version goes on with tables that are newer and serve it', async (t) => {
  const { db } = await emptyDatabase(t)
  await migrate(db)
  const said: string[] = []
  assert.deepEqual(await migrate(db, { folder: await folderOf(t, FIRST), say: (line) => said.push(line) }), [])
  assert.match(said.join(), /tables are those of migration \d+; this version knows 9, and works with them/)
  assert.equal(await requireServed(db, FIRST), newestMigration())
})

test('a version is refused, and ends, when a newer one took away what it needs', async (t) => {
  const { db } = await emptyDatabase(t)
  const newest = newestMigration()
  await migrate(db)
  const contract = { '9000-contract.sql': `-- replicas: ${String(newest + 1).padStart(4, '0')}\nselect;` }
  await migrate(db, { folder: await folderOf(t, newest, contract) })
  await assert.rejects(migrate(db), /migrated to 9000 by a newer version.* serves versions that know migration/)
  await assert.rejects(requireServed(db, newest), { name: 'SchemaTooNew' })
  assert.equal(await requireServed(db, newest + 1), 9000)
})

test('what older replicas use is not taken away while one of them is alive', async (t) => {
  const { db } = await emptyDatabase(t)
  await migrate(db)
  const contract = { '9000-contract.sql': '-- replicas: 8999\nselect;' }
  const options = { folder: await folderOf(t, newestMigration(), contract) }
  await beatReplica(db, replica('old', newestMigration()))
  await beatReplica(db, replica('new', 8999))
  await assert.rejects(
    migrate(db, options),
    /needs replicas that know migration 8999, and older ones are alive: old \(h:1\)/,
  )
  await db.run(sql`update replicas set heard_at = now() - interval '1 hour' where name = 'old'`)
  assert.deepEqual(await migrate(db, options), ['9000-contract.sql'])
})

test('an index that was left half built is built again', async (t) => {
  const { db } = await emptyDatabase(t)
  await migrate(db, { folder: await folderOf(t, 11) })
  await db.run(sql`create index graphs_uncounted on graphs (colony)`)
  assert.deepEqual((await migrate(db))[0], '0012-graphs-uncounted.sql')
  const index = await db.one<{ columns: number; valid: boolean }>(sql`
    select indnatts::int as columns, indisvalid as valid from pg_index where indexrelid = 'graphs_uncounted'::regclass`)
  assert.deepEqual(index, { columns: 3, valid: true })
})

const tablesOf = async (db: Database) => {
  const rows = await db.all<{ name: string }>(sql`
    select relname as name from pg_class
    where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace order by relname`)
  return rows.map(({ name }) => name)
}

/** Locks one table after the other as writers do, until told to stop. @returns the longest wait, in milliseconds, and where */
async function write(db: Database, tables: readonly string[], goesOn: () => boolean) {
  let longest = { table: '', ms: 0 }
  while (goesOn()) {
    for (const table of tables) {
      const begun = performance.now()
      await db.transaction((tx) => tx.script(`lock table only "${table}" in row exclusive mode`))
      const ms = performance.now() - begun
      if (ms > longest.ms) longest = { table, ms }
    }
  }
  return longest
}

for (const { number, name } of (await listMigrations(migrationsFolder)).filter((one) => one.number > FIRST)) {
  test(`${name} runs while others write and one reads for long, and lets nobody wait`, async (t) => {
    const { db, config } = await emptyDatabase(t)
    await migrate(db, { folder: await folderOf(t, number - 1) })
    const folder = await folderOf(t, number)
    const others = connect(config)
    t.after(() => others.close())
    const tables = (await tablesOf(db)).filter((table) => table !== 'schema_migrations')
    let running = true
    const reading = others.transaction(async (tx) => {
      for (const table of tables) await tx.script(`lock table only "${table}" in access share mode`)
      // sleeps: somebody who has the tables for long is what this test is about
      await new Promise((resolve) => setTimeout(resolve, READER_MS))
    })
    const writing = Array.from({ length: 3 }, () => write(others, tables, () => running))
    assert.deepEqual(await migrate(db, { folder }), [name])
    running = false
    await reading
    for (const { table, ms } of await Promise.all(writing)) {
      t.diagnostic(`longest wait ${Math.round(ms)} ms, for ${table}`)
      assert.ok(ms < WAIT_MS_MAX, `${table} was out of reach for ${ms} ms`)
    }
  })
}
