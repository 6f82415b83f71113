import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyDatabase } from '@colonies/testkit'
import { connect } from './connect.js'
import { sql } from './sql.js'

/** PostgreSQL raises it as if it had met it by itself. */
const raise = (code: string) => `do $$ begin raise exception using errcode = '${code}'; end $$`

test('what goes wrong with the database is counted by its kind', async (t) => {
  const { db, config } = await emptyDatabase(t)
  await db.run(sql`create table names (name text primary key)`)
  await db.run(sql`insert into names values ('ada')`)
  const none = { connection: 0, serialization: 0, disk_full: 0, timeout: 0, other: 0 }
  assert.deepEqual(db.failures, none)
  const fail = (text: string) => assert.rejects(db.transaction((tx) => tx.script(text)))

  await assert.rejects(db.run(sql`insert into names values ('ada')`))
  assert.deepEqual(db.failures, none, 'that a name is taken is an answer')
  await fail(raise('53100'))
  await fail('select pg_terminate_backend(pg_backend_pid())')
  await fail("set local statement_timeout = '10ms'; select pg_sleep(10)")
  await fail('select 1 / 0')
  assert.deepEqual(db.failures, { ...none, disk_full: 1, connection: 1, timeout: 1, other: 1 })

  let attempts = 0
  await db.transaction(async (tx) => {
    if (++attempts < 3) await tx.script(raise('40001'))
  })
  assert.equal(db.failures.serialization, 2, 'also what was done again, and then worked')

  const nowhere = connect({ ...config, port: 1 })
  t.after(() => nowhere.close())
  await assert.rejects(nowhere.run(sql`select`))
  assert.deepEqual(nowhere.failures, { ...none, connection: 1 })
})

test('silence begins with a statement, and lasts until one is answered', async (t) => {
  const { db } = await emptyDatabase(t)
  let now = 10_000 // whole milliseconds, so that sums of them are exact
  t.mock.method(performance, 'now', () => now)
  await db.run(sql`select`)
  now += 5_000
  assert.equal(db.silentMs, 0, 'nothing was asked')
  const cut = () => assert.rejects(db.run(sql`select pg_terminate_backend(pg_backend_pid())`))
  await cut()
  now += 5_000
  const answer = db.run(sql`select`)
  assert.equal(db.silentMs, 5_000)
  await answer
  assert.equal(db.silentMs, 0)
  await cut()
  await assert.rejects(db.run(sql`select 1 / 0`))
  assert.equal(db.silentMs, 0, 'what is wrong with a statement is an answer')
})
