import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { emptyDatabase } from '@colonies/testkit'
import { connect } from './connect.js'
import type { Db } from './db.js'
import { isConnectionFailure, isUniqueViolation } from './errors.js'
import { sql } from './sql.js'

const backend = sql`select pg_backend_pid() as pid`
const nowhere = { host: '127.0.0.1', port: 1, user: 'x', password: 'x', database: 'x' }

test('columns arrive as exact text, bigint and number', async (t) => {
  const { db } = await emptyDatabase(t)
  const row = await db.one(sql`select
    '2026-11-21 02:10:56.6200+02'::timestamptz as at, 9007199254740993 as big, 7 as small, null as nothing,
    '{"b":1.0,"a":2}'::json as json, '[1]'::jsonb as jsonb, '2026-11-21'::date as day,
    array['2026-11-21 00:00:00+00'::timestamptz, null] as times, array[9007199254740993] as bigs`)
  assert.deepEqual(row, {
    at: '2026-11-21T00:10:56.62Z',
    big: 9007199254740993n,
    small: 7,
    nothing: null,
    json: '{"b":1.0,"a":2}',
    jsonb: '[1]',
    day: '2026-11-21',
    times: ['2026-11-21T00:00:00Z', null],
    bigs: [9007199254740993n],
  })
})

test('whatever a text holds, it is a value', async (t) => {
  const { db } = await emptyDatabase(t)
  const texts = [`'; drop table x; --`, '{"a":"\\"}"}', 'NULL', '', '\\', '🐜', '{,}']
  assert.deepEqual(await db.one(sql`select ${texts}::text[] as texts, ${texts[0] ?? ''} as first`), {
    texts,
    first: texts[0],
  })
})

test('all gives rows, one the first or undefined, run how many were written', async (t) => {
  const { db } = await emptyDatabase(t)
  assert.equal(await db.run(sql`create table items as select generate_series(1, 3) as id`), 3)
  assert.deepEqual(await db.all(sql`select id from items order by id limit ${2}`), [{ id: 1 }, { id: 2 }])
  assert.deepEqual(await db.one(sql`select id from items order by id desc`), { id: 3 })
  assert.equal(await db.one(sql`select id from items where id = ${4}`), undefined)
  assert.equal(await db.run(sql`delete from items where id > ${1}`), 2)
})

test('each connection is set up for short statements that walk an index', async (t) => {
  const { db } = await emptyDatabase(t)
  const settings = await db.all<{ name: string; setting: string }>(sql`
    select name, setting from pg_settings where name = any(${['TimeZone', 'jit', 'enable_seqscan', 'plan_cache_mode']})`)
  assert.deepEqual(Object.fromEntries(settings.map(({ name, setting }) => [name, setting])), {
    TimeZone: 'UTC',
    jit: 'off',
    enable_seqscan: 'off',
    plan_cache_mode: 'force_generic_plan',
  })
})

test('a transaction commits what it did, or nothing when its work throws', async (t) => {
  const { db } = await emptyDatabase(t)
  await db.run(sql`create table items (id int primary key)`)
  await db.transaction(async (tx) => {
    await tx.run(sql`insert into items values (1)`)
    await tx.transaction((nested) => nested.run(sql`insert into items values (2)`))
  })
  const refused = db.transaction(async (tx) => {
    await tx.run(sql`insert into items values (3)`)
    throw new Error('no')
  })
  await assert.rejects(refused, { message: 'no' })
  assert.deepEqual(await db.all(sql`select id from items order by id`), [{ id: 1 }, { id: 2 }])
})

test('a transaction that goes on after a refused statement says that nothing was committed', async (t) => {
  const { db } = await emptyDatabase(t)
  const work = db.transaction(async (tx) => {
    await tx.run(sql`select 1 / 0`).catch(() => {})
  })
  await assert.rejects(work, /Nothing was committed/)
})

test('a statement that comes after the end of its transaction is refused', async (t) => {
  const { db } = await emptyDatabase(t)
  const leaked: Db = await db.transaction(async (tx) => tx)
  await assert.rejects(leaked.one(backend), /has ended/)
})

