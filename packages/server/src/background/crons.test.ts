import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Db, sql } from '@colonies/database'
import { someoneWaits, testDatabase } from '@colonies/testkit'
import { runCronNow } from '../schedules/cron-runs.js'
import { cronScene } from '../testing/cron-scene.js'
import { addCron, endGraph, graphsOf, passCronTime, workflowText } from '../testing/schedules.js'
import { hintedCounts, upkeepContext } from '../testing/upkeep.js'

async function scene(t: TestContext) {
  const { db } = await testDatabase(t)
  return { db, ...(await cronScene(db)) }
}

/** Seconds from now until the next run; undefined: never. */
async function secondsUntilNext(db: Db, cronId: string): Promise<number | undefined> {
  const row = await db.one<{ seconds: number | null }>(sql`
    select extract(epoch from next_run - now())::float8 as seconds from crons where cron_id = ${cronId}`)
  return row?.seconds ?? undefined
}
test('a cron runs when its time has come, once, in the name of who added it', async (t) => {
  const { db, colony, context, state, tick } = await scene(t)
  const cronId = await addCron(db, colony)
  await tick()
  assert.deepEqual(await graphsOf(db, cronId), [])
  await passCronTime(db, 11)
  const planned = (await state(cronId)).next_run
  await tick()
  await tick()
  const [graph, ...more] = await graphsOf(db, cronId)
  assert.deepEqual(more, [])
  assert.deepEqual([graph?.planned_at, graph?.initiator_name], [planned, 'ada'])
  const after = await state(cronId)
  assert.equal(after.previous_graph_id, graph?.graph_id)
  assert.equal(Date.parse(after.next_run ?? '') - Date.parse(planned ?? ''), 10_000)
  assert.ok(after.last_run)
  assert.deepEqual(hintedCounts(context), [[colony.key, 'cli', 1]])
  assert.deepEqual(context.changed, [colony.key])
})

test('what was missed while no server lived runs once, or each with catchup', async (t) => {
  const { db, colony, tick } = await scene(t)
  const once = await addCron(db, colony, { name: 'once' })
  const each = await addCron(db, colony, { name: 'each', catchup: true })
  const hourly = await addCron(db, colony, { name: 'hourly', interval: -1, cronexpression: '@hourly' })
  await passCronTime(db, 65)
  await db.run(sql`update crons set next_run = next_run - interval '5 hours' where cron_id = ${hourly}`)
  await tick()
  assert.equal((await graphsOf(db, once)).length, 1)
  assert.equal((await graphsOf(db, hourly)).length, 1)
  // Planned 55, 45, ... 5 seconds ago.
  assert.equal((await graphsOf(db, each)).length, 6)
  for (const cronId of [once, each]) {
    const seconds = (await secondsUntilNext(db, cronId)) ?? 0
    assert.ok(seconds > 3 && seconds <= 5, `the series goes on where it began: ${seconds}`)
  }
})

test('replicas that look at the same time start each planned time once', async (t) => {
  const { db, colony, tick } = await scene(t)
  const ids: string[] = []
  for (let n = 0; n < 230; n += 1) ids.push(await addCron(db, colony, { name: `c${n}`, catchup: true }))
  const contexts = [1, 2, 3, 4, 5, 6].map(() => upkeepContext(db))
  await passCronTime(db, 35)
  await Promise.all(contexts.map((context) => tick(context)))
  for (const id of ids) {
    const planned = (await graphsOf(db, id)).map((graph) => graph.planned_at)
    assert.equal(planned.length, 3)
    assert.equal(new Set(planned).size, 3)
  }
  assert.deepEqual(
    contexts.flatMap((context) => context.lines).filter((line) => /level=(warn|error)/.test(line)),
    [],
  )
})

test('the roots get what the leaves of the run before put out, in depth-first order', async (t) => {
  const { db, colony, tick } = await scene(t)
  const workflowspec = workflowText({ a: [], z: [], left: ['a'], right: ['a'], below: ['left'] })
  const cronId = await addCron(db, colony, { workflowspec })
  await passCronTime(db, 11)
  await tick()
  const [first] = await graphsOf(db, cronId)
  const outputs = {
    a: '["of a"]',
    z: '["of z"]',
    left: '["of left"]',
    right: '[12345678901234567890]',
    below: '[{"x": 1}, null]',
  }
  await endGraph(db, first?.graph_id ?? '', outputs)
  await passCronTime(db, 10)
  await tick()
  const [, second] = await graphsOf(db, cronId)
  const inputs = await db.all<{ node_name: string; input: string | null }>(sql`
    select node_name, input from process_specs where graph_id = ${second?.graph_id ?? ''} order by node_name`)
  const input = '[{"x": 1}, null,12345678901234567890,"of z"]'
  assert.deepEqual(
    inputs.map((row) => [row.node_name, row.input]),
    [
      ['a', input],
      ['below', null],
      ['left', null],
      ['right', null],
      ['z', input],
    ],
  )
  await db.run(sql`delete from graphs where graph_id = ${second?.graph_id ?? ''}`)
  await db.run(sql`delete from graph_nodes where graph_id = ${second?.graph_id ?? ''}`)
  await passCronTime(db, 10)
  await tick()
  const third = (await graphsOf(db, cronId)).at(-1)?.graph_id ?? ''
  const [row] = await db.all<{ count: number }>(sql`
    select count(input)::int as count from process_specs where graph_id = ${third}`)
  assert.equal(row?.count, 0)
})

