import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '@colonies/testkit'
import { claimProcesses } from './claims.js'
import { countColony } from './counters.js'
import type { Db } from './db.js'
import {
  approveExecutor,
  beat,
  findExecutor,
  insertExecutor,
  listExecutors,
  type NewExecutor,
  replaceExecutor,
  revokeExecutor,
  setExecutorId,
} from './executors.js'
import { listFunctions, upsertFunction } from './functions.js'
import { lostBy, readStandings } from './processes.js'
import type { ReadyLine } from './ready-lines.js'
import { giveBack } from './releases.js'
import { readMemberships } from './rights.js'
import { countServer } from './server-identity.js'
import { sql } from './sql.js'
import { insertProcesses } from './submissions.js'
import { anyShape, claimant, type TestColony, testColony } from './testing/colony.js'

const first = { executor: '', function: '' }

const executor = (name: string, changes: Partial<NewExecutor> = {}): NewExecutor => ({
  name,
  executor_id: `${name}-id`,
  executor_type: 'cli',
  location: '',
  require_func_reg: false,
  capabilities: '{"hardware":null,"software":null}',
  allocations: '{"projects":null}',
  blueprint_id: '',
  blueprint_gen: 0n,
  ...changes,
})

/** Gives an executor a process. @returns its id */
async function hold(db: Db, colony: TestColony, name: string): Promise<string> {
  const process = colony.process()
  await insertProcesses(db, colony.key, [process], [])
  const [claimed] = await claimProcesses(db, colony.key, anyShape, [claimant(name)])
  assert.equal(claimed?.process_id, process.processId)
  return process.processId
}

async function holderOf(db: Db, colony: TestColony, processId: string): Promise<string | null | undefined> {
  const [standing] = await readStandings(db, colony.key, [processId])
  return standing?.holder
}

function register(db: Db, colony: TestColony, name: string) {
  return upsertFunction(db, colony.key, {
    function_id: `f-of-${name}`,
    executor_name: name,
    executor_type: '',
    function_name: 'f',
    description: '',
    args: '[]',
    location: '',
  })
}

/** Without the times. */
const counts = (ready: readonly ReadyLine[] = []) => ready.map(({ executorType, count }) => ({ executorType, count }))

test('name and id of an executor belong to one executor of a colony, and are free in others', async (t) => {
  const { db } = await testDatabase(t)
  const dev = await testColony(db, 'dev', [])
  const lab = await testColony(db, 'lab', [])
  const row = await insertExecutor(db, dev.key, executor('ada'))
  assert.equal(row?.state, 0)
  assert.equal(row?.last_heard_at, null)
  assert.equal(await insertExecutor(db, dev.key, executor('ada', { executor_id: 'another-id' })), undefined)
  assert.equal(await insertExecutor(db, dev.key, executor('eve', { executor_id: 'ada-id' })), undefined)
  assert.ok(await insertExecutor(db, lab.key, executor('ada')))
})

test('a rejected or removed executor has no rights, and what it holds waits again', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['ada', 'bob'])
  for (const [name, state] of [
    ['ada', 2],
    ['bob', 3],
  ] as const) {
    await register(db, colony, name)
    const held = await hold(db, colony, name)
    assert.deepEqual(counts(await revokeExecutor(db, colony.key, name, state)), [{ executorType: 'cli', count: 1 }])
    assert.equal(await holderOf(db, colony, held), null)
    assert.deepEqual(await readMemberships(db, `${name}-id`), [])
    await db.run(sql`delete from live where colony = ${colony.key}`)
  }
  const functions = await listFunctions(db, colony.key, { executorName: '', after: first, count: 10 })
  assert.deepEqual(
    functions.map((row) => row.executor_name),
    ['ada'],
  )
  const listed = await listExecutors(db, colony.key, { after: '', count: 10 })
  assert.deepEqual(
    listed.map((row) => [row.name, row.state]),
    [
      ['ada', 2],
      ['bob', 3],
    ],
  )
  assert.deepEqual((await countColony(db, colony.key)).executors, { all: 2, active: 0, unregistered: 1 })
  assert.deepEqual(await countServer(db), { colonies: 1, executors: 1, active: 0, unregistered: 1 })
  assert.equal(await revokeExecutor(db, colony.key, 'nobody', 3), undefined)
})

test('an approval brings an executor back, whatever became of it', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await testColony(db, 'dev', ['ada'])
  await revokeExecutor(db, key, 'ada', 3)
  assert.equal(await approveExecutor(db, key, 'ada'), true)
  assert.equal((await readMemberships(db, 'ada-id'))[0]?.approved, true)
  assert.equal(await approveExecutor(db, key, 'nobody'), false)
})