test('two transactions that deadlock both succeed, one of them at the second try', async (t) => {
  const { db } = await emptyDatabase(t)
  await db.run(sql`create table items as select id, 0 as n from generate_series(1, 2) id`)
  let tries = 0
  let bothHoldOne = () => {}
  const holding = new Promise<void>((resolve) => {
    bothHoldOne = resolve
  })
  const addTo = (first: number, second: number) =>
    db.transaction(async (tx) => {
      tries++
      await tx.run(sql`set local deadlock_timeout = '10ms'`)
      await tx.run(sql`update items set n = n + 1 where id = ${first}`)
      if (tries === 2) bothHoldOne()
      await holding
      await tx.run(sql`update items set n = n + 1 where id = ${second}`)
    })
  await Promise.all([addTo(1, 2), addTo(2, 1)])
  assert.equal(tries, 3)
  assert.deepEqual(await db.all(sql`select id, n from items order by id`), [
    { id: 1, n: 2 },
    { id: 2, n: 2 },
  ])
})

test('a refused statement keeps its connection', async (t) => {
  const { config } = await emptyDatabase(t)
  const db = connect({ ...config, maxConnections: 1 })
  t.after(() => db.close())
  await db.run(sql`create table items (id int constraint items_once unique)`)
  const before = await db.one(backend)
  const twice = db.run(sql`insert into items values (1), (1)`)
  await assert.rejects(twice, (error) => {
    assert.ok(isUniqueViolation(error) && isUniqueViolation(error, 'items_once'))
    return !isUniqueViolation(error, 'another') && !isConnectionFailure(error)
  })
  assert.deepEqual(await db.one(backend), before)
})

test('a statement that takes too long is cancelled', async (t) => {
  const { config } = await emptyDatabase(t)
  const db = connect({ ...config, statementTimeoutMs: 20 })
  t.after(() => db.close())
  await assert.rejects(db.run(sql`select pg_sleep(60)`), { code: '57014' })
})

test('a statement whose columns a migration changed is prepared again', async (t) => {
  const { db } = await emptyDatabase(t)
  await db.run(sql`create table items as select 1 as id`)
  const read = () => Promise.all([1, 2, 3].map(() => db.one(sql`select * from items`)))
  await read()
  await db.run(sql`alter table items add column label text default 'new'`)
  assert.deepEqual(await read(), Array(3).fill({ id: 1, label: 'new' }))
})

test('connections that were ended from outside, idle or not, are replaced', async (t) => {
  const { db, config } = await emptyDatabase(t)
  const other = connect(config)
  t.after(() => other.close())
  await Promise.all(Array.from({ length: 5 }, () => db.one(backend)))
  await other.run(sql`create table items as select 1 as id`)
  const increment = sql`update items set id = id + 1`
  await other.transaction(async (tx) => {
    await tx.run(increment)
    const waiting = assert.rejects(db.run(increment), isConnectionFailure)
    await untilSomebodyWaitsFor(tx)
    await tx.one(sql`select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`)
    await waiting
  })
  const used = await Promise.all(Array.from({ length: 5 }, () => db.one<{ pid: number }>(backend)))
  assert.equal(new Set(used.map((row) => row?.pid)).size, 5)
})

async function untilSomebodyWaitsFor(tx: Db): Promise<void> {
  for (const end = Date.now() + 5_000; ; ) {
    if (await tx.one(sql`select from pg_locks where not granted and transactionid = pg_current_xact_id()::xid`)) return
    assert.ok(Date.now() < end, 'nobody waited for this transaction')
  }
}

test('nobody waits for a connection for ever', async (t) => {
  const { config } = await emptyDatabase(t)
  const db = connect({ ...config, maxConnections: 1, acquireTimeoutMs: 50 })
  t.after(() => db.close())
  await db.transaction(() => assert.rejects(db.one(backend), isConnectionFailure))
  assert.ok(await db.one(backend))
})

test('a file that is not there is no connection failure, the socket of a server is', async () => {
  await assert.rejects(readFile('/nowhere/at/all'), (error) => !isConnectionFailure(error))
  const absent = connect({ ...nowhere, host: '/nowhere' })
  await assert.rejects(absent.one(sql`select 1`), isConnectionFailure)
  await absent.close()
})

test('a database that is not there is a connection failure', async (t) => {
  const db = connect(nowhere)
  t.after(() => db.close())
  await assert.rejects(db.one(backend), isConnectionFailure)
})
