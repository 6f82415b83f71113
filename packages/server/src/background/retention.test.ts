import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  cancelProcess,
  closeFailed,
  closeSuccessful,
  countColony,
  type Db,
  databaseTimeMs,
  findGraph,
  idAt,
  insertGraph,
  listPartitions,
  makePartitions,
  sql,
} from '@colonies/database'
import { newId } from '@colonies/identity'
import { State } from '@colonies/protocol'
import { executorIdOf, plainProcess, testDatabase } from '@colonies/testkit'
import { say, type UpkeepColony, upkeepColony, upkeepContext } from '../testing/upkeep.js'
import { counters } from './counters.js'
import { retention } from './retention.js'

const DAY_MS = 86_400_000
const POLICY_SECONDS = 30 * 86_400
const policy = { COLONIES_RETENTION: 'true', COLONIES_RETENTION_POLICY: String(POLICY_SECONDS) }
const loop = retention(() => true)

/** Everything that ended did so a while earlier. */
async function passTime(db: Db, days: number): Promise<void> {
  await db.run(sql`update results set ended_at = ended_at - make_interval(days => ${days}::int)`)
  await db.run(sql`update graphs set ended_at = ended_at - make_interval(days => ${days}::int)`)
  await db.run(sql`update logs set added_ns = added_ns - ${BigInt(days * DAY_MS)}::bigint * 1000000`)
}

/** Counts first, as a server does all the time: what is not counted yet stays. */
async function forget(db: Db): Promise<void> {
  const context = upkeepContext(db, policy)
  // Transactions of other tests may hide the newest events for a moment.
  const uncounted = () =>
    db.one(sql`select 1 from events e left join counters c on c.colony = e.colony
      where e.colony > 0 and e.xact >= coalesce(c.counted_to, '0'::xid8)`)
  for (const giveUpAt = Date.now() + 30_000; (await uncounted()) !== undefined; ) {
    assert.ok(Date.now() < giveUpAt, 'the events are never counted')
    await counters.runOnce(context)
  }
  for (let runs = 0; (await loop.runOnce(context)) === 'again'; runs += 1) assert.ok(runs < 100)
}

/** A process id of some days ago. */
const idOfAge = (nowMs: number, days: number) => idAt(nowMs - days * DAY_MS) + newId().slice(12)

async function end(db: Db, { key }: UpkeepColony, processId: string): Promise<void> {
  await closeSuccessful(db, key, [{ processId, holder: executorIdOf('ada'), attempt: 0, output: null }])
}

async function runAndEnd(db: Db, colony: UpkeepColony): Promise<string> {
  const processId = (await colony.assign('ada'))?.process_id ?? ''
  await end(db, colony, processId)
  return processId
}

/** A graph of two nodes, one after the other. */
async function submitChain(db: Db, { key }: UpkeepColony, ids: readonly [string, string]): Promise<string> {
  const graphId = idAt(Number.parseInt(ids[0].slice(0, 12), 16)) + newId().slice(12)
  const [first, second] = ids
  await insertGraph(db, key, {
    graphId,
    initiatorId: 'user-id',
    initiatorName: 'user',
    requestId: null,
    cron: null,
    attributes: [],
    nodes: [
      { process: plainProcess({ processId: first }), parents: [], children: [second], input: null },
      { process: plainProcess({ processId: second }), parents: [first], children: [], input: null },
    ],
  })
  return graphId
}

test('what ended longer ago than the policy goes, whatever its end, and leaves the counters', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', ['ada'])
  const waiting: string[] = []
  for (let count = 0; count < 5; count += 1) waiting.push(await colony.submit())
  const succeeded = await runAndEnd(db, colony)
  const failed = (await colony.assign('ada'))?.process_id ?? ''
  await closeFailed(db, colony.key, [{ processId: failed, holder: executorIdOf('ada'), attempt: 0, errors: null }])
  const cancelled = waiting[2] ?? ''
  await cancelProcess(db, colony.key, cancelled)
  await db.run(sql`
    insert into logs (colony, process_id, executor_name, message, added_ns)
    values (${colony.key}, '', 'ada', 'old', ${BigInt(Date.now()) * 1_000_000n}::bigint)`)
  await passTime(db, 60)
  const recent = await runAndEnd(db, colony)
  await forget(db)
  for (const id of [succeeded, failed, cancelled]) assert.equal(await colony.stateOf(id), undefined)
  assert.equal(await colony.stateOf(recent), State.success)
  assert.equal(await colony.stateOf(waiting[4] ?? ''), State.waiting)
  const {
    waiting: still,
    success,
    failed: failures,
    cancelled: cancels,
  } = (await countColony(db, colony.key)).processes
  assert.deepEqual([still, success, failures, cancels], [1, 1, 0, 0])
  assert.equal(await db.run(sql`select 1 from logs`), 0)
  const ids = await db.all<{ process_id: string }>(sql`
    select process_id from events where colony > 0
    union select process_id from process_specs where colony > 0`)
  assert.deepEqual(new Set(ids.map((row) => row.process_id)), new Set([recent, waiting[4]]))
})

