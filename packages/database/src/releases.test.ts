import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listenFor, testDatabase } from '@colonies/testkit'
import { claimProcesses } from './claims.js'
import { closeSuccessful, failOverdue } from './closes.js'
import type { Db } from './db.js'
import { beat } from './executors.js'
import { insertGraph } from './new-graphs.js'
import { releaseFromLost } from './releases.js'
import { sql } from './sql.js'
import { insertProcesses } from './submissions.js'
import { anyShape, claimant, type TestColony, testColony } from './testing/colony.js'

/** @returns the id of a process that the executor holds */
async function hold(db: Db, colony: TestColony, executor: string): Promise<string> {
  const process = colony.process()
  await insertProcesses(db, colony.key, [process], [])
  await claimProcesses(db, colony.key, anyShape, [claimant(executor)])
  return process.processId
}

/** As if all executors had sent heartbeats, the last one two minutes ago, and replicas had listened since. */
async function fallSilent(db: Db, colony: TestColony): Promise<void> {
  await db.run(sql`
    update executors set leased = true, heartbeat_at = now() - interval '2 minutes' where colony = ${colony.key}`)
  await listenFor(db, 120)
}

test('the sweep of deadlines does not wait for a graph that somebody is changing, and ends what is elsewhere', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', [])
  const [single, node] = [colony.process(), colony.process()]
  const graphId = '9'.repeat(64)
  await insertProcesses(db, colony.key, [single], [])
  await insertGraph(db, colony.key, {
    graphId,
    initiatorId: 'user-id',
    initiatorName: 'user',
    requestId: null,
    cron: null,
    attributes: [],
    nodes: [{ process: node, parents: [], children: [], input: null }],
  })
  await db.run(sql`update live set deadline = now() - interval '1 hour' where colony = ${colony.key}`)
  const sweep = async () => [...(await failOverdue(db, colony.key, { limit: 10 })).ended.keys()]
  await db.transaction(async (tx) => {
    await tx.run(sql`select 1 from graphs where colony = ${colony.key} and graph_id = ${graphId} for update`)
    assert.deepEqual(await sweep(), [single.processId])
  })
  assert.deepEqual(await sweep(), [node.processId])
})

test('the sweep of deadlines does not wait for a process that somebody is changing', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', [])
  const [locked, free] = [colony.process(), colony.process()]
  await insertProcesses(db, colony.key, [locked, free], [])
  await db.run(sql`update live set deadline = now() - interval '1 hour' where colony = ${colony.key}`)
  await db.transaction(async (tx) => {
    await tx.run(sql`
      select 1 from live where colony = ${colony.key} and process_id = ${locked.processId} for update`)
    assert.deepEqual([...(await failOverdue(db, colony.key, { limit: 10 })).ended.keys()], [free.processId])
  })
})

test('the sweep of lost executors does not wait for a process that its holder is just closing', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['ada'])
  const [closing, other] = [await hold(db, colony, 'ada'), await hold(db, colony, 'ada')]
  await fallSilent(db, colony)
  await db.transaction(async (tx) => {
    await closeSuccessful(tx, colony.key, [{ processId: closing, holder: 'ada-id', attempt: 1, output: null }])
    assert.deepEqual([...(await releaseFromLost(db, colony.key, 60, 10)).released], [other])
  })
})

test('an executor whose heartbeat comes beside the sweep keeps what it holds, and the sweep goes on', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['ada', 'bob'])
  await hold(db, colony, 'ada')
  const ofBob = await hold(db, colony, 'bob')
  await fallSilent(db, colony)
  await db.transaction(async (tx) => {
    await beat(tx, colony.key, 'ada-id')
    assert.deepEqual([...(await releaseFromLost(db, colony.key, 60, 10)).released], [ofBob])
  })
  assert.equal((await releaseFromLost(db, colony.key, 60, 10)).released.size, 0)
})
