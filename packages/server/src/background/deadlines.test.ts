import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Db, insertProcesses, readHistory, sql } from '@colonies/database'
import { State } from '@colonies/protocol'
import { plainProcess, testDatabase } from '@colonies/testkit'
import { hintedCounts, upkeepColony, upkeepContext } from '../testing/upkeep.js'
import { deadlines } from './deadlines.js'
import { OverdueLooks } from './overdue-looks.js'

const passTime = (db: Db, seconds: number) =>
  db.run(sql`update live set deadline = deadline - make_interval(secs => ${seconds}::int)`)

test('a process whose exec deadline passed waits again, and fails once its retries are spent', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', ['ada'])
  const context = upkeepContext(db)
  const processId = await colony.submit({ execSeconds: 10, maxRetries: 1 })
  for (const expected of [State.waiting, State.failed]) {
    await colony.assign('ada')
    await passTime(db, 9)
    await deadlines().runOnce(context)
    assert.equal(await colony.stateOf(processId), State.running)
    await passTime(db, 2)
    assert.equal(await deadlines().runOnce(context), 'rest')
    assert.equal(await colony.stateOf(processId), expected)
  }
  assert.deepEqual(hintedCounts(context), [[colony.key, 'cli', 1]])
  assert.deepEqual(context.changed, [colony.key, colony.key])
  const reasons = (await readHistory(db, colony.key, processId, { after: 0, count: 100 })).map((event) => event.reason)
  assert.deepEqual(reasons.slice(-1), ['maxexectime'])
})

test('a process that waited too long fails, in each colony', async (t) => {
  const { db } = await testDatabase(t)
  const colonies = [await upkeepColony(db, 'one'), await upkeepColony(db, 'two')]
  const ids = await Promise.all(colonies.map((colony) => colony.submit({ waitSeconds: 10 })))
  await passTime(db, 11)
  await deadlines().runOnce(upkeepContext(db))
  for (const [place, colony] of colonies.entries()) assert.equal(await colony.stateOf(ids[place] ?? ''), State.failed)
})

test('replicas that look at the same time release and fail each process once', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', ['ada'])
  const retried: string[] = []
  for (let count = 0; count < 20; count += 1) retried.push(await colony.submit({ execSeconds: 10, maxRetries: -1 }))
  for (const _ of retried) await colony.assign('ada')
  const spent: string[] = []
  for (let count = 0; count < 20; count += 1) spent.push(await colony.submit({ waitSeconds: 10 }))
  await passTime(db, 11)
  const contexts = [1, 2, 3, 4].map(() => upkeepContext(db))
  await Promise.all(contexts.map((context) => deadlines().runOnce(context)))
  assert.deepEqual(
    contexts.flatMap((context) => context.lines).filter((line) => line.includes('level=error')),
    [],
  )
  const hinted = contexts.flatMap((context) => context.hinted).map(([, { count }]) => count)
  assert.equal(
    hinted.reduce((sum, count) => sum + count, 0),
    20,
  )
  const rows = await db.all<{ retries: number }>(sql`select retries from live where colony = ${colony.key}`)
  assert.deepEqual(rows, Array(20).fill({ retries: 1 }))
  for (const id of spent) assert.equal(await colony.stateOf(id), State.failed)
})

test('what is more than one run can do is done by the next one, also where looks are slow', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev')
  const processes = Array.from({ length: 1_001 }, () => plainProcess({ waitSeconds: 10 }))
  await insertProcesses(db, colony.key, processes, [])
  await passTime(db, 1_000)
  let nowMs = 0
  const loop = deadlines(new OverdueLooks(() => (nowMs += 30)))
  const context = upkeepContext(db)
  assert.equal(await loop.runOnce(context), 'again')
  assert.equal(await loop.runOnce(context), 'rest')
  assert.equal(await db.one(sql`select from live where colony = ${colony.key}`), undefined)
})
