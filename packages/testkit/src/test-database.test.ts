import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '@colonies/database'
import { emptyDatabase, testDatabase } from './test-database.js'
import { startTestServer } from './test-server.js'

const tables = sql`select count(*)::int as count from pg_tables where schemaname = 'public'`
const databases = sql`select datname as name from pg_database where datname like 'test_%'`

test('each test gets a migrated database of its own, which is gone afterwards', async (t) => {
  const names: string[] = []
  for (const _ of [1, 2]) {
    await t.test('inner', async (inner) => {
      const { db, config } = await testDatabase(inner)
      names.push(config.database)
      const row = await db.one<{ count: number }>(tables)
      assert.ok(row && row.count > 1)
      await db.run(sql`create table left_behind ()`)
    })
  }
  assert.equal(new Set(names).size, 2)
  const { db } = await emptyDatabase(t)
  const left = await db.all<{ name: string }>(databases)
  assert.deepEqual(
    left.filter(({ name }) => names.includes(name)),
    [],
  )
})

test('an empty database has no tables', async (t) => {
  const { db } = await emptyDatabase(t)
  assert.deepEqual(await db.one(tables), { count: 0 })
})

test('a test server tells other processes how to reach it', async () => {
  const { env, stop } = await startTestServer()
  assert.deepEqual(Object.keys(env), [
    'COLONIES_TEST_DB_HOST',
    'COLONIES_TEST_DB_PORT',
    'COLONIES_TEST_DB_USER',
    'COLONIES_TEST_DB_PASSWORD',
  ])
  await stop()
})
