import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { emptyDatabase } from '@colonies/testkit'
import type { DatabaseConfig } from './connect.js'
import { createListener, notify } from './listen.js'
import { sql } from './sql.js'

const CHANNEL = 'Hints of "ants"'
const atMost = (t: TestContext) => ({ signal: AbortSignal.any([t.signal, AbortSignal.timeout(10_000)]) })

function listenTo(t: TestContext, config: DatabaseConfig) {
  const heard = new EventEmitter()
  const listener = createListener(
    config,
    CHANNEL,
    (payload) => heard.emit('message', payload),
    () => heard.emit('listening'),
  )
  t.after(() => listener.close())
  return { heard, listener }
}

test('a listener hears its channel, and hears again after its connection was lost', async (t) => {
  const { db, config } = await emptyDatabase(t)
  const { heard } = listenTo(t, config)
  await once(heard, 'listening', atMost(t))
  for (const payload of ['first', 'second']) {
    const message = once(heard, 'message', atMost(t))
    await notify(db, 'another channel', 'not for us')
    await notify(db, CHANNEL, payload)
    assert.deepEqual(await message, [payload])

    const again = once(heard, 'listening', atMost(t))
    await db.run(sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and query like 'listen %'`)
    await again
  }
})

test('a closed listener calls nobody and leaves no connection', async (t) => {
  const { db, config } = await emptyDatabase(t)
  const { heard, listener } = listenTo(t, config)
  await once(heard, 'listening', atMost(t))
  heard.on('message', () => assert.fail('called after it was closed'))
  await listener.close()
  await notify(db, CHANNEL, 'too late')
  const gone = sql`select pg_terminate_backend(pid, 5000) from pg_stat_activity
    where datname = current_database() and query like 'listen %'`
  assert.deepEqual(await db.all(gone), [])
})

test('a listener for a database that is not there can be closed', async (t) => {
  const { listener } = listenTo(t, { host: '127.0.0.1', port: 1, user: 'x', password: 'x', database: 'x' })
  await listener.close()
})
