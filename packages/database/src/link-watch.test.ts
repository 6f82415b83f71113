import assert from 'node:assert/strict'
import { connect as connectSocket, createServer, type Socket } from 'node:net'
import { Transform } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { emptyDatabase } from '@colonies/testkit'
import { connect, type DatabaseConfig } from './connect.js'
import { isConnectionFailure, isTimeout } from './errors.js'
import { sql } from './sql.js'

const suspectMs = 300
const backend = sql`select pg_backend_pid() as pid`

interface Firewall {
  config: DatabaseConfig
  /** What comes from PostgreSQL gets through so slowly. */
  throttle(bytesPerSecond: number): void
  /** Nothing passes on the connections that are open now, and nobody is told; new ones are as good as before. */
  forget(): void
}

async function firewall(t: TestContext, config: DatabaseConfig): Promise<Firewall> {
  const sockets = new Set<Socket>()
  let bytesPerSecond = Number.POSITIVE_INFINITY
  const server = createServer((near) => {
    const far = connectSocket(config.port, config.host)
    near.pipe(far)
    far
      .pipe(
        new Transform({
          highWaterMark: 1,
          transform: (chunk: Buffer, _, done) =>
            void setTimeout(() => done(null, chunk), (chunk.length / bytesPerSecond) * 1_000),
        }),
      )
      .pipe(near)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    near.on('close', () => far.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a firewall has a port')
  return {
    config: { ...config, host: '127.0.0.1', port: address.port },
    throttle(rate) {
      bytesPerSecond = rate
    },
    forget() {
      for (const socket of sockets) socket.unpipe().pause()
    },
  }
}

test('a connection that a firewall forgot is cut within seconds, with those that nobody used, and the next statement works', async (t) => {
  const { config } = await emptyDatabase(t)
  const { config: through, forget } = await firewall(t, config)
  const db = connect({ ...through, suspectMs, maxConnections: 3 })
  t.after(() => db.close())
  const three = () => Promise.all([1, 2, 3].map(() => db.one(sql`select pg_backend_pid() as pid, pg_sleep(0.1)`)))
  await three()
  forget()
  const begun = performance.now()
  await assert.rejects(db.one(backend), isConnectionFailure)
  await three() // none of the forgotten is left
  const tookMs = performance.now() - begun
  assert.ok(tookMs < 15 * suspectMs, `it took ${tookMs} ms`)
})

test('a statement whose answer never comes fails after its time, though nobody looks after its connection', async (t) => {
  const { config } = await emptyDatabase(t)
  const { config: through, forget } = await firewall(t, config)
  const db = connect({ ...through, suspectMs: 3_600_000, maxConnections: 1, statementTimeoutMs: 100 })
  t.after(() => db.close())
  await db.one(backend)
  forget()
  await assert.rejects(db.one(backend), (error) => isConnectionFailure(error) && isTimeout(error))
  assert.ok((await db.one(backend)) !== undefined, 'the next statement has another connection')
  assert.deepEqual(db.failures, { ...db.failures, timeout: 1, connection: 0 })
})

test('a statement that waits for a lock, or takes its time, keeps its connection', async (t) => {
  const { config } = await emptyDatabase(t)
  const db = connect({ ...config, suspectMs: 100, maxConnections: 2 })
  t.after(() => db.close())
  await db.run(sql`create table items (id int)`)
  const slow = await db.transaction(async (tx) => {
    await tx.run(sql`lock table items`)
    const waiting = db.run(sql`insert into items values (1)`)
    await tx.one(sql`select pg_sleep(0.8)`)
    return { waiting }
  })
  assert.equal(await slow.waiting, 1)
})

test('a large answer that is long on its way keeps its connection', async (t) => {
  const { config } = await emptyDatabase(t)
  const { config: through, throttle } = await firewall(t, config)
  const db = connect({ ...through, suspectMs, maxConnections: 1 })
  t.after(() => db.close())
  const large = sql`select repeat('x', 20000000) as text` // more than the buffers on the way hold
  await db.one(large)
  throttle(15_000_000)
  const row = await db.one<{ text: string }>(large)
  assert.equal(row?.text.length, 20_000_000)
})

test('an address that leads to a standby counts as a database that is away', async (t) => {
  const { db, config } = await emptyDatabase(t)
  // What PostgreSQL says of itself is looked up here first, in this database.
  await db.run(sql`create function public.pg_is_in_recovery() returns bool language sql as 'select true'`)
  await db.run(sql`do $$ begin
    execute format('alter database %I set search_path = public, pg_catalog', current_database()); end $$`)
  const standby = connect(config)
  t.after(() => standby.close())
  await assert.rejects(standby.one(backend), (error) => isConnectionFailure(error) && /standby/.test(String(error)))
})
