import assert from 'node:assert/strict'
import { test } from 'node:test'
import { someoneWaits, testDatabase } from '@colonies/testkit'
import { claimProcesses } from './claims.js'
import type { Db } from './db.js'
import { revokeExecutor } from './executors.js'
import { findLogs, insertLogs, type LogRow, listExecutorLogs, listProcessLogs } from './logs.js'
import { sql } from './sql.js'
import { insertProcesses } from './submissions.js'
import { anyShape, claimant, type TestColony, testColony } from './testing/colony.js'

async function running(db: Db, colony: TestColony, executor: string): Promise<string> {
  const process = colony.process()
  await insertProcesses(db, colony.key, [process], [])
  await claimProcesses(db, colony.key, anyShape, [claimant(executor)])
  return process.processId
}

const messages = (rows: readonly LogRow[]) => rows.map((row) => row.message)
const all = { since: 0n, count: 500, latest: false }

test('only the holder of a running process adds to its log, whatever else is in the batch', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['ada', 'bob'])
  const elsewhere = await testColony(db, 'lab', ['ada'])
  const processId = await running(db, colony, 'ada')
  const waiting = colony.process()
  await insertProcesses(db, colony.key, [waiting], [])
  const lines = [
    { processId, holder: 'bob-id', attempt: 0, message: 'of another' },
    { processId, holder: 'ada-id', attempt: 0, message: 'mine' },
    { processId: waiting.processId, holder: 'ada-id', attempt: 0, message: 'not running' },
    { processId: 'unknown', holder: 'ada-id', attempt: 0, message: 'unknown' },
  ]
  assert.deepEqual([...(await insertLogs(db, colony.key, lines))], [1])
  assert.deepEqual([...(await insertLogs(db, elsewhere.key, lines))], [])
  const [row, ...rest] = await listProcessLogs(db, colony.key, processId, all)
  assert.deepEqual([row?.message, row?.executor_name, rest], ['mine', 'ada', []])

  await revokeExecutor(db, colony.key, 'ada', 3)
  assert.deepEqual([...(await insertLogs(db, colony.key, lines))], [])
})

test('times grow within a batch and between batches, so that reading on misses and repeats nothing', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['ada'])
  const processId = await running(db, colony, 'ada')
  const written = Array.from({ length: 2500 }, (_, n) => `line ${n}`)
  for (const batch of [written.slice(0, 1500), written.slice(1500, 1510), written.slice(1510)])
    await insertLogs(
      db,
      colony.key,
      batch.map((message) => ({ processId, holder: 'ada-id', attempt: 0, message })),
    )
  const read: string[] = []
  let since = 0n
  for (;;) {
    const page = await listProcessLogs(db, colony.key, processId, { since, count: 99, latest: false })
    if (page.length === 0) break
    read.push(...messages(page))
    since = page.at(-1)?.added_ns ?? since
  }
  assert.deepEqual(read, written)
  const newest = await listProcessLogs(db, colony.key, processId, { since, count: 2, latest: true })
  assert.deepEqual(messages(newest), ['line 2498', 'line 2499'])
})

test('a line that is committed late comes after all that could be read before it', { timeout: 20_000 }, async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['ada'])
  const processId = await running(db, colony, 'ada')
  const line = (message: string) => ({ processId, holder: 'ada-id', attempt: 1, message })
  const read: string[] = []
  let since = 0n
  const readOn = async () => {
    const page = await listExecutorLogs(db, colony.key, 'ada', { since, count: 500, latest: false })
    read.push(...messages(page))
    since = page.at(-1)?.added_ns ?? since
  }
  let others: Promise<unknown> = Promise.resolve()
  await db.transaction(async (tx) => {
    await insertLogs(tx, colony.key, [line('slow')])
    others = Promise.all([
      insertLogs(db, colony.key, [line('of another replica')]),
      insertLogs(db, colony.key, [{ executorName: 'ada', message: 'of ada' }]),
    ])
    await Promise.race([others, someoneWaits(db)])
    await readOn()
  })
  await others
  await readOn()
  assert.deepEqual(read.sort(), ['of ada', 'of another replica', 'slow'])
})

test('times go on growing when the clock is set back', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await testColony(db, 'dev', [])
  const add = (message: string) => insertLogs(db, key, [{ executorName: 'ada', message }])
  await add('one')
  await db.run(sql`update log_clocks set last_ns = last_ns + 3600000000000`)
  await db.run(sql`update logs set added_ns = added_ns + 3600000000000`)
  await add('two')
  const rows = await listExecutorLogs(db, key, 'ada', all)
  assert.deepEqual(messages(rows), ['one', 'two'])
  assert.equal((rows[1]?.added_ns ?? 0n) - (rows[0]?.added_ns ?? 0n), 1n)
})

test('the log of an executor has its own lines and those of its processes, and none of another colony', async (t) => {
  const { db } = await testDatabase(t)
  const dev = await testColony(db, 'dev', ['ada', 'bob'])
  const lab = await testColony(db, 'lab', ['ada'])
  const processId = await running(db, dev, 'ada')
  await insertLogs(db, dev.key, [{ processId, holder: 'ada-id', attempt: 0, message: 'of a process' }])
  await insertLogs(db, dev.key, [{ executorName: 'ada', message: 'of its own' }])
  await insertLogs(db, dev.key, [{ executorName: 'bob', message: 'of bob' }])
  await insertLogs(db, lab.key, [{ executorName: 'ada', message: 'in the lab' }])
  assert.deepEqual(messages(await listExecutorLogs(db, dev.key, 'ada', all)), ['of a process', 'of its own'])
  const newest = await listExecutorLogs(db, dev.key, 'ada', { ...all, count: 1, latest: true })
  assert.deepEqual(messages(newest), ['of its own'])
})

test('a search takes the text as it stands, gives the newest lines first, and looks back so many days', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await testColony(db, 'dev', [])
  const lab = await testColony(db, 'lab', [])
  for (const message of ['old 100%', '100% done', '100 done', 'a_b', 'aXb', '50% and 100%'])
    await insertLogs(db, key, [{ executorName: 'ada', message }])
  await insertLogs(db, lab.key, [{ executorName: 'ada', message: '100% elsewhere' }])
  await db.run(sql`update logs set added_ns = added_ns - 2 * 86400000000000 where message = 'old 100%'`)
  const find = (text: string, days: number, count: number, before = 2n ** 63n - 1n) =>
    findLogs(db, key, { text, days, before, count })
  const search = async (text: string, days = 1, count = 100) => messages(await find(text, days, count))
  assert.deepEqual(await search('100%'), ['50% and 100%', '100% done'])
  assert.deepEqual(await search('100%', 3), ['50% and 100%', '100% done', 'old 100%'])
  assert.deepEqual(await search('a_b'), ['a_b'])
  assert.deepEqual(await search('DONE'), [])
  assert.deepEqual(await search('', 1, 2), ['50% and 100%', 'aXb'])
  assert.deepEqual(await search('100%', 0), [])
  const [newest] = await find('100%', 1, 1)
  assert.deepEqual(messages(await find('100%', 1, 1, newest?.added_ns)), ['100% done'])
})
