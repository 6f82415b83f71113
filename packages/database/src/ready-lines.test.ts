import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '@colonies/testkit'
import { claimProcesses } from './claims.js'
import { insertGraphs, type NewNode } from './new-graphs.js'
import { readyLines } from './ready-lines.js'
import { giveBack } from './releases.js'
import { sql } from './sql.js'
import { anyShape, claimant, testColony } from './testing/colony.js'

test('there is one line for each type, with the earliest of its times', () => {
  const parts = [
    { executorType: 'cpu', count: 1, from: 7n },
    { executorType: 'gpu', count: 2, from: 5n },
    { executorType: 'cpu', count: 3, from: 4n },
  ]
  assert.deepEqual(readyLines(parts), [
    { executorType: 'cpu', count: 4, from: 4n },
    { executorType: 'gpu', count: 2, from: 5n },
  ])
})

test('of what comes at an unknown time, the earliest is not known', () => {
  const known = { executorType: 'cpu', count: 1, from: 7n }
  const unknown = { executorType: 'cpu', count: 1 }
  assert.deepEqual(readyLines([known, unknown, known]), [{ executorType: 'cpu', count: 3 }])
})

test('of a workflow, and of what is given back, the time is that of the queue', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1'])
  const node = (executorType: string, priority: number, parents: string[] = []): NewNode => {
    return { process: colony.process({ executorType, priority }), parents, children: [], input: null }
  }
  const firstId = '1'.repeat(64)
  const graphs = ['0'.repeat(64), firstId].map((graphId) => {
    const roots = [node('cpu', 0), node('cpu', 50_000), node('cli', -50_000)]
    const nodes = [...roots, node('cli', 50_000, [roots[0]?.process.processId ?? ''])]
    const made = { graphId, initiatorId: 'user-id', initiatorName: 'user', requestId: null, cron: null }
    return { ...made, attributes: [], nodes }
  })
  const stored = await insertGraphs(db, colony.key, graphs)
  const ready = stored.find((graph) => graph.place === 0)?.ready
  // Without the nanoseconds, which keep the order of the nodes.
  const rows = await db.all(sql`
    select executor_type as "executorType", count(*)::int as count,
      (floor(min(priority_time)::numeric / 1000) * 1000)::bigint as from
    from live where colony = ${colony.key} and graph_id <> ${firstId} and open_parents = 0
    group by executor_type order by executor_type desc`)
  assert.deepEqual(ready, rows)
  const claimed = await claimProcesses(db, colony.key, { ...anyShape, executorType: 'cpu' }, [claimant('e1')])
  const held = claimed.map(({ process_id }) => ({ processId: process_id, holder: 'e1-id', attempt: 0 }))
  const { ready: again } = await giveBack(db, colony.key, held)
  assert.deepEqual(again, [{ executorType: 'cpu', count: 1, from: claimed[0]?.priority_time }])
})
