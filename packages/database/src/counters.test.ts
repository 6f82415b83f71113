import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '@colonies/testkit'
import { claimProcesses } from './claims.js'
import { cancelGraph, closeSuccessful } from './closes.js'
import { countColony, rollUp, rollUpGraphs } from './counters.js'
import { revokeExecutor } from './executors.js'
import { insertGraph } from './new-graphs.js'
import { removeGraph } from './removals.js'
import { sql } from './sql.js'
import { insertProcesses } from './submissions.js'
import { anyShape, claimant, testColony } from './testing/colony.js'

test('events are added up in steps, and those of one transaction together', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', [])
  const batches = [1, 1, 7, 1]
  for (const size of batches) {
    const processes = Array.from({ length: size }, () => colony.process())
    await insertProcesses(db, colony.key, processes, [])
  }
  const steps: number[] = []
  // Transactions of other tests on the same PostgreSQL may hold back for a moment what counts as settled.
  for (const giveUpAt = Date.now() + 10_000; Date.now() < giveUpAt; ) {
    const { events } = await rollUp(db, colony.key, 2)
    if (events > 0) steps.push(events)
    if (steps.reduce((sum, one) => sum + one, 0) === 10) break
  }
  assert.ok(Math.max(...steps) === 7 && steps.length >= 3, `the steps were ${steps}`)
  const row = await db.one<{ waiting: bigint }>(sql`select waiting from counters where colony = ${colony.key}`)
  assert.equal(row?.waiting, 10n)
  assert.equal((await countColony(db, colony.key)).processes.waiting, 10)
})

test('graphs are counted by state, before and after they are added up, and when they are removed', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1'])
  const add = async () => {
    const node = { process: colony.process(), parents: [], children: [], input: null }
    const graphId = colony.process().processId
    const initiator = { initiatorId: 'user-id', initiatorName: 'user' }
    await insertGraph(db, colony.key, {
      graphId,
      ...initiator,
      requestId: null,
      cron: null,
      nodes: [node],
      attributes: [],
    })
    return graphId
  }
  const graphs = async () => {
    const { waiting, running, success, cancelled } = (await countColony(db, colony.key)).graphs
    return [waiting, running, success, cancelled]
  }
  const [first] = [await add(), await add(), await add()]
  assert.deepEqual(await graphs(), [3, 0, 0, 0])
  assert.equal(await rollUpGraphs(db, colony.key, 2), true)
  assert.equal(await rollUpGraphs(db, colony.key, 2), false)
  const [row] = await claimProcesses(db, colony.key, anyShape, [claimant('e1')])
  assert.deepEqual(await graphs(), [2, 1, 0, 0])
  await rollUpGraphs(db, colony.key, 10)
  const close = { processId: row?.process_id ?? '', holder: 'e1-id', attempt: 1, output: null }
  await closeSuccessful(db, colony.key, [close])
  const last = await add()
  await cancelGraph(db, colony.key, last)
  assert.deepEqual(await graphs(), [2, 0, 1, 1])
  await removeGraph(db, colony.key, last)
  await removeGraph(db, colony.key, first ?? '')
  assert.deepEqual(await graphs(), [2, 0, 0, 0])
  await rollUpGraphs(db, colony.key, 10)
  assert.deepEqual(await graphs(), [2, 0, 0, 0])
})

test('what was counted of the functions of an executor goes with it', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await testColony(db, 'dev', ['e1', 'e2'])
  await db.run(sql`
    insert into function_counters (colony, executor_name, function_name) values (${key}, 'e1', 'f'), (${key}, 'e2', 'f')`)
  await revokeExecutor(db, key, 'e1', 3)
  assert.deepEqual(await db.all(sql`select executor_name from function_counters`), [{ executor_name: 'e2' }])
})
