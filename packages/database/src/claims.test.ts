import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '@colonies/testkit'
import type { ClaimShape } from './claim-shape.js'
import { claimProcesses } from './claims.js'
import { closeSuccessful } from './closes.js'
import type { Db } from './db.js'
import { insertGraph, type NewGraph } from './new-graphs.js'
import { type Sql, sql } from './sql.js'
import { insertProcesses, type NewProcess } from './submissions.js'
import { anyShape, claimant, testColony, UNLIMITED } from './testing/colony.js'

test('processes go by priority, then by submission', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1'])
  const [low, first, second, high] = [-1, 0, 0, 5].map((priority) => colony.process({ priority })) as NewProcess[]
  await insertProcesses(db, colony.key, [low, first, second, high] as NewProcess[], [])
  const order: (string | undefined)[] = []
  for (let turn = 0; turn < 4; turn += 1) {
    const [row] = await claimProcesses(db, colony.key, anyShape, [claimant('e1')])
    order.push(row?.process_id)
  }
  assert.deepEqual(order, [high?.processId, first?.processId, second?.processId, low?.processId])
})

test('one claim gives each claimant what fits it, named and general processes in one order', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1', 'e2', 'e3'])
  const forE2 = colony.process({ names: ['e2'] })
  const general = colony.process()
  const forNobodyHere = colony.process({ names: ['e9'] })
  const forE2Later = colony.process({ names: ['e2'] })
  await insertProcesses(db, colony.key, [forE2, general, forNobodyHere, forE2Later], [])
  const rows = await claimProcesses(
    db,
    colony.key,
    anyShape,
    ['e1', 'e2', 'e3'].map((name) => claimant(name)),
  )
  const got = Object.fromEntries(rows.map((row) => [row.holder, row.process_id]))
  assert.deepEqual(got, { 'e2-id': forE2.processId, 'e1-id': general.processId })
  const [later] = await claimProcesses(db, colony.key, anyShape, [claimant('e1'), claimant('e2')])
  assert.deepEqual([later?.holder, later?.process_id], ['e2-id', forE2Later.processId])
})

test('location, cpu and memory decide, and rows that demand too much are stepped over', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1'])
  const inNorth = colony.process({ location: 'north' })
  const big = colony.process({ cpu: 8000n, memory: 2n ** 40n })
  const wide = colony.process({ cpu: 1000n, memory: 2n ** 40n })
  const small = colony.process({ cpu: 500n, memory: 2n ** 20n, priority: -1 })
  await insertProcesses(db, colony.key, [inNorth, big, wide, small], [])
  const claim = async (shape: Partial<typeof anyShape>) => {
    const [row] = await claimProcesses(db, colony.key, { ...anyShape, ...shape }, [claimant('e1')])
    return row?.process_id
  }
  assert.equal(await claim({ cpu: 1000n, memory: 2n ** 30n }), small.processId)
  assert.equal(await claim({ cpu: 1000n, memory: 2n ** 30n }), undefined)
  assert.equal(await claim({ location: 'south' }), big.processId)
  assert.equal(await claim({ location: 'north' }), inNorth.processId)
  assert.equal(await claim({ cpu: 1000n, memory: UNLIMITED }), wide.processId)
})

test('asking again with the assign id of a lost reply gives the same process while it is held', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1', 'e2'])
  await insertProcesses(db, colony.key, [colony.process(), colony.process()], [])
  const [first] = await claimProcesses(db, colony.key, anyShape, [claimant('e1', 'ask-1')])
  const [again] = await claimProcesses(db, colony.key, anyShape, [claimant('e1', 'ask-1')])
  assert.equal(again?.process_id, first?.process_id)
  assert.deepEqual([first?.again, again?.again, again?.attempt], [false, true, 2])
  const [others] = await claimProcesses(db, colony.key, anyShape, [claimant('e2', 'ask-1')])
  assert.notEqual(others?.process_id, first?.process_id)
  await closeSuccessful(db, colony.key, [
    { processId: first?.process_id ?? '', holder: 'e1-id', attempt: 2, output: null },
  ])
  assert.deepEqual(await claimProcesses(db, colony.key, anyShape, [claimant('e1', 'ask-1')]), [])
})

/** A workflow of processes that do not depend on each other. */
function graphOf(...processes: NewProcess[]): NewGraph {
  const initiator = { initiatorId: 'user-id', initiatorName: 'user' }
  const nodes = processes.map((process) => ({ process, parents: [], children: [], input: null }))
  return { graphId: '9'.repeat(64), ...initiator, requestId: null, cron: null, attributes: [], nodes }
}

