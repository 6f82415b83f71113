import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { notify } from '@colonies/database'
import { type TestDatabase, testDatabase } from '@colonies/testkit'
import { changesMs, createHints, type Hints } from './hints.js'
import { Metrics } from './http/metrics.js'
import { createLog } from './log.js'

/** A replica that writes down what it hears; `heard` waits for so many lines. */
async function replica(t: TestContext, { db, config }: TestDatabase, replicaId: string) {
  const lines: string[] = []
  const waiting = new Set<() => void>()
  const note = (line: string) => {
    lines.push(line)
    for (const look of waiting) look()
  }
  const heard = (line: string) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (lines.includes(line)) resolve()
      }
      waiting.add(look)
      look()
    })
  const signs: string[] = []
  const metrics = new Metrics()
  t.after(() => metrics.close())
  const hints: Hints = createHints({
    db,
    metrics,
    config,
    replicaId,
    log: createLog({ level: 'error' }),
    receiver: {
      heard: () => void signs.push(replicaId),
      directory: () => note('directory'),
      changed: (colony) => note(`changed ${colony}`),
      appended: (colony, tags) => note(`appended ${colony} ${tags.join()}`),
      ready: (colony, [line]) => note(['ready', colony, line?.executorType, line?.count, line?.from].join(' ').trim()),
      missed: () => note('listening'),
    },
  })
  let closed: Promise<void> | undefined
  const close = () => (closed ??= hints.close())
  t.after(close)
  await heard('listening')
  return { hints, heard, lines, signs, close }
}

test('replicas hear each other, not themselves, and many hints are one message', async (t) => {
  const database = await testDatabase(t)
  const ada = await replica(t, database, 'ada')
  const bob = await replica(t, database, 'bob')
  for (let i = 0; i < 5; i++) {
    ada.hints.changed(1, 1)
    ada.hints.ready(1, [
      { executorType: 'cli', count: 2 },
      { executorType: 'gpu', count: 1 },
    ])
  }
  ada.hints.directory()
  await bob.heard('ready 1 gpu 5')
  assert.deepEqual(bob.lines, ['listening', 'directory', 'changed 1', 'ready 1 cli 10', 'ready 1 gpu 5'])
  bob.hints.changed(2, 1)
  await ada.heard('changed 2')
  assert.deepEqual(ada.lines, ['listening', 'changed 2'])
  assert.deepEqual([ada.signs.length, bob.signs.length], [1, 1], 'what one says itself is no sign of others')
  await Promise.all([ada.close(), bob.close()])
})

test('where it is known since when something waits, others hear it exactly, also for a high priority', async (t) => {
  const database = await testDatabase(t)
  const ada = await replica(t, database, 'ada')
  const bob = await replica(t, database, 'bob')
  ada.hints.ready(1, [{ executorType: 'cli', count: 1, from: -6_880_000_000_000_000_001n }])
  await bob.heard('ready 1 cli 1 -6880000000000000001')
  await Promise.all([ada.close(), bob.close()])
})

test('more than one message can hold comes in several', async (t) => {
  const database = await testDatabase(t)
  const ada = await replica(t, database, 'ada')
  const bob = await replica(t, database, 'bob')
  const types = Array.from({ length: 300 }, (_, place) => `${place}-${'x'.repeat(100)}`)
  ada.hints.directory()
  ada.hints.ready(
    7,
    types.map((executorType) => ({ executorType, count: 1 })),
  )
  await bob.heard(`ready 7 ${types.at(-1)} 1`)
  assert.equal(bob.lines.length, 302)
  await Promise.all([ada.close(), bob.close()])
})

test('what others write to the channel does no harm', async (t) => {
  const database = await testDatabase(t)
  const ada = await replica(t, database, 'ada')
  const bob = await replica(t, database, 'bob')
  const huge = '{"ready":[[1,"cli",1,"-9223372036854775809"]]}'
  for (const payload of ['', 'null', '{"changed":1}', '[', '{"ready":[1]}', '{"ready":[[1,"cli",1,"x"]]}', huge])
    await notify(database.db, 'colonies', payload)
  bob.hints.changed(3, 1)
  await ada.heard('changed 3')
  assert.deepEqual(ada.lines, ['listening', 'changed 3'])
  await Promise.all([ada.close(), bob.close()])
})

test('a replica hears as much of a hundred others as of ten', () => {
  const heardEachSecond = (others: number) => (others * 1_000) / changesMs(others)
  assert.deepEqual([1, 10, 100, 190].map(heardEachSecond), [20, 200, 200, 200])
  assert.equal(changesMs(10_000), 1_000, 'they look for themselves as often')
})
