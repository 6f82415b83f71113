import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beatInstance, type Db, sql } from '@colonies/database'
import { State } from '@colonies/protocol'
import { executorIdOf, listenFor, testDatabase } from '@colonies/testkit'
import { hintedCounts, upkeepColony, upkeepContext } from '../testing/upkeep.js'
import { lostExecutors } from './lost-executors.js'
import { lostInstances } from './lost-instances.js'
import { staleExecutors } from './stale-executors.js'
import { unknownHolders } from './unknown-holders.js'

/** Minutes since an executor was heard of, while replicas listened, and whether it sends heartbeats. */
async function silence(db: Db, executor: string, minutes: number, leased: boolean): Promise<void> {
  await db.run(sql`
    update executors set leased = ${leased}, last_heard_at = now() - make_interval(mins => ${minutes}::int),
      heartbeat_at = now() - make_interval(mins => ${minutes}::int)
    where executor_id = ${executorIdOf(executor)}`)
  await listenFor(db, minutes * 60)
}

test('an executor that sends heartbeats loses its process after a minute of silence, an old one keeps it', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', ['new', 'old'])
  const ofNew = await colony.submit()
  await colony.assign('new')
  const ofOld = await colony.submit()
  await colony.assign('old')
  const context = upkeepContext(db)
  await silence(db, 'new', 0, true)
  await silence(db, 'old', 600, false)
  await lostExecutors.runOnce(context)
  assert.equal(await colony.stateOf(ofNew), State.running)
  await silence(db, 'new', 2, true)
  await lostExecutors.runOnce(context)
  assert.deepEqual([await colony.stateOf(ofNew), await colony.stateOf(ofOld)], [State.waiting, State.running])
  assert.deepEqual(hintedCounts(context), [[colony.key, 'cli', 1]])
})

test('what a killed program held goes to the next one under its identity, which waits for it', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', ['ada'])
  const executorId = executorIdOf('ada')
  const ofKilled = await colony.submit()
  await colony.assign('ada', 'instance:killed.1')
  for (const instanceId of ['killed', 'next']) await beatInstance(db, colony.key, { executorId, instanceId }, 10)
  const ofNext = await colony.submit()
  await colony.assign('ada', 'instance:next.1')
  const context = upkeepContext(db)
  await lostInstances.runOnce(context)
  assert.equal(await colony.stateOf(ofKilled), State.running)
  await db.run(sql`
    update executor_instances set heartbeat_at = now() - interval '2 minutes', look_at = now() - interval '1 minute'
    where instance_id = 'killed'`)
  await listenFor(db, 120)
  await lostInstances.runOnce(context)
  assert.deepEqual([await colony.stateOf(ofKilled), await colony.stateOf(ofNext)], [State.waiting, State.running])
  assert.deepEqual(hintedCounts(context), [[colony.key, 'cli', 1]])
})

/** As if the holder of the process held that many more like it. */
async function holdCopies(db: Db, processId: string, count: number): Promise<void> {
  await db.run(sql`
    insert into live (colony, process_id, state, executor_type, location, cpu, memory, priority_time, open_parents,
      max_retries, attempt, holder, list_place)
    select colony, lpad(n::text, 64, '0'), state, executor_type, location, cpu, memory, priority_time, open_parents,
      max_retries, attempt, holder, list_place
    from live, generate_series(1, ${count}::int) n where process_id = ${processId}`)
}

test('a lost executor is found among more than are looked up one by one', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', ['lost', 'alive'])
  const ofLost = await colony.submit()
  await colony.assign('lost')
  const ofAlive = await colony.submit()
  await colony.assign('alive')
  await holdCopies(db, ofAlive, 1_100)
  await silence(db, 'alive', 0, true)
  await silence(db, 'lost', 2, true)
  await lostExecutors.runOnce(upkeepContext(db))
  assert.deepEqual([await colony.stateOf(ofLost), await colony.stateOf(ofAlive)], [State.waiting, State.running])
})

test('what a rejected or removed executor holds by mistake waits again', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', ['rejected', 'removed'])
  const ids = [await colony.submit(), await colony.submit()]
  await colony.assign('rejected')
  await colony.assign('removed')
  await db.run(sql`update executors set state = case name when 'rejected' then 2 else 3 end`)
  await lostExecutors.runOnce(upkeepContext(db))
  for (const id of ids) assert.equal(await colony.stateOf(id), State.waiting)
})

test('what is held by an id that no executor has any more waits again', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', ['replaced', 'kept'])
  const ofReplaced = [await colony.submit(), await colony.submit()]
  for (const _ of ofReplaced) await colony.assign('replaced')
  const ofKept = await colony.submit()
  await colony.assign('kept')
  await db.run(sql`update executors set executor_id = 'another-id' where name = 'replaced'`)
  const context = upkeepContext(db)
  await unknownHolders.runOnce(context)
  for (const id of ofReplaced) assert.equal(await colony.stateOf(id), State.waiting)
  assert.equal(await colony.stateOf(ofKept), State.running)
  assert.deepEqual(hintedCounts(context), [[colony.key, 'cli', 2]])
})

test('stale executors go only when that is asked for, and never one with a lease or one that was never heard of', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', ['silent', 'leased', 'fresh', 'unheard'])
  const ofSilent = await colony.submit()
  await colony.assign('silent')
  const ofLeased = await colony.submit()
  await colony.assign('leased')
  await silence(db, 'silent', 11, false)
  await silence(db, 'leased', 11, true)
  await silence(db, 'fresh', 1, false)
  const statesByName = async () => {
    const rows = await db.all<{ name: string; state: number }>(sql`select name, state from executors where colony <> 0`)
    return Object.fromEntries(rows.map(({ name, state }) => [name, state]))
  }
  await staleExecutors.runOnce(upkeepContext(db))
  assert.deepEqual(await statesByName(), { silent: 1, leased: 1, fresh: 1, unheard: 1 })

  const context = upkeepContext(db, { COLONIES_STALE_EXECUTOR_DURATION: '600' })
  await staleExecutors.runOnce(context)
  assert.deepEqual(await statesByName(), { silent: 3, leased: 1, fresh: 1, unheard: 1 })
  assert.deepEqual([await colony.stateOf(ofSilent), await colony.stateOf(ofLeased)], [State.waiting, State.running])
  assert.equal(context.directoryChanges, 1)
  assert.deepEqual(hintedCounts(context), [[colony.key, 'cli', 1]])
  const subjects = []
  for (const node of db.nodes ?? [db]) subjects.push(...(await node.all(sql`select subject from directory_changes`)))
  assert.deepEqual(subjects, [{ subject: executorIdOf('silent') }])
})