test('what is asked for again is one more attempt, also beside a process of a workflow', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1'])
  await insertProcesses(db, colony.key, [colony.process()], [])
  const [first] = await claimProcesses(db, colony.key, anyShape, [claimant('e1', 'ask-1')])
  await insertGraph(db, colony.key, graphOf(colony.process()))
  const both = [claimant('e1', 'ask-1'), claimant('e1', 'ask-2')]
  const rows = await claimProcesses(db, colony.key, anyShape, both)
  const again = rows.find((row) => row.again)
  assert.deepEqual([rows.length, again?.process_id, again?.attempt], [2, first?.process_id, 2])
})

test('of a process in a workflow it is told whether it has attributes, also when it is given again', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1'])
  const [bare, attributed] = [colony.process(), colony.process()]
  const attributes = [{ processId: attributed.processId, attributeId: 'a1', type: 1, key: 'k', value: 'v' }]
  await insertGraph(db, colony.key, { ...graphOf(bare, attributed), attributes })
  const claimed = async (ids: (string | null)[], shape = anyShape) => {
    const claimants = ids.map((id) => claimant('e1', id ?? undefined))
    const rows = await claimProcesses(db, colony.key, shape, claimants)
    return rows.map((row) => [row.process_id, row.hasAttributes, row.again]).sort()
  }
  const first = await claimed(['ask-1', 'ask-2'])
  const expected = [
    [bare.processId, false, false],
    [attributed.processId, true, false],
  ]
  assert.deepEqual(first, expected.sort())
  await insertProcesses(db, colony.key, [colony.process()], [])
  const again = await claimed(['ask-1', 'ask-2'])
  assert.deepEqual(
    again,
    first.map(([id, has]) => [id, has, true]),
  )
})

test('a claim between whose statements a process comes that wants somebody by name finds what there is', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1', 'e2'])
  const node = colony.process()
  await insertGraph(db, colony.key, graphOf(node))
  let statements = 0
  const watched: Db = {
    ...db,
    async all<Row>(statement: Sql) {
      statements += 1
      if (statements === 2) await insertProcesses(db, colony.key, [colony.process({ names: ['e1'] })], [])
      return db.all<Row>(statement)
    },
  }
  const rows = await claimProcesses(watched, colony.key, anyShape, [claimant('e1')])
  assert.deepEqual(
    rows.map((row) => row.process_id),
    [node.processId],
  )
  assert.equal(statements, 3)
})

test('a claim says that somebody is wanted by name only where it is one of those who ask', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1', 'e2'])
  await insertProcesses(db, colony.key, [colony.process({ names: ['e2', 'absent'] })], [])
  await insertProcesses(db, colony.key, [colony.process(), colony.process(), colony.process()], [])
  const claimed = async (names: string[], shape: ClaimShape = anyShape) => {
    const rows = await claimProcesses(
      db,
      colony.key,
      shape,
      names.map((name) => claimant(name)),
    )
    return rows.map(({ named, isNamed }) => ({ named, isNamed }))
  }
  const nobody = { named: false, isNamed: false }
  assert.deepEqual(await claimed(['e1']), [nobody])
  assert.deepEqual(await claimed(['e1'], { ...anyShape, isNamed: true }), [nobody])
  const both = await claimed(['e1', 'e2'])
  assert.deepEqual(both.map(({ named }) => named).sort(), [false, true])
  assert.ok(both.every(({ isNamed }) => isNamed))
})

test('neither a paused colony nor an executor that is not approved gets a process', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1', 'e2'])
  await db.run(sql`update executors set state = 0 where colony = ${colony.key} and name = 'e2'`)
  await insertProcesses(db, colony.key, [colony.process()], [])
  assert.deepEqual(await claimProcesses(db, colony.key, anyShape, [claimant('e2')]), [])
  await db.run(sql`update colonies set paused = true where colony_key = ${colony.key}`)
  assert.deepEqual(await claimProcesses(db, colony.key, anyShape, [claimant('e1')]), [])
  await db.run(sql`update colonies set paused = false where colony_key = ${colony.key}`)
  assert.equal((await claimProcesses(db, colony.key, anyShape, [claimant('e1')])).length, 1)
})

test('a submit that finds a waiter is stored as running, unless the colony paused meanwhile', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1'])
  const holder = { id: 'e1-id', name: 'e1', assignId: null }
  const [dispatched] = await insertProcesses(db, colony.key, [colony.process({ holder, execSeconds: 60 })], [])
  assert.equal(dispatched?.state, 1)
  assert.notEqual(dispatched?.exec_deadline, null)
  await db.run(sql`update colonies set paused = true where colony_key = ${colony.key}`)
  const [waiting] = await insertProcesses(db, colony.key, [colony.process({ holder })], [])
  assert.equal(waiting?.state, 0)
})

