import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '@colonies/database'
import { testDatabase } from '@colonies/testkit'
import { allRead } from './after-reading.js'
import { Batcher } from './batcher.js'
import { Paces } from './pace.js'

const bounds = { itemsMax: 100, flushesMax: 1, bytesOf: () => 1, bytesMax: 1000, waitingMax: 100 }

/** Adds items in one turn, so that they come in one batch. @returns what became of each */
async function outcomes(batcher: Batcher<number, number>, items: readonly number[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(items.map((item) => batcher.add(1, item)))
  return settled.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.code))
}

test('an item that cannot be stored fails alone', async (t) => {
  const { db } = await testDatabase(t)
  const batcher = new Batcher<number, number>({
    ...bounds,
    async flush(_, items) {
      await db.one(sql`select 1 / i from unnest(${items}::int[]) i`)
      return items
    },
  })
  assert.deepEqual(await outcomes(batcher, [1, 2, 0, 4, 5]), [1, 2, '22012', 4, 5])
})

test('a batch that the database has no time for fails as a whole, at once', async (t) => {
  const { db } = await testDatabase(t)
  let flushes = 0
  const batcher = new Batcher<number, number>({
    ...bounds,
    async flush(_, items) {
      flushes += 1
      await db.transaction(async (tx) => {
        await tx.run(sql`set local statement_timeout = 1`)
        await tx.run(sql`select pg_sleep(10)`)
      })
      return items
    },
  })
  assert.deepEqual(await outcomes(batcher, [1, 2, 3]), ['57014', '57014', '57014'])
  assert.equal(flushes, 1)
})

test('colonies that send without end leave places for the others', async () => {
  let release = () => {}
  const stored = new Promise<void>((resolve) => {
    release = resolve
  })
  const batcher = new Batcher<number, number>({ ...bounds, flush: (_, items) => stored.then(() => items) })
  const adds: Promise<number>[] = []
  const flood = (colony: number) => adds.push(...Array.from({ length: 100 }, (_, n) => batcher.add(colony, n)))
  for (const colony of [1, 2, 3]) flood(colony)
  adds.push(batcher.add(4, 0))
  release()
  const settled = await Promise.allSettled(adds)
  const taken = [0, 100, 200].map((from) =>
    settled.slice(from, from + 100).filter(({ status }) => status === 'fulfilled'),
  )
  assert.deepEqual(
    taken.map((one) => one.length),
    [50, 25, 13],
  )
  assert.equal(settled[300]?.status, 'fulfilled')
  await batcher.drained()
  assert.equal(await batcher.add(1, 7), 7)
})

test('with enough calls a flush begins at once, and the others form the next one', async () => {
  const flushes: number[][] = []
  const flush = async (_: number, items: number[]) => {
    flushes.push(items)
    await allRead()
    return items
  }
  const batcher = new Batcher<number, number>({ ...bounds, enoughCalls: 3, flush })
  assert.deepEqual(await outcomes(batcher, [1, 2, 3, 4, 5]), [1, 2, 3, 4, 5])
  assert.deepEqual(await outcomes(batcher, [6, 7]), [6, 7])
  assert.deepEqual(flushes.splice(0), [
    [1, 2, 3],
    [4, 5],
    [6, 7],
  ])
  const ofOneCall = [1, 2, 3, 4].map((item, place) => batcher.add(1, item, place === 0 ? 1 : 0))
  await Promise.all(ofOneCall)
  assert.deepEqual(flushes, [[1, 2, 3, 4]])
  assert.equal(batcher.waiting, 0)
})

test('a flush for few waits for those who were answered a moment ago', async (t) => {
  let nowMs = 1_000
  t.mock.timers.enable({ apis: ['setTimeout'] })
  t.mock.method(performance, 'now', () => nowMs)
  const settle = async () => {
    for (let turn = 0; turn < 10; turn++) await allRead()
  }
  const pass = async (ms: number) => {
    await settle()
    nowMs += ms
    t.mock.timers.tick(ms)
    await settle()
  }
  const sizes: number[] = []
  const batcher = new Batcher<number, number>({
    ...bounds,
    paces: new Paces(() => true),
    async flush(_, items) {
      sizes.push(items.length)
      nowMs += 3
      return items
    },
  })
  await outcomes(
    batcher,
    Array.from({ length: 12 }, (_, n) => n),
  )
  const first = batcher.add(1, 1)
  await pass(5)
  const second = batcher.add(1, 2)
  await pass(0)
  assert.deepEqual(sizes, [12])
  await pass(1)
  assert.deepEqual(await Promise.all([first, second]), [1, 2])
  assert.deepEqual(sizes, [12, 2])
  const more = Array.from({ length: 12 }, (_, n) => batcher.add(1, n))
  await pass(0)
  assert.deepEqual(sizes, [12, 2, 12], 'enough of them do not wait')
  await Promise.all(more)
})
