import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from '@colonies/client'
import { connect, sql, withClient } from '@colonies/database'
import { testColony, testServer } from '@colonies/testkit'
import { openStage } from '../chaos/stage/stage.js'
import { startPgBouncer } from './pgbouncer.js'

const WORK = 120

interface Setting {
  name: string
  setting: string
}

test('replicas behind PgBouncer in transaction mode give each process out once, and hear each other', async (t) => {
  const { stage, close } = openStage({ say: (line) => t.diagnostic(line) })
  t.after(close)
  const server = await testServer()
  const bouncer = await startPgBouncer(server)
  stage.atEnd(() => bouncer.stop())
  const colony = await testColony(stage.scope, {
    env: { COLONIES_DB_PORT: String(bouncer.port), COLONIES_DB_LISTEN_PORT: String(server.port) },
  })
  const other = await colony.anotherReplica()
  const names = Array.from({ length: 12 }, (_, number) => `e${number}`)
  const executors = await Promise.all(names.map((name) => colony.executor(name)))

  const submitted = await Promise.all(Array.from({ length: WORK }, () => colony.submit()))
  const done = await Promise.all(
    executors.map(async (executor) => {
      const own: string[] = []
      for (;;) {
        const process = await executor.waitForProcess({ colonyname: colony.name, timeout: -1 })
        if (!process) return own
        await executor.closeSuccessful({ processid: process.processid, out: [] })
        own.push(process.processid)
      }
    }),
  )
  assert.deepEqual(done.flat().sort(), submitted.sort())

  // No loop looks after those who wait: only a hint of the other replica, heard on the connection around PgBouncer, wakes them.
  const waiting = executors[0]?.waitForProcess({ colonyname: colony.name, timeout: 20 })
  const elsewhere = createClient({ endpoint: other.url, privateKey: colony.keys.user, retry: { forMs: 20_000 } })
  const conditions = { colonyname: colony.name, executortype: 'cli' }
  const { processid } = await elsewhere.submit({ spec: { funcname: 'f', conditions } })
  assert.equal((await waiting)?.processid, processid)
})

test('one connection of PgBouncer serves many, with the settings that our statements need', async (t) => {
  const { stage, close } = openStage({ say: (line) => t.diagnostic(line) })
  t.after(close)
  const server = await testServer()
  const bouncer = await startPgBouncer(server)
  stage.atEnd(() => bouncer.stop())
  const pooled = { ...server, port: bouncer.port, maxConnections: 20 }
  const direct = connect(server)
  stage.atEnd(() => direct.close())
  const ours = await direct.all<Setting>(sql`
    select name, setting from pg_settings where source = 'session'
      and name not in ('TimeZone', 'DateStyle', 'client_min_messages', 'application_name') order by name`)
  assert.ok(ours.length >= 8, `only ${ours.length} settings`)
  await withClient(pooled, async (client) => {
    const text = 'select name, setting from pg_settings where name = any($1) order by name'
    const { rows } = await client.query({ text, values: [ours.map(({ name }) => name)] })
    assert.deepEqual(rows, ours)
  })

  const db = connect(pooled)
  stage.atEnd(() => db.close())
  const numbers = Array.from({ length: 400 }, (_, number) => number)
  const answers = await Promise.all(
    numbers.map((number) =>
      number % 4
        ? db.one<{ number: number }>(sql`select ${number}::int as number`)
        : db.transaction(async (tx) => tx.one<{ number: number }>(sql`select ${number}::int + 0 as number`)),
    ),
  )
  assert.deepEqual(
    answers.map((row) => row?.number),
    numbers,
  )
})
