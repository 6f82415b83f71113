import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { emptyDatabase } from '@colonies/testkit'
import { connect } from './connect.js'
import { migrate } from './migrate.js'
import { sql } from './sql.js'

async function folderOf(t: TestContext, files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'colonies-migrations-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

const first = { '0001-ants.sql': 'create table ants (id int); insert into ants values (1);' }
const second = { '0002-nests.sql': '-- Nests.\ncreate table nests (id int); alter table ants add column nest int;' }

test('migrations run once, in order', async (t) => {
  const { db } = await emptyDatabase(t)
  const older = await folderOf(t, first)
  const newer = await folderOf(t, { ...first, ...second, 'README.md': 'Not a migration.' })
  assert.deepEqual(await migrate(db, { folder: older }), ['0001-ants.sql'])
  assert.deepEqual(await migrate(db, { folder: newer }), ['0002-nests.sql'])
  assert.deepEqual(await migrate(db, { folder: newer }), [])
  assert.deepEqual(await db.all(sql`select number, name from schema_migrations order by number`), [
    { number: 1, name: '0001-ants.sql' },
    { number: 2, name: '0002-nests.sql' },
  ])
})

test('replicas that start at once run each migration once', async (t) => {
  const { config } = await emptyDatabase(t)
  const folder = await folderOf(t, { ...first, ...second })
  const replicas = Array.from({ length: 8 }, () => connect(config))
  t.after(() => Promise.all(replicas.map((replica) => replica.close())))
  const applied = await Promise.all(replicas.map((replica) => migrate(replica, { folder })))
  assert.deepEqual(applied.flat().sort(), ['0001-ants.sql', '0002-nests.sql'])
})

test('a failing migration leaves what was before it, and says which one failed', async (t) => {
  const { db } = await emptyDatabase(t)
  const folder = await folderOf(t, { ...first, '0002-bad.sql': 'create table half (id int); select wrong;' })
  await assert.rejects(migrate(db, { folder }), /Migration 0002-bad\.sql failed and was rolled back: column "wrong"/)
  assert.deepEqual(await db.one(sql`select to_regclass('ants')::text as ants, to_regclass('half') as half`), {
    ants: 'ants',
    half: null,
  })
})

test('a database that is newer than the code is refused', async (t) => {
  const { db } = await emptyDatabase(t)
  await migrate(db, { folder: await folderOf(t, { ...first, ...second }) })
  await assert.rejects(migrate(db, { folder: await folderOf(t, first) }), /migrated to 2 by a newer version.*up to 1/)
})

test('two migrations of one number are refused', async (t) => {
  const { db } = await emptyDatabase(t)
  const folder = await folderOf(t, { ...first, '0001-bees.sql': '' })
  await assert.rejects(migrate(db, { folder }), /each with its own number/)
})

test('our own migrations run on an empty database', async (t) => {
  const { db } = await emptyDatabase(t)
  assert.notDeepEqual(await migrate(db), [])
  assert.deepEqual(await migrate(db), [])
})