test('a submit that is repeated gives the process of the first', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1'])
  const [first] = await insertProcesses(db, colony.key, [colony.process({ requestId: 'r1' })], [])
  const [again] = await insertProcesses(db, colony.key, [colony.process({ requestId: 'r1' })], [])
  assert.deepEqual([again?.process_id, again?.fresh], [first?.process_id, false])
  const ofOther = colony.process({ requestId: 'r1', initiatorId: 'other' })
  const [others] = await insertProcesses(db, colony.key, [ofOther], [])
  assert.equal(others?.fresh, true)
  assert.equal(await db.run(sql`select 1 from live where colony <> 0`), 2)
})

test('a process of another executor type is not handed out', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1'])
  await insertProcesses(db, colony.key, [colony.process()], [])
  const rows = await claimProcesses(db, colony.key, { ...anyShape, executorType: 'other' }, [claimant('e1')])
  assert.deepEqual(rows, [])
})

test('however many different demands there are, priority decides, and each process goes once', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1'])
  const varied = Array.from({ length: 300 }, (_, n) =>
    colony.process({ cpu: BigInt(n % 30), memory: BigInt(n), priority: -((n * 7) % 300) }),
  )
  await insertProcesses(db, colony.key, varied, [])
  const claim = async (count: number, shape: Partial<ClaimShape> = {}) => {
    const claimants = Array.from({ length: count }, () => claimant('e1'))
    const rows = await claimProcesses(db, colony.key, { ...anyShape, isVaried: true, ...shape }, claimants)
    assert.ok(rows.every(({ varied }) => varied))
    return rows.sort((a, b) => Number(a.priority_time - b.priority_time)).map((row) => row.process_id)
  }
  const left = varied.sort((a, b) => b.priority - a.priority)
  const next = (count: number, fits: (process: NewProcess) => boolean = () => true) => {
    const chosen = left.filter(fits).slice(0, count)
    for (const one of chosen) left.splice(left.indexOf(one), 1)
    return chosen.map((one) => one.processId)
  }
  assert.deepEqual(await claim(5), next(5))
  assert.deepEqual(await claim(5, { isVaried: false }), next(5), 'before it is known')
  const small = { cpu: 20n, memory: 200n }
  assert.deepEqual(
    await claim(5, small),
    next(5, ({ cpu, memory }) => cpu <= 20n && memory <= 200n),
  )
  const others = Array.from({ length: 1100 }, () => colony.process({ executorType: 'other', priority: 9 }))
  await insertProcesses(db, colony.key, others, [])
  assert.deepEqual(await claim(5), next(5), 'also behind so many others')
  const claimed = (await Promise.all(Array.from({ length: 20 }, () => claim(10)))).flat()
  assert.equal(new Set(claimed).size, claimed.length)
})

test('from a priority time on, earlier ones are left, and all others go by the same rules', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1', 'e2'])
  const early = [colony.process({ priority: 2 }), colony.process({ priority: 2, names: ['e1'] })]
  const [forBoth, big, inNorth, general] = [
    { names: ['e2', 'e1'] },
    { cpu: 8000n },
    { location: 'north', priority: 1 },
    {},
  ].map((changes) => colony.process(changes)) as NewProcess[]
  const others = Array.from({ length: 1100 }, () => colony.process({ executorType: 'other', priority: 1 }))
  const later = [colony.process(), colony.process({ names: ['e1'] })]
  const laterIds = new Set(later.map(({ processId }) => processId))
  const rows = await insertProcesses(db, colony.key, [...early, forBoth, big, inNorth, general] as NewProcess[], [])
  const from = rows.find(({ process_id }) => process_id === inNorth?.processId)?.priority_time
  const claim = async (names: readonly string[], shape: Partial<ClaimShape> = {}, namedFrom = from ?? 0n) => {
    const claimants = names.map((name) => ({ ...claimant(name), namedFrom }))
    const claimed = await claimProcesses(db, colony.key, { ...anyShape, cpu: 1000n, from, ...shape }, claimants)
    return new Set(claimed.map(({ process_id }) => process_id))
  }
  assert.deepEqual(await claim(['e2', 'e2', 'e1']), new Set([forBoth?.processId, general?.processId]))
  assert.deepEqual(await claim(['e1'], { location: 'north' }), new Set([inNorth?.processId]))
  assert.deepEqual(await claim(['e1', 'e2'], { cpu: UNLIMITED }), new Set([big?.processId]))
  await insertProcesses(db, colony.key, [...others, ...later], [])
  assert.deepEqual(await claim(['e1', 'e2', 'e2']), laterIds, 'behind many others')
  const [unnamed, named] = early.map(({ processId }) => new Set([processId]))
  assert.deepEqual(await claim(['e2', 'e1'], {}, -UNLIMITED), named, 'what was left behind for an executor')
  assert.deepEqual(await claim(['e1', 'e2'], { from: undefined }), unnamed)
})
