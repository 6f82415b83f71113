import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '@colonies/testkit'
import type { Db } from './db.js'
import { isTimeout } from './errors.js'
import { insertGraphs, type NewGraph, type NewNode } from './new-graphs.js'
import { sql } from './sql.js'
import { type TestColony, testColony } from './testing/colony.js'

/** More than one statement stores. */
const MANY = 1_234

/** Each node after the one before it, with one attribute each. */
function chainOf(colony: TestColony, count: number, requestId: string | null): NewGraph {
  const processes = Array.from({ length: count }, (_, n) => colony.process({ nodeName: `n${n}` }))
  const idAt = (place: number) => processes.slice(Math.max(0, place)).slice(0, place < 0 ? 0 : 1)
  const nodes = processes.map((process, n): NewNode => {
    const [parents, children] = [idAt(n - 1), idAt(n + 1)].map((some) => some.map(({ processId }) => processId))
    return { process, parents: parents ?? [], children: children ?? [], input: null }
  })
  const attributes = processes.map(({ processId }, n) => {
    return { processId, attributeId: colony.process().processId, type: 3, key: 'n', value: `${n}` }
  })
  const initiator = { initiatorId: 'user-id', initiatorName: 'user' }
  return { graphId: colony.process().processId, ...initiator, requestId, cron: null, nodes, attributes }
}

/** Everything of a graph, in the order of the queue. */
const stored = (db: Db, colony: number, graphId: string) =>
  db.all<{ node_name: string; position: number; open_parents: number; parents: string[]; value: string }>(sql`
    select s.node_name, n.position, l.open_parents, a.value,
      array(select p.node_name from edges e join process_specs p on p.colony = ${colony} and p.process_id = e.parent_id
        where e.colony = ${colony} and e.child_id = s.process_id) as parents
    from graph_nodes n
    join process_specs s on s.colony = ${colony} and s.process_id = n.process_id
    join live l on l.colony = ${colony} and l.process_id = n.process_id
    join attributes a on a.colony = ${colony} and a.process_id = n.process_id
    join events v on v.colony = ${colony} and v.process_id = n.process_id
    where n.colony = ${colony} and n.graph_id = ${graphId}
    order by l.priority_time`)

test('workflows of many statements are stored whole, in their order, and a repeated request finds them', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', [])
  const first = chainOf(colony, 3, null)
  const second = chainOf(colony, MANY, 'again')
  const third = chainOf(colony, 7, null)
  const fresh = await insertGraphs(db, colony.key, [first, second, third])
  assert.deepEqual(
    fresh.map(({ fresh, ready }) => [fresh, ready.map(({ count }) => count)]),
    [
      [true, [1]],
      [true, [1]],
      [true, [1]],
    ],
  )
  for (const [{ graphId }, count] of [
    [first, 3],
    [second, MANY],
    [third, 7],
  ] as const)
    assert.deepEqual(
      await stored(db, colony.key, graphId),
      Array.from({ length: count }, (_, n) => {
        const parents = n === 0 ? [] : [`n${n - 1}`]
        return { node_name: `n${n}`, position: n, open_parents: parents.length, parents, value: `${n}` }
      }),
    )
  const repeated = chainOf(colony, MANY, 'again')
  const [again] = await insertGraphs(db, colony.key, [repeated])
  assert.deepEqual([again?.graph_id, again?.fresh, again?.ready], [second.graphId, false, []])
  assert.deepEqual(await stored(db, colony.key, repeated.graphId), [])
  assert.deepEqual(await db.one(sql`select count(*)::int as count from live where colony = ${colony.key}`), {
    count: MANY + 10,
  })
})

test('of a workflow whose nodes cannot all be made, nothing is stored', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', [])
  const whole = chainOf(colony, MANY, null)
  const nodes = {
    length: MANY,
    *[Symbol.iterator]() {
      let made = 0
      for (const node of whole.nodes) {
        if (++made === MANY - 1) throw new Error('one too many')
        yield node
      }
    },
  }
  await assert.rejects(insertGraphs(db, colony.key, [{ ...whole, nodes }]), /one too many/)
  for (const table of [sql`graphs`, sql`live`, sql`process_specs`, sql`edges`, sql`attributes`, sql`events`])
    assert.deepEqual(await db.all(sql`select 1 from ${table} where colony = ${colony.key}`), [])
})

test('a workflow that would take too long is undone, and nothing of it is stored', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', [])
  await assert.rejects(insertGraphs(db, colony.key, [chainOf(colony, MANY, null)], 0), isTimeout)
  for (const table of [sql`graphs`, sql`live`, sql`process_specs`])
    assert.deepEqual(await db.all(sql`select 1 from ${table} where colony = ${colony.key}`), [])
})

test('while many nodes are stored, others have their turn', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', [])
  const graph = chainOf(colony, MANY, null)
  let turns = 0
  const count = () => {
    turns++
    next = setImmediate(count)
  }
  let next = setImmediate(count)
  await insertGraphs(db, colony.key, [graph])
  clearImmediate(next)
  assert.ok(turns >= MANY / 50, `${turns} turns`)
})
