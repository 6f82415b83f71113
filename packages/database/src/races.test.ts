import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onOneServer, testDatabase } from '@colonies/testkit'
import { deleteAttribute, insertAttribute, listAttributes } from './attributes.js'
import { insertChild } from './children.js'
import { claimProcesses } from './claims.js'
import { closeFailed, closeSuccessful } from './closes.js'
import type { Db } from './db.js'
import { insertLogs } from './logs.js'
import { insertGraph, type NewNode } from './new-graphs.js'
import { readProcesses } from './processes.js'
import type { ReadyLine } from './ready-lines.js'
import { giveBack, releaseHeldBy, releaseOverdue } from './releases.js'
import { sql } from './sql.js'
import { insertProcesses } from './submissions.js'
import { heldByNobody } from './sweeps.js'
import { anyShape, claimant, type TestColony, testColony } from './testing/colony.js'
import { heldOpen } from './testing/held-open.js'

interface Diamond {
  colony: TestColony
  graphId: string
  a: string
  b: string
  c: string
  d: string
}

/** a -> b, c -> d (which names c before b). a is held by e1. */
async function diamond(db: Db): Promise<Diamond> {
  const colony = await testColony(db, 'dev', ['e1', 'e2'])
  const [a, b, c, d] = [colony.process(), colony.process(), colony.process(), colony.process()]
  const node = (process: typeof a, parents: (typeof a)[], children: (typeof a)[]): NewNode => ({
    process,
    parents: parents.map((p) => p.processId),
    children: children.map((p) => p.processId),
    input: null,
  })
  const graphId = '9'.repeat(64)
  await insertGraph(db, colony.key, {
    graphId,
    initiatorId: 'user-id',
    initiatorName: 'user',
    requestId: null,
    cron: null,
    attributes: [],
    nodes: [node(a, [], [b, c]), node(b, [a], [d]), node(c, [a], [d]), node(d, [c, b], [])],
  })
  await claimProcesses(db, colony.key, anyShape, [claimant('e1')])
  return { colony, graphId, a: a.processId, b: b.processId, c: c.processId, d: d.processId }
}

const counts = (ready: readonly ReadyLine[]) => ready.map(({ executorType, count }) => ({ executorType, count }))

const closing = (processId: string, holder: string, output: string | null = null) => ({
  processId,
  holder: `${holder}-id`,
  attempt: 0,
  output,
})

test('siblings that close at the same moment release their child once, with both outputs', async (t) => {
  const { db } = await testDatabase(t)
  const { colony, a, b, c, d } = await diamond(db)
  await closeSuccessful(db, colony.key, [closing(a, 'e1')])
  const held = await claimProcesses(db, colony.key, anyShape, [claimant('e1'), claimant('e2')])
  const holderOf = (id: string) => held.find((row) => row.process_id === id)?.holder?.replace('-id', '') ?? ''

  const second = await heldOpen(
    db,
    async (tx) =>
      assert.deepEqual((await closeSuccessful(tx, colony.key, [closing(b, holderOf(b), '["b"]')])).ready, []),
    () => closeSuccessful(db, colony.key, [closing(c, holderOf(c), '["c"]')]),
  )

  assert.deepEqual(counts(second.ready), [{ executorType: 'cli', count: 1 }])
  const [child] = await claimProcesses(db, colony.key, anyShape, [claimant('e1')])
  assert.equal(child?.process_id, d)
  assert.deepEqual(child?.inputs, ['["c"]', '["b"]'])
})

test('a child that is added while its parent closes is released by that close', async (t) => {
  const { db } = await testDatabase(t)
  const { colony, graphId, a, d } = await diamond(db)
  const child = colony.process()
  const closed = await heldOpen(
    db,
    (tx) =>
      insertChild(tx, colony.key, {
        graphId,
        parentId: a,
        adder: { holder: 'e1-id', attempt: 0 },
        process: child,
        attributes: [],
        before: d,
        insert: false,
      }),
    () => closeSuccessful(db, colony.key, [closing(a, 'e1')]),
  )
  assert.deepEqual(counts(closed.ready), [{ executorType: 'cli', count: 3 }])
  const [row] = await readProcesses(db, colony.key, [d])
  assert.equal(row?.open_parents, 3)
})

test('a child that comes after its parent has closed is refused and changes nothing', async (t) => {
  const { db } = await testDatabase(t)
  const { colony, graphId, a } = await diamond(db)
  const late = heldOpen(
    db,
    (tx) => closeSuccessful(tx, colony.key, [closing(a, 'e1')]),
    () =>
      insertChild(db, colony.key, {
        graphId,
        parentId: a,
        adder: { holder: 'e1-id', attempt: 0 },
        process: colony.process(),
        attributes: [],
        before: '',
        insert: false,
      }),
  )
  await assert.rejects(late, { code: 'not_running' })
  const row = await db.one<{ total: number }>(sql`select total from graphs where graph_id = ${graphId}`)
  assert.equal(row?.total, 4)
})

