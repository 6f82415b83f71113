import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Db, sql } from '@colonies/database'
import { onOneServer, testDatabase } from '@colonies/testkit'
import { cronScene } from '../testing/cron-scene.js'
import { addCron, endGraph, graphsOf, passCronTime, workflowText } from '../testing/schedules.js'
import type { UpkeepColony } from '../testing/upkeep.js'

async function scene(t: TestContext) {
  const { db } = await testDatabase(t)
  return { db, ...(await cronScene(db)) }
}

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

test(
  'a time at which the database is full is not lost, and the other crons go on',
  onOneServer('it makes a trigger refuse rows'),
  async (t) => {
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
  },
)

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