test('a graph goes as a whole, and no node of one that is not over', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', ['ada'])
  const now = await databaseTimeMs(db)
  const ofOver = [idOfAge(now, 61), idOfAge(now, 61)] as const
  const over = await submitChain(db, colony, ofOver)
  await runAndEnd(db, colony)
  await runAndEnd(db, colony)
  const ofOpen = [idOfAge(now, 61), idOfAge(now, 61)] as const
  const open = await submitChain(db, colony, ofOpen)
  await runAndEnd(db, colony)
  await passTime(db, 60)
  await forget(db)
  assert.equal(await findGraph(db, colony.key, over), undefined)
  for (const id of ofOver) assert.equal(await colony.stateOf(id), undefined)
  assert.equal((await findGraph(db, colony.key, open))?.state, State.running)
  assert.equal(await colony.stateOf(ofOpen[0]), State.success)
  assert.equal(await colony.stateOf(ofOpen[1]), State.waiting)
  assert.equal(await db.run(sql`select 1 from edges where colony > 0`), 1)
  assert.equal(await db.run(sql`select 1 from graph_nodes where colony > 0`), 2)
})

test('channels go with their processes, alone, in graphs or in whole partitions', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', ['ada'])
  const now = await databaseTimeMs(db)
  const day = Math.floor(now / DAY_MS) * DAY_MS - 60 * DAY_MS
  await makePartitions(db, { suffix: 'old', low: idAt(day), high: idAt(day + DAY_MS) })
  const channels = '["chat"]'
  await colony.submit({ channels, processId: idAt(day + DAY_MS / 2) + newId().slice(12) })
  await colony.submit({ channels, processId: idOfAge(now, 55) })
  const node = idOfAge(now, 50)
  await submitChain(db, colony, [node, idOfAge(now, 50)])
  for (let count = 0; count < 3; count++) {
    const id = (await colony.assign('ada'))?.process_id ?? ''
    assert.ok(await say(db, colony.key, id, 'hello'))
    await end(db, colony, id)
  }
  await runAndEnd(db, colony)
  const kept = await colony.submit({ channels })
  await say(db, colony.key, kept, 'hello')
  await passTime(db, 45)
  await forget(db)
  assert.deepEqual(await listPartitions(db), [])
  assert.deepEqual(await db.all(sql`select process_id from channels where colony > 0`), [{ process_id: kept }])
  const dropped = await db.one<{ count: number }>(sql`select count(*)::int as count from dropped_channels`)
  assert.equal(dropped?.count, 3)
})

test('a partition is dropped when nothing needs it any more', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', ['ada'])
  const now = await databaseTimeMs(db)
  const day = Math.floor(now / DAY_MS) * DAY_MS - 60 * DAY_MS
  await makePartitions(db, { suffix: 'first', low: idAt(day), high: idAt(day + DAY_MS) })
  await makePartitions(db, { suffix: 'second', low: idAt(day + DAY_MS), high: idAt(day + 2 * DAY_MS) })
  const suffixes = async () => (await listPartitions(db)).map(({ suffix }) => suffix)
  const idWithin = (days: number) => idAt(day + days * DAY_MS) + newId().slice(12)

  const kept = await colony.submit({ processId: idWithin(0.5) })
  const held = (await colony.assign('ada'))?.process_id
  assert.equal(held, kept)
  const graph = await submitChain(db, colony, [idWithin(0.9), idWithin(1.1)])
  await runAndEnd(db, colony)
  await runAndEnd(db, colony)
  for (let count = 0; count < 3; count += 1) await colony.submit({ processId: idWithin(1.5) })
  for (let count = 0; count < 3; count += 1) await runAndEnd(db, colony)
  await passTime(db, 60)
  await forget(db)
  // The second went with its processes; the graph reached into both and is gone; the first has a live process.
  assert.deepEqual(await suffixes(), ['first'])
  assert.equal(await findGraph(db, colony.key, graph), undefined)
  assert.equal(await colony.stateOf(kept), State.running)
  assert.equal((await countColony(db, colony.key)).processes.success, 0)
  assert.equal(await db.run(sql`select 1 from graph_nodes where colony > 0`), 0)

  await end(db, colony, kept)
  await forget(db)
  assert.deepEqual(await suffixes(), ['first'], 'it ended just now')
  await passTime(db, 60)
  await forget(db)
  assert.deepEqual(await suffixes(), [])
  const { running, success } = (await countColony(db, colony.key)).processes
  assert.deepEqual({ running, success }, { running: 0, success: 0 })
})

test('nothing is forgotten without a policy, or where another replica leads', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', ['ada'])
  await colony.submit()
  const processId = await runAndEnd(db, colony)
  await passTime(db, 1000)
  await loop.runOnce(upkeepContext(db))
  await retention(() => false).runOnce(upkeepContext(db, policy))
  assert.equal(await colony.stateOf(processId), State.success)
})