test('a child that is added below a parent that is failing fails with it', async (t) => {
  const { db } = await testDatabase(t)
  const { colony, graphId, a } = await diamond(db)
  const child = colony.process()
  await heldOpen(
    db,
    (tx) =>
      insertChild(tx, colony.key, {
        graphId,
        parentId: a,
        adder: { holder: 'e1-id', attempt: 0 },
        process: child,
        attributes: [],
        before: '',
        insert: false,
      }),
    () => closeFailed(db, colony.key, [{ processId: a, holder: 'e1-id', attempt: 0, errors: ['no'] }]),
  )
  const rows = await db.all<{ state: number }>(sql`select state from results where graph_id = ${graphId}`)
  assert.deepEqual(
    rows.map((row) => row.state),
    [3, 3, 3, 3, 3],
  )
  assert.equal(await db.run(sql`select 1 from live where colony = ${colony.key}`), 0)
})

test('a close that meets a release of the same process is refused', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1'])
  const process = colony.process()
  await insertProcesses(db, colony.key, [process], [])
  await claimProcesses(db, colony.key, anyShape, [claimant('e1')])
  const { ended } = await heldOpen(
    db,
    (tx) => giveBack(tx, colony.key, [{ processId: process.processId, holder: 'e1-id', attempt: 1 }]),
    () => closeSuccessful(db, colony.key, [closing(process.processId, 'e1')]),
  )
  assert.equal(ended.size, 0)
  const [row] = await readProcesses(db, colony.key, [process.processId])
  assert.equal(row?.state, 0)
})

test('a late give-back of a lost reply does not take the process from who asked again', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1'])
  const process = colony.process()
  await insertProcesses(db, colony.key, [process], [])
  const ask = () => claimProcesses(db, colony.key, anyShape, [claimant('e1', 'ask-1')])
  const [lost] = await ask()
  const unsent = [{ processId: process.processId, holder: 'e1-id', attempt: lost?.attempt ?? 0 }]

  // Asked again first: the give-back finds a later attempt.
  const [again] = await ask()
  assert.equal(again?.process_id, process.processId)
  assert.equal((await giveBack(db, colony.key, unsent)).released.size, 0)

  // Given back first, in the moment of the second question: it gets nothing, and the process is in the queue.
  const held = [{ processId: process.processId, holder: 'e1-id', attempt: again?.attempt ?? 0 }]
  const got = await heldOpen(db, (tx) => giveBack(tx, colony.key, held), ask)
  assert.deepEqual(got, [])
  assert.equal((await ask())[0]?.attempt, 3)
})

test('two closes of one process, at once, end it once', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1'])
  const process = colony.process()
  await insertProcesses(db, colony.key, [process], [])
  await claimProcesses(db, colony.key, anyShape, [claimant('e1')])
  const second = await heldOpen(
    db,
    (tx) => closeSuccessful(tx, colony.key, [closing(process.processId, 'e1', '[1]')]),
    () => closeSuccessful(db, colony.key, [closing(process.processId, 'e1', '[2]')]),
  )
  assert.equal(second.ended.size, 0)
  const [row] = await readProcesses(db, colony.key, [process.processId])
  assert.equal(row?.output, '[1]')
})

test('what a rejected executor holds waits again when the rejection commits', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1', 'e2'])
  const process = colony.process()
  await insertProcesses(db, colony.key, [process], [])
  await claimProcesses(db, colony.key, anyShape, [claimant('e1')])
  await db.transaction(async (tx) => {
    await tx.run(sql`update executors set state = 2 where colony = ${colony.key} and name = 'e1'`)
    assert.deepEqual(counts(await releaseHeldBy(tx, colony.key, 'e1-id')), [{ executorType: 'cli', count: 1 }])
  })
  assert.deepEqual(await claimProcesses(db, colony.key, anyShape, [claimant('e1')]), [])
  const [row] = await claimProcesses(db, colony.key, anyShape, [claimant('e2')])
  assert.equal(row?.attempt, 2)
})

test('a recovery list that has gone stale takes nothing from who holds its processes by now', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1', 'e2'])
  const [closed, given] = [colony.process(), colony.process()]
  await insertProcesses(db, colony.key, [closed, given], [])
  for (const name of ['e1', 'e1']) await claimProcesses(db, colony.key, anyShape, [claimant(name)])
  await db.run(sql`update live set holder = 'gone' where colony = ${colony.key}`)
  const list = await heldByNobody(db, colony.key, 10)
  assert.equal(list.length, 2)

  // Before the list is worked through, another replica has done so; one is closed by then, the other in good hands.
  await giveBack(db, colony.key, list)
  for (const name of ['e2', 'e2']) await claimProcesses(db, colony.key, anyShape, [claimant(name)])
  await closeSuccessful(db, colony.key, [closing(closed.processId, 'e2', '["done"]')])
  assert.equal((await giveBack(db, colony.key, list)).released.size, 0)

  const [ended, running] = await readProcesses(db, colony.key, [closed.processId, given.processId])
  assert.deepEqual([ended?.state, ended?.output], [2, '["done"]'])
  assert.deepEqual([running?.state, running?.holder, running?.attempt], [1, 'e2-id', 2])
})

