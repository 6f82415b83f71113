import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Db, findCron, sql } from '@colonies/database'
import { testDatabase } from '@colonies/testkit'
import { runCronNow } from '../schedules/cron-runs.js'
import { addCron, endGraph, graphsOf, passCronTime, workflowText } from '../testing/schedules.js'
import { type UpkeepColony, upkeepColony, upkeepContext } from '../testing/upkeep.js'
import { crons } from './crons.js'
import type { LoopContext } from './loop.js'

const loop = crons(1000)

/** Runs the loop until it rests. */
async function tick(context: LoopContext): Promise<void> {
  while ((await loop.runOnce(context)) === 'again');
}

async function scene(t: TestContext) {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', ['ada'])
  const context = upkeepContext(db)
  const state = async (cronId: string) => (await findCron(db, colony.key, cronId)) ?? assert.fail('the cron is gone')
  return { db, colony, context, state, tick: () => tick(context) }
}

/** Resolves when a statement hangs on a lock. */
async function someoneWaitsForLock(db: Db): Promise<void> {
  const end = Date.now() + 5000
  while (Date.now() < end) {
    const row = await db.one(sql`
      select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)
    if (row) return
  }
  throw new Error('nobody waited for the lock')
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
  assert.deepEqual(context.hinted, [[colony.key, { executorType: 'cli', count: 1 }]])
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
  const { db, colony } = await scene(t)
  const ids: string[] = []
  for (let n = 0; n < 60; n += 1) ids.push(await addCron(db, colony, { name: `c${n}`, catchup: true }))
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
const broken: {
  name: string
  breakIt(db: Db, colony: UpkeepColony, cronId: string): Promise<unknown>
  says: RegExp
}[] = [
  {
    name: 'whose workflow makes no sense',
    breakIt: (db, _, id) =>
      db.run(sql`update crons set workflow = ${workflowText({ a: ['b'] })} where cron_id = ${id}`),
    says: /Node a depends on b/,
  },
  {
    name: 'whose workflow is for another colony',
    breakIt: (db, _, id) =>
      db.run(sql`update crons set workflow = ${'{"colonyname":"other","functionspecs":[]}'} where cron_id = ${id}`),
    says: /for colony other/,
  },
  {
    name: 'whose initiator is rejected',
    breakIt: (db) => db.run(sql`update executors set state = 2`),
    says: /ada, who added this cron, is no approved member/,
  },
  {
    name: 'whose initiator has gone',
    breakIt: (db) => db.run(sql`delete from executors`),
    says: /no approved member/,
  },
  {
    name: 'that cannot be stored',
    breakIt: (db, _, id) =>
      db
        .run(sql`alter table graphs add constraint no_more check (cron_id is distinct from 'x')`)
        .then(() => db.run(sql`update crons set cron_id = 'x' where cron_id = ${id}`)),
    says: /could not be stored/,
  },
  {
    name: 'whose expression cannot be read',
    breakIt: (db, _, id) =>
      db.run(sql`update crons set interval_seconds = -1, expression = '* *' where cron_id = ${id}`),
    says: /expected exactly 6 fields/,
  },
]

for (const { name, breakIt, says } of broken) {
  test(`a cron ${name} says so, is left alone until its next time, and holds up nobody`, async (t) => {
    const { db, colony, context, tick } = await scene(t)
    const bad = await addCron(db, colony, { name: 'bad' })
    await passCronTime(db, 1)
    const good = await addCron(db, colony, { name: 'good' })
    await breakIt(db, colony, bad)
    await passCronTime(db, 11)
    await tick()
    await tick()
    const [row] = await db.all<{ last_error: string; next_run: string | null; due: boolean }>(sql`
      select last_error, next_run, coalesce(next_run <= now(), false) as due from crons where name = 'bad'`)
    assert.match(row?.last_error ?? '', says)
    assert.equal(row?.due, false)
    const complaints = context.lines.filter(
      (line) => line.includes('a cron was not started') || line.includes('cannot be started '),
    )
    assert.ok(complaints.length <= 2, complaints.join('\n'))
    if (!/member/.test(String(says))) assert.equal((await graphsOf(db, good)).length, 1)
  })
}

test('a time at which the database is full is not lost, and the other crons go on', async (t) => {
  const { db, colony, state, tick } = await scene(t)
  const unlucky = await addCron(db, colony, { name: 'unlucky' })
  await passCronTime(db, 1)
  const lucky = await addCron(db, colony, { name: 'lucky' })
  await db.run(sql`create function full() returns trigger language plpgsql as 'begin
    raise exception using errcode = ''53100''; end'`)
  await db.run(sql`update crons set initiator_name = 'unlucky' where cron_id = ${unlucky}`)
  await db.run(sql`create trigger full_disk before insert on graphs for each row
    when (new.initiator_name = 'unlucky') execute function full()`)
  await passCronTime(db, 11)
  const { next_run: planned } = await state(unlucky)
  await tick()
  const { last_error, next_run } = await state(unlucky)
  assert.deepEqual([last_error, next_run, (await graphsOf(db, lucky)).length], ['', planned, 1])
  await db.run(sql`drop trigger full_disk on graphs`)
  await tick()
  assert.deepEqual(
    (await graphsOf(db, unlucky)).map(({ planned_at }) => planned_at),
    [planned],
  )
})

test('a cron that cannot be stored is found behind many that wait for their graphs', async (t) => {
  const { db, colony, state, tick } = await scene(t)
  const first = await addCron(db, colony, { name: 'waiting', overlap: 'wait' })
  await passCronTime(db, 11)
  await tick()
  await db.run(sql`
    insert into crons select (jsonb_populate_record(c, jsonb_build_object('cron_id', 'w' || n, 'name', 'w' || n))).*
    from crons c, generate_series(1, 50) n where c.cron_id = ${first}`)
  await passCronTime(db, 20)
  const [bad, good] = [await addCron(db, colony, { name: 'bad' }), await addCron(db, colony, { name: 'good' })]
  await db.run(sql`alter table graphs add constraint no_more check (initiator_name <> 'bad')`)
  await db.run(sql`update crons set initiator_name = 'bad' where cron_id = ${bad}`)
  await passCronTime(db, 11)
  await tick()
  assert.match((await state(bad)).last_error, /could not be stored/)
  assert.equal((await graphsOf(db, good)).length, 1)
  assert.equal((await graphsOf(db, first)).length, 1)
})

test('a cron that works again forgets its error', async (t) => {
  const { db, colony, state, tick } = await scene(t)
  const cronId = await addCron(db, colony)
  await db.run(sql`update executors set state = 2`)
  await passCronTime(db, 11)
  await tick()
  assert.notEqual((await state(cronId)).last_error, '')
  await db.run(sql`update executors set state = 1`)
  await passCronTime(db, 10)
  await tick()
  assert.equal((await state(cronId)).last_error, '')
  assert.equal((await graphsOf(db, cronId)).length, 1)
})

test('outputs that are too large for a run stop that run, and say so', async (t) => {
  const { db, colony, state, tick } = await scene(t)
  const cronId = await addCron(db, colony, { workflowspec: workflowText({ a: [], b: [] }) })
  const small = await addCron(db, colony, { name: 'small' })
  await passCronTime(db, 11)
  await tick()
  const [first] = await graphsOf(db, cronId)
  const [ofSmall] = await graphsOf(db, small)
  // Above what is read in a batch, and twice that is what both roots together may get.
  const text = (megabytes: number) => JSON.stringify(['x'.repeat(megabytes * 1024 * 1024)])
  await endGraph(db, first?.graph_id ?? '', { a: text(9) })
  await endGraph(db, ofSmall?.graph_id ?? '', { tick: text(1) })
  await passCronTime(db, 10)
  await tick()
  assert.match((await state(cronId)).last_error, /more than the 16777216 bytes/)
  assert.equal((await graphsOf(db, cronId)).length, 1)
  assert.equal((await graphsOf(db, small)).length, 2)
  const [row] = await db.all<{ bytes: number }>(sql`select max(octet_length(input))::int as bytes from process_specs`)
  assert.equal(row?.bytes, text(1).length)
})

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
    await someoneWaitsForLock(db)
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

test('a cron that cannot be started leaves the graph before alone, though it is to end it', async (t) => {
  const { db, colony, state, tick } = await scene(t)
  const cronId = await addCron(db, colony, { overlap: 'cancel' })
  await passCronTime(db, 11)
  await tick()
  await db.run(sql`update executors set state = 2`)
  await passCronTime(db, 10)
  await tick()
  assert.match((await state(cronId)).last_error, /no approved member/)
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
