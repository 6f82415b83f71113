import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listenFor, onOneServer, testDatabase } from '@colonies/testkit'
import { claimProcesses } from './claims.js'
import { closeSuccessful } from './closes.js'
import type { Db } from './db.js'
import { replaceExecutor, revokeExecutor, setExecutorId } from './executors.js'
import { beatInstance, coloniesWithLostInstances, releaseFromLostInstances } from './instances.js'
import { keepListening } from './listening.js'
import { lostBy } from './processes.js'
import { releaseFromLost } from './releases.js'
import { beatReplica } from './replicas.js'
import { sql } from './sql.js'
import { insertProcesses } from './submissions.js'
import { anyShape, claimant, type TestColony, testColony } from './testing/colony.js'

const MOST = 10

const beat = (db: Db, { key }: TestColony, instanceId: string) =>
  beatInstance(db, key, { executorId: 'ada-id', instanceId }, MOST)

/** @returns the id of a process that ada got under this assign id */
async function hold(db: Db, colony: TestColony, assignId: string): Promise<string> {
  const process = colony.process()
  await insertProcesses(db, colony.key, [process], [])
  await claimProcesses(db, colony.key, anyShape, [claimant('ada', assignId)])
  return process.processId
}

/** As if the last heartbeat of each instance, or of one, had come so long ago, and replicas had listened since. */
async function fallSilent(db: Db, seconds: number, instanceId: string | null = null): Promise<void> {
  const step = sql`make_interval(secs => ${seconds}::int)`
  await db.run(sql`
    update executor_instances set heartbeat_at = heartbeat_at - ${step}, look_at = look_at - ${step}
    where colony > 0 and instance_id = coalesce(${instanceId}::text, instance_id)`)
  await listenFor(db, seconds)
}

async function released(db: Db, colony: TestColony, limit = 100): Promise<string[]> {
  return [...(await releaseFromLostInstances(db, colony.key, limit)).released].sort()
}

const instancesOf = async (db: Db, { key }: TestColony) =>
  (
    await db.all<{ id: string }>(sql`
      select executor_id || ' ' || instance_id as id from executor_instances where colony = ${key} order by id`)
  ).map(({ id }) => id)

test('what a killed program held waits again, although the next one beats under the same identity', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['ada'])
  await beat(db, colony, 'killed')
  const ofKilled = await hold(db, colony, 'instance:killed.1')
  await fallSilent(db, 59)
  await beat(db, colony, 'next')
  const ofNext = await hold(db, colony, 'instance:next.1')
  assert.deepEqual(await coloniesWithLostInstances(db), [])
  assert.deepEqual(await released(db, colony), [])
  await fallSilent(db, 2, 'killed')
  assert.deepEqual(await coloniesWithLostInstances(db), [colony.key])
  assert.equal((await releaseFromLost(db, colony.key, 60, 10)).released.size, 0, 'the executor lives')
  assert.deepEqual(await released(db, colony), [ofKilled])
  assert.deepEqual(await coloniesWithLostInstances(db), [])
  const attempts = [1, 1]
  assert.deepEqual(await lostBy(db, colony.key, 'ada-id', { processIds: [ofKilled, ofNext], attempts }), [ofKilled])
})

test('all that a killed program took in one request waits again, and none of it has lost a retry', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['ada'])
  await beat(db, colony, 'killed')
  const processes = [1, 2, 3].map(() => colony.process())
  await insertProcesses(db, colony.key, processes, [])
  const claimants = processes.map(() => claimant('ada', 'instance:killed.1'))
  assert.equal((await claimProcesses(db, colony.key, anyShape, claimants)).length, 3)
  await fallSilent(db, 61)
  assert.deepEqual(await released(db, colony), processes.map(({ processId }) => processId).sort())
  const rows = await db.all(sql`select distinct state, retries from live where colony = ${colony.key}`)
  assert.deepEqual(rows, [{ state: 0, retries: 0 }])
})

test('programs that share an identity, of ours and of others, keep what is theirs', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['ada'])
  for (const instance of ['one', 'two']) await beat(db, colony, instance)
  await hold(db, colony, 'instance:two.1')
  await hold(db, colony, 'of another kind.1')
  await hold(db, colony, 'instance:onemore.1')
  const ofOne = await hold(db, colony, 'instance:one.1')
  await fallSilent(db, 61, 'one')
  assert.deepEqual(await released(db, colony), [ofOne])
})