const overlapping: {
  name: string
  changes: Record<string, string | boolean>
  graphs: number
  next: 'moved' | 'stays'
}[] = [
  { name: 'runs beside the graph before', changes: {}, graphs: 2, next: 'moved' },
  { name: 'runs beside it when told so', changes: { overlap: 'allow' }, graphs: 2, next: 'moved' },
  { name: 'waits for it', changes: { overlap: 'wait' }, graphs: 1, next: 'stays' },
  {
    name: 'waits for it, as the original says it',
    changes: { waitforprevprocessgraph: true },
    graphs: 1,
    next: 'stays',
  },
  { name: 'leaves the time out', changes: { overlap: 'skip' }, graphs: 1, next: 'moved' },
  { name: 'ends the graph before', changes: { overlap: 'cancel' }, graphs: 2, next: 'moved' },
]

for (const { name, changes, graphs, next } of overlapping) {
  test(`while the graph before has not ended, a cron ${name}`, async (t) => {
    const { db, colony, state, tick } = await scene(t)
    const cronId = await addCron(db, colony, changes)
    await passCronTime(db, 11)
    await tick()
    await passCronTime(db, 10)
    const planned = (await state(cronId)).next_run
    await tick()
    const started = await graphsOf(db, cronId)
    assert.equal(started.length, graphs)
    assert.equal((await state(cronId)).next_run === planned, next === 'stays')
    const states = await db.all<{ state: number }>(
      sql`select state from graphs where cron_id = ${cronId} order by graph_id`,
    )
    assert.deepEqual(
      states.map((row) => row.state),
      changes.overlap === 'cancel' ? [4, 0] : started.map(() => 0),
    )
    if (next === 'moved') return
    // By command neither, and that is no error.
    assert.ok(await runCronNow({ db, replica: upkeepContext(db).replica }, colony.key, { cronId, requestid: '' }))
    assert.equal((await graphsOf(db, cronId)).length, 1)
    await endGraph(db, started[0]?.graph_id ?? '')
    await tick()
    assert.equal((await graphsOf(db, cronId)).length, 2)
  })
}

test('a cancelled graph does not hold up the cron that waits for it, nor does one that is gone', async (t) => {
  const { db, colony, tick } = await scene(t)
  const cronId = await addCron(db, colony, { waitforprevprocessgraph: true })
  await passCronTime(db, 11)
  await tick()
  await db.run(sql`update graphs set cancelled = total`)
  await passCronTime(db, 10)
  await tick()
  assert.equal((await graphsOf(db, cronId)).length, 2)
  await db.run(sql`delete from graphs`)
  await passCronTime(db, 10)
  await tick()
  assert.equal((await graphsOf(db, cronId)).length, 1)
})

/** What may be wrong with a cron by the time that it is due. */
test('a run by command is on top of the plan, and repeated requests are one', async (t) => {
  const { db, colony, state, tick } = await scene(t)
  const replica = upkeepContext(db).replica
  const cronId = await addCron(db, colony)
  const run = (requestid: string) => runCronNow({ db, replica }, colony.key, { cronId, requestid })
  await Promise.all([run('once'), run('once'), run('once')])
  const [graph, ...more] = await graphsOf(db, cronId)
  assert.deepEqual([graph?.planned_at, more], [null, []])
  assert.equal((await state(cronId)).previous_graph_id, graph?.graph_id)
  // A time that is due is not lost by it.
  await passCronTime(db, 11)
  await run('twice')
  await tick()
  const planned = (await graphsOf(db, cronId)).map((one) => one.planned_at !== null)
  assert.deepEqual(planned.sort(), [false, false, true])
  assert.equal(await runCronNow({ db, replica }, colony.key, { cronId: 'unknown', requestid: '' }), undefined)
})

test('a cron that waits is started once by two who tell it to at the same moment', async (t) => {
  const { db, colony } = await scene(t)
  const { replica } = upkeepContext(db)
  const cronId = await addCron(db, colony, { overlap: 'wait' })
  const run = (on: Db) => runCronNow({ db: on, replica }, colony.key, { cronId, requestid: '' })
  let second: Promise<unknown> | undefined
  await db.transaction(async (tx) => {
    await run(tx)
    second ??= run(db)
    await someoneWaits(db)
  })
  await second
  assert.equal((await graphsOf(db, cronId)).length, 1)
})

test('a repeated command does not end the graph that it started, though the cron ends the one before', async (t) => {
  const { db, colony } = await scene(t)
  const { replica } = upkeepContext(db)
  const cronId = await addCron(db, colony, { overlap: 'cancel' })
  const run = () => runCronNow({ db, replica }, colony.key, { cronId, requestid: 'once' })
  await run()
  await run()
  assert.deepEqual(await db.all(sql`select state from graphs where cron_id = ${cronId}`), [{ state: 0 }])
})

test('a cron whose time never comes is never looked at', async (t) => {
  const { db, colony, tick } = await scene(t)
  const cronId = await addCron(db, colony, { interval: -1, cronexpression: '0 0 0 30 2 *' })
  assert.equal(await secondsUntilNext(db, cronId), undefined)
  await tick()
  assert.deepEqual(await graphsOf(db, cronId), [])
})

test('crons of a removed colony run no more', async (t) => {
  const { db, colony, tick } = await scene(t)
  const cronId = await addCron(db, colony)
  await passCronTime(db, 11)
  await db.run(sql`delete from colonies`)
  await tick()
  assert.deepEqual(await graphsOf(db, cronId), [])
})