test('revoking in one colony leaves the same id in another alone', async (t) => {
  const { db } = await testDatabase(t)
  const dev = await testColony(db, 'dev', ['ada'])
  const lab = await testColony(db, 'lab', ['ada'])
  const held = await hold(db, dev, 'ada')
  await revokeExecutor(db, lab.key, 'ada', 2)
  assert.equal(await holderOf(db, dev, held), 'ada-id')
  assert.deepEqual(
    (await readMemberships(db, 'ada-id')).map((row) => row.colony),
    [dev.key],
  )
})

test('an executor that is added again is a new one: pending, without functions, holding nothing', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['ada'])
  await register(db, colony, 'ada')
  const held = await hold(db, colony, 'ada')
  const { row, ready } = await replaceExecutor(db, colony.key, executor('ada', { executor_id: 'new-id' }))
  assert.deepEqual([row?.executor_id, row?.state], ['new-id', 0])
  assert.deepEqual(counts(ready), [{ executorType: 'cli', count: 1 }])
  assert.equal(await holderOf(db, colony, held), null)
  assert.deepEqual(await listFunctions(db, colony.key, { executorName: 'ada', after: first, count: 10 }), [])
  assert.deepEqual(await readMemberships(db, 'ada-id'), [])
})

test('an executor cannot be added again with the id of another, and nothing changes', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['ada', 'bob'])
  const held = await hold(db, colony, 'ada')
  const { row } = await replaceExecutor(db, colony.key, executor('ada', { executor_id: 'bob-id' }))
  assert.equal(row, undefined)
  assert.equal(await holderOf(db, colony, held), 'ada-id')
  assert.equal((await findExecutor(db, colony.key, 'ada'))?.state, 1)
})

test('many copies of one executor that are added at the same moment all succeed, and one is left', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await testColony(db, 'dev', [])
  // While the first round opens the connections, its calls go one after the other.
  for (const name of ['first', 'second', 'third']) {
    const copies = Array.from({ length: 20 }, (_, n) => executor(name, { executor_id: `${name}-${n}` }))
    const added = await Promise.all(copies.map((copy) => replaceExecutor(db, key, copy)))
    assert.equal(added.filter(({ row }) => row !== undefined).length, copies.length)
  }
  assert.equal((await countColony(db, key)).executors.all, 3)
})

test('what an executor holds follows it to its new id', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['ada', 'bob'])
  const held = await hold(db, colony, 'ada')
  assert.equal(await setExecutorId(db, colony.key, 'ada-id', 'bob-id'), 'taken')
  assert.equal(await holderOf(db, colony, held), 'ada-id')
  const changes = await Promise.all(['new-1', 'new-2'].map((id) => setExecutorId(db, colony.key, 'ada-id', id)))
  assert.deepEqual(changes.toSorted(), ['changed', 'not_held'])
  assert.equal(await holderOf(db, colony, held), (await findExecutor(db, colony.key, 'ada'))?.executor_id)
})

test('a removed executor cannot change its id', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await testColony(db, 'dev', ['ada'])
  await revokeExecutor(db, key, 'ada', 3)
  assert.equal(await setExecutorId(db, key, 'ada-id', 'new-id'), 'not_held')
})

test('a heartbeat tells what is lost: held by nobody, by another, or by the same in a later attempt', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['ada', 'bob'])
  const kept = await hold(db, colony, 'ada')
  const foreign = await hold(db, colony, 'bob')
  const again = await hold(db, colony, 'ada')
  await giveBack(db, colony.key, [{ processId: again, holder: 'ada-id', attempt: 1 }])
  await claimProcesses(db, colony.key, anyShape, [claimant('ada')])
  const processIds = [kept, foreign, again, 'unknown']
  const lost = (attempts: number[]) => lostBy(db, colony.key, 'ada-id', { processIds, attempts })
  assert.deepEqual(await lost([1, 1, 1, 1]), [foreign, again, 'unknown'])
  assert.deepEqual(await lost([]), [foreign, 'unknown'])
})

test('from its first heartbeat on, an executor has a lease', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await testColony(db, 'dev', ['ada', 'bob'])
  await beat(db, key, 'ada-id')
  const rows = await db.all(sql`
    select name, leased, heartbeat_at = last_heard_at as heard from executors where colony = ${key} order by name`)
  assert.deepEqual(rows, [
    { name: 'ada', leased: true, heard: true },
    { name: 'bob', leased: false, heard: null },
  ])
})