test('a program that slept and wakes hears what it has lost, and its late close is refused', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['ada'])
  await beat(db, colony, 'sleeper')
  const slept = await hold(db, colony, 'instance:sleeper.1')
  await beat(db, colony, 'other')
  await fallSilent(db, 61, 'sleeper')
  await released(db, colony)
  await claimProcesses(db, colony.key, anyShape, [claimant('ada', 'instance:other.1')])
  assert.equal(await beat(db, colony, 'sleeper'), true)
  const close = { processId: slept, holder: 'ada-id', attempt: 1, output: null }
  assert.equal((await closeSuccessful(db, colony.key, [close])).ended.size, 0)
  const next = await hold(db, colony, 'instance:sleeper.2')
  await fallSilent(db, 59)
  assert.deepEqual(await released(db, colony), [])
  await fallSilent(db, 2)
  assert.deepEqual(await released(db, colony), [slept, next].sort())
})

test('an instance whose heartbeat comes beside the sweep keeps what it holds, and nobody waits', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['ada'])
  for (const instance of ['late', 'dead']) await beat(db, colony, instance)
  await hold(db, colony, 'instance:late.1')
  const ofDead = await hold(db, colony, 'instance:dead.1')
  await fallSilent(db, 61)
  await db.transaction(async (tx) => {
    await beat(tx, colony, 'late')
    assert.deepEqual(await released(db, colony), [ofDead])
  })
  assert.deepEqual(await released(db, colony), [])
})

test('what was locked, or too much for one run, is released by the next one; sweeps of two replicas share it', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['ada'])
  await beat(db, colony, 'dead')
  const held: string[] = []
  for (const n of [1, 2, 3, 4]) held.push(await hold(db, colony, `instance:dead.${n}`))
  await fallSilent(db, 61)
  await db.transaction(async (tx) => {
    await tx.run(sql`select 1 from live where colony = ${colony.key} and process_id = ${held[0] ?? ''} for update`)
    assert.equal((await released(db, colony, 2)).length < 3, true)
    assert.deepEqual(await coloniesWithLostInstances(db), [colony.key])
  })
  const both = await Promise.all([released(db, colony), released(db, colony)])
  assert.ok(both.flat().includes(held[0] ?? ''))
  const left = await db.all(sql`select process_id from live where colony = ${colony.key} and holder is not null`)
  assert.deepEqual(left, [])
})

test('a silent instance is looked at once more after ten minutes, for what it got late, and then forgotten', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['ada'])
  await beat(db, colony, 'dead')
  await fallSilent(db, 61)
  assert.deepEqual(await released(db, colony), [])
  const late = await hold(db, colony, 'instance:dead.1')
  await fallSilent(db, 599)
  assert.deepEqual(await released(db, colony), [])
  await fallSilent(db, 2)
  assert.deepEqual(await released(db, colony), [late])
  assert.deepEqual(await instancesOf(db, colony), [])
})

test(
  'after an outage, and beside replicas that know of no instances, silent ones keep what they hold',
  onOneServer('replicas that old cannot serve it'),
  async (t) => {
    const { db } = await testDatabase(t)
    const colony = await testColony(db, 'dev', ['ada'])
    await beat(db, colony, 'one')
    await hold(db, colony, 'instance:one.1')
    await fallSilent(db, 3600)
    await db.run(sql`update listening set last_at = now() - interval '1 hour'`)
    await keepListening(db)
    assert.deepEqual(await released(db, colony), [])
    await listenFor(db, 61)
    await beatReplica(db, { replica_id: 'old', name: 'old', host: 'h', port: 1, knows: 16 })
    assert.equal(await keepListening(db), true)
    assert.deepEqual(await released(db, colony), [])
    await listenFor(db, 61)
    assert.equal((await released(db, colony)).length, 1)
  },
)

test('an executor has as many instances as it may, and they go and move with it', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['ada', 'bob'])
  for (let n = 0; n < MOST; n++) assert.equal(await beat(db, colony, `i${n}`), true)
  assert.equal(await beat(db, colony, 'one more'), false)
  assert.equal(await beat(db, colony, 'i0'), true)
  assert.equal(await beatInstance(db, colony.key, { executorId: 'bob-id', instanceId: 'i' }, MOST), true)
  await setExecutorId(db, colony.key, 'bob-id', 'bob-2')
  await revokeExecutor(db, colony.key, 'ada', 2)
  assert.deepEqual(await instancesOf(db, colony), ['bob-2 i'])
  const again = { executor_id: 'bob-3', executor_type: 'cli', location: '', require_func_reg: false }
  const texts = { capabilities: '{}', allocations: '{}', blueprint_id: '', blueprint_gen: 0n }
  await replaceExecutor(db, colony.key, { name: 'bob', ...again, ...texts })
  assert.deepEqual(await instancesOf(db, colony), [])
  assert.equal(await beatInstance(db, colony.key, { executorId: 'nobody', instanceId: 'i' }, MOST), true)
  assert.deepEqual(await instancesOf(db, colony), [])
})
