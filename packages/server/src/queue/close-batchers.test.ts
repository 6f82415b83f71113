import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimProcesses, insertGraphs, insertProcesses, sql } from '@colonies/database'
import { addColonyRows, anyShape, claimant, plainProcess, testDatabase } from '@colonies/testkit'
import { closeBatchers } from './close-batchers.js'

test('in one batch, processes in graphs and in none end, and each that cannot fails alone', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await addColonyRows(db, 'dev', ['e1'])
  const [single, bad, node, child] = [plainProcess(), plainProcess(), plainProcess(), plainProcess()]
  const graph = { graphId: '9'.repeat(64), initiatorId: 'user-id', initiatorName: 'user', requestId: null, cron: null }
  await insertProcesses(db, colony, [single, bad], [])
  await insertGraphs(db, colony, [
    {
      ...graph,
      attributes: [],
      nodes: [
        { process: node, parents: [], children: [child.processId], input: null },
        { process: child, parents: [node.processId], children: [], input: null },
      ],
    },
  ])
  const held = await claimProcesses(db, colony, anyShape, Array(3).fill(claimant('e1')))
  assert.deepEqual(held.map((row) => row.process_id).sort(), [single, bad, node].map((one) => one.processId).sort())

  const ready: string[] = []
  const hint = (_: number, lines: readonly { executorType: string }[]) =>
    void ready.push(...lines.map((line) => line.executorType))
  const { successful, batchers } = closeBatchers({ db, hint, changed: () => {}, isAlone: () => true })
  const close = (processId: string, changes = {}) =>
    successful(colony, { processId, holder: 'e1-id', attempt: 0, output: null, ...changes })
  const outcomes = await Promise.allSettled([
    close(node.processId),
    close(single.processId, { holder: 'e2-id' }),
    close(single.processId),
    close(bad.processId, { output: '["\u0000"]' }),
    close(child.processId),
  ])
  const said = outcomes.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.code))
  assert.deepEqual(said, [true, false, true, '22021', false])
  assert.deepEqual(ready, ['cli'], 'the child may start')
  await Promise.all(batchers.map((batcher) => batcher.drained()))

  const left = await db.all<{ process_id: string }>(sql`select process_id from live where colony = ${colony}`)
  assert.deepEqual(left.map((row) => row.process_id).sort(), [bad, child].map((one) => one.processId).sort())
  const events = await db.all(sql`select from events where colony = ${colony} and state = 2`)
  assert.equal(events.length, 2)
})