test('the sweep of deadlines does not wait for a close, and finds nothing when that has committed', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1'])
  const process = { ...colony.process(), execSeconds: 1, maxRetries: 3 }
  await insertProcesses(db, colony.key, [process], [])
  await claimProcesses(db, colony.key, anyShape, [claimant('e1')])
  await db.run(sql`update live set deadline = now() - interval '1 hour' where colony = ${colony.key}`)
  await db.transaction(async (tx) => {
    await closeSuccessful(tx, colony.key, [closing(process.processId, 'e1', '["late"]')])
    assert.equal((await releaseOverdue(db, colony.key, { limit: 10 })).released.size, 0)
  })
  assert.equal((await releaseOverdue(db, colony.key, { limit: 10 })).released.size, 0)
  const [row] = await readProcesses(db, colony.key, [process.processId])
  assert.deepEqual([row?.state, row?.output], [2, '["late"]'])
})

test('a line that waits while its process goes to another executor is refused, as is the removal of an attribute', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1'])
  const process = colony.process()
  await insertProcesses(db, colony.key, [process], [])
  await claimProcesses(db, colony.key, anyShape, [claimant('e1')])
  const held = { processId: process.processId, holder: 'e1-id', attempt: 1 }
  await insertAttribute(
    db,
    colony.key,
    { processId: process.processId, attributeId: 'a'.repeat(64), type: 1, key: 'k', value: 'v' },
    { ...held, most: 10, bytesMax: 100 },
  )

  const late = await heldOpen(
    db,
    (tx) => giveBack(tx, colony.key, [held]),
    () => insertLogs(db, colony.key, [{ ...held, message: 'late' }]),
  )
  assert.equal(late.size, 0)

  await claimProcesses(db, colony.key, anyShape, [claimant('e1')])
  const second = { ...held, attempt: 2 }
  const removed = await heldOpen(
    db,
    (tx) => giveBack(tx, colony.key, [second]),
    () => deleteAttribute(db, colony.key, 'a'.repeat(64), second),
  )
  assert.equal(removed, 0)
  assert.equal((await listAttributes(db, colony.key, [process.processId])).length, 1)
})

test(
  'a transaction that cannot be serialized lets go of the rows that it locked, and is done once',
  onOneServer('it counts tries, and there each begins once more'),
  async (t) => {
    const { db, config } = await testDatabase(t)
    await db.run(sql`create table balances (name text primary key, amount int not null)`)
    await db.run(sql`insert into balances values ('a', 0), ('b', 0)`)
    let tries = 0
    const slow = db.transaction(async (tx) => {
      tries += 1
      await tx.run(sql`set transaction isolation level serializable`)
      await tx.run(sql`update balances set amount = amount + 1 where name = 'a'`)
      // In the first try, somebody else changes what it reads next, after it has begun.
      if (tries === 1) await db.run(sql`update balances set amount = amount + 10 where name = 'b'`)
      await tx.run(sql`update balances set amount = amount + 1 where name = 'b'`)
    })
    await slow
    assert.equal(tries, 2)
    const { connect } = await import('./connect.js')
    const other = connect({ ...config, maxConnections: 1, statementTimeoutMs: 2_000 })
    t.after(() => other.close())
    assert.equal(await other.run(sql`update balances set amount = amount`), 2) // nobody holds them
    assert.deepEqual(await db.all(sql`select name, amount from balances order by name`), [
      { name: 'a', amount: 1 },
      { name: 'b', amount: 11 },
    ])
  },
)

test('forty claims race for forty processes: forty different winners', async (t) => {
  const { config } = await testDatabase(t)
  const { connect, spreadDatabase } = await import('./index.js')
  const many = { ...config, maxConnections: 40 }
  const db = await spreadDatabase(connect(many), many)
  t.after(() => db.close())
  const names = Array.from({ length: 40 }, (_, index) => `e${index}`)
  const colony = await testColony(db, 'dev', names)
  await insertProcesses(
    db,
    colony.key,
    names.map(() => colony.process()),
    [],
  )
  const won: string[] = []
  // Those who looked at rows that others had just locked look again, as a waiter does.
  for (let open = names; open.length > 0; ) {
    const rounds = await Promise.all(open.map((name) => claimProcesses(db, colony.key, anyShape, [claimant(name)])))
    won.push(...rounds.flat().map((row) => row.process_id))
    open = open.filter((_, index) => rounds[index]?.length === 0)
  }
  assert.equal(new Set(won).size, 40)
  assert.equal(won.length, 40)
})
