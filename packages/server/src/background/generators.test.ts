import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Db, deleteGenerator, findGenerator, insertPacks, sql } from '@colonies/database'
import { onOneServer, testDatabase } from '@colonies/testkit'
import { addGenerator, argsOfGraphs, pack, passGeneratorTime, workflowText } from '../testing/schedules.js'
import { hintedCounts, upkeepColony, upkeepContext } from '../testing/upkeep.js'
import { generators } from './generators.js'
import { Alarm, type LoopContext } from './loop.js'

const loop = generators(1000, new Alarm())
const bounds = { argsMax: 10, bytesMax: 1000 }
const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, n) => `a${from + n}`)

/** Runs the loop until it rests. */
async function tick(context: LoopContext): Promise<void> {
  while ((await loop.runOnce(context)) === 'again');
}

async function scene(t: TestContext) {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', ['ada'])
  const context = upkeepContext(db)
  const state = async (id: string) => (await findGenerator(db, colony.key, id)) ?? assert.fail('the generator is gone')
  return { db, colony, context, state, tick: () => tick(context) }
}

/** What rows say about a queue has to be what is in it. */
async function assertCounted(db: Db): Promise<void> {
  const wrong = await db.all(sql`
    select g.generator_id, g.packed - g.taken, a.args, g.queued_bytes, a.bytes from generators g
    cross join lateral (
      select count(*) as args, coalesce(sum(octet_length(arg)), 0) as bytes, coalesce(min(place), g.taken + 1) as first,
        coalesce(max(place), g.taken) as last
      from generator_args a where a.colony = g.colony and a.generator_id = g.generator_id) a
    where (g.packed - g.taken, g.queued_bytes, g.taken + 1, g.packed) is distinct from (a.args, a.bytes, a.first, a.last)`)
  assert.deepEqual(wrong, [])
}

test('each graph gets exactly as many arguments as it needs, in their order; what is left over waits', async (t) => {
  const { db, colony, context, state, tick } = await scene(t)
  const id = await addGenerator(db, colony)
  assert.equal((await pack(db, colony, id, numbered(2))).due, false)
  await tick()
  assert.deepEqual(await argsOfGraphs(db), [])
  assert.equal((await pack(db, colony, id, numbered(5, 2))).due, true)
  await tick()
  assert.deepEqual(await argsOfGraphs(db), [
    ['a0', 'a1', 'a2'],
    ['a3', 'a4', 'a5'],
  ])
  const { queued, last_run, first_pack, oldest_pack } = await state(id)
  assert.equal(queued, 1)
  assert.ok(last_run && first_pack && oldest_pack && oldest_pack > first_pack)
  await assertCounted(db)
  assert.deepEqual(hintedCounts(context), [[colony.key, 'cli', 2]])
  const graphs = await db.all(sql`select distinct initiator_name from graphs where colony > 0`)
  assert.deepEqual(graphs, [{ initiator_name: 'ada' }])
})

test('only roots get the arguments, in place of their own and without kwargs', async (t) => {
  const { db, colony, tick } = await scene(t)
  const nodes = (nodename: string, dependencies: string[]) => ({
    nodename,
    args: [nodename],
    kwargs: { own: true },
    conditions: { executortype: 'cli', dependencies },
  })
  const functionspecs = [nodes('a', []), nodes('b', []), nodes('c', ['a', 'b'])]
  const id = await addGenerator(db, colony, { trigger: 2, workflowspec: JSON.stringify({ functionspecs }) })
  await pack(db, colony, id, ['"quoted" \\ ü \u2028', ''])
  await tick()
  const specs = await db.all<{ spec: string; input: string | null }>(sql`
    select spec || ',"env":{}}' as spec, input from process_specs where colony > 0 order by node_name`)
  const seen = specs.map(({ spec, input }) => {
    const { args, kwargs } = JSON.parse(spec) as { args: unknown; kwargs: unknown }
    return { args, kwargs, input }
  })
  const packed = { args: ['"quoted" \\ ü \u2028', ''], kwargs: {}, input: null }
  assert.deepEqual(seen, [packed, packed, { args: ['c'], kwargs: { own: true }, input: null }])
})

test('with a timeout, fewer make a graph; it is counted from the oldest that waits, or from the last run', async (t) => {
  const { db, colony, tick } = await scene(t)
  const id = await addGenerator(db, colony, { timeout: 60 })
  await passGeneratorTime(db, 1000)
  await pack(db, colony, id, ['a'])
  await tick()
  assert.deepEqual(await argsOfGraphs(db), [], 'it waits for company')
  await passGeneratorTime(db, 30)
  await pack(db, colony, id, ['b'])
  await passGeneratorTime(db, 29)
  await tick()
  assert.deepEqual(await argsOfGraphs(db), [])
  await passGeneratorTime(db, 2)
  await tick()
  assert.deepEqual(await argsOfGraphs(db), [['a', 'b']])
  // One is left over by a run, so the run counts.
  await pack(db, colony, id, ['c', 'd', 'e', 'f'])
  await passGeneratorTime(db, 30)
  await tick()
  await passGeneratorTime(db, 59)
  await tick()
  assert.equal((await argsOfGraphs(db)).length, 2)
  await passGeneratorTime(db, 2)
  await tick()
  assert.deepEqual((await argsOfGraphs(db)).slice(1), [['c', 'd', 'e'], ['f']])
  await assertCounted(db)
  await passGeneratorTime(db, 1000)
  await tick()
  assert.equal((await argsOfGraphs(db)).length, 3, 'an empty queue makes nothing')
})

test('without a timeout, fewer wait for ever', async (t) => {
  const { db, colony, tick } = await scene(t)
  const id = await addGenerator(db, colony, { timeout: -1 })
  await pack(db, colony, id, ['a'])
  await passGeneratorTime(db, 10_000_000)
  await tick()
  assert.deepEqual(await argsOfGraphs(db), [])
})

test('packs and runs of many connections at once lose nothing, double nothing, and keep the order', async (t) => {
  const { db, colony } = await scene(t)
  const ids = [
    await addGenerator(db, colony, { name: 'one', trigger: 7, timeout: 1000, workflowspec: workflowText({ one: [] }) }),
    await addGenerator(db, colony, { name: 'two', trigger: 1, workflowspec: workflowText({ two: [] }) }),
  ]
  const packers = [0, 1, 2, 3].map(async (packer) => {
    for (let n = 0; n < 25; n += 1)
      for (const id of ids) await pack(db, colony, id, [`${packer}:${n}:0`, `${packer}:${n}:1`])
  })
  const contexts = [1, 2, 3].map(() => upkeepContext(db))
  let packing = true
  const loops = contexts.map(async (context) => {
    while (packing) await loop.runOnce(context)
  })
  await Promise.all(packers)
  packing = false
  await Promise.all(loops)
  await passGeneratorTime(db, 2000)
  await Promise.all(contexts.map((context) => tick(context)))

  for (const [name, trigger] of [
    ['one', 7],
    ['two', 1],
  ] as const) {
    const graphs = await argsOfGraphs(db, name)
    const all = graphs.flat()
    assert.equal(all.length, 200)
    assert.equal(new Set(all).size, 200)
    assert.deepEqual(
      graphs.map((args) => args.length).filter((count) => count !== trigger),
      200 % trigger === 0 ? [] : [200 % trigger],
    )
  }
  for (const packer of ['0', '1', '2', '3']) {
    const mine = (await argsOfGraphs(db, 'one')).flat().filter((arg) => arg.startsWith(`${packer}:`))
    const sorted = [...mine].sort((a, b) => Number(a.split(':')[1]) - Number(b.split(':')[1]))
    assert.deepEqual(mine, sorted)
  }
  assert.deepEqual(
    contexts.flatMap((context) => context.lines).filter((line) => /level=(warn|error)/.test(line)),
    [],
  )
  await assertCounted(db)
})

test('a request that comes again packs once, also at the same moment on several replicas', async (t) => {
  const { db, colony, state } = await scene(t)
  const id = await addGenerator(db, colony)
  const request = (requestId: string, arg: string) => ({ generatorId: id, caller: 'x', requestId, args: [arg, arg] })
  const outcomes = await Promise.all(
    [1, 2, 3, 4, 5].map(() => insertPacks(db, colony.key, [request('r', 'a'), request('r', 'a')], bounds)),
  )
  assert.ok(outcomes.flatMap((batch) => batch.outcomes).every(({ outcome }) => outcome === 'packed'))
  assert.equal((await state(id)).queued, 2)
  // Another caller may use the same id.
  await insertPacks(db, colony.key, [{ ...request('r', 'b'), caller: 'y' }, request('s', 'c')], bounds)
  assert.equal((await state(id)).queued, 6)
  await assertCounted(db)
})

test('a request that comes twice at once is refused twice, or packed twice as one', async (t) => {
  const { db, colony } = await scene(t)
  const id = await addGenerator(db, colony)
  const request = (generatorId: string, requestId: string, args: string[]) => ({
    generatorId,
    caller: 'x',
    requestId,
    args,
  })
  const twice = [request(id, 'ok', ['a']), request(id, 'large', numbered(11)), request('unknown', 'nobody', ['a'])]
  const { outcomes } = await insertPacks(db, colony.key, [...twice, ...twice], bounds)
  const expected = ['packed', 'too_many', 'unknown']
  assert.deepEqual(
    outcomes.map(({ outcome }) => outcome),
    [...expected, ...expected],
  )
  await assertCounted(db)
})

test('a queue has bounds, a pack goes in whole or not at all, and what was packed before is no news', async (t) => {
  const { db, colony, state } = await scene(t)
  const id = await addGenerator(db, colony)
  const other = await addGenerator(db, colony, { name: 'other', trigger: 10_000 })
  const of = (generatorId: string, args: string[], requestId: string | null = null) => ({
    generatorId,
    caller: 'x',
    requestId,
    args,
  })
  const outcomes = async (packs: ReturnType<typeof of>[]) =>
    (await insertPacks(db, colony.key, packs, bounds)).outcomes.map(({ outcome }) => outcome)
  assert.deepEqual(
    await outcomes([of(id, numbered(8), 'r'), of(id, numbered(3)), of(other, ['x']), of('unknown', ['x'])]),
    ['packed', 'too_many', 'packed', 'unknown'],
  )
  assert.deepEqual(await outcomes([of(id, numbered(8), 'r'), of(id, numbered(2))]), ['packed', 'packed'])
  assert.deepEqual(await outcomes([of(id, ['x'])]), ['too_many'])
  assert.deepEqual(await outcomes([of(id, numbered(8), 'r')]), ['packed'])
  assert.equal((await state(id)).queued, 10)
  // 16 MiB for 10 000 arguments.
  assert.deepEqual(await outcomes([of(other, ['x'.repeat(1678)]), of(other, ['x'.repeat(990)])]), [
    'too_large',
    'packed',
  ])
  assert.deepEqual(await outcomes([of(other, ['x'.repeat(20)])]), ['too_many'], 'by bytes')
  await assertCounted(db)
})

test('what is packed while a generator is removed goes with it', async (t) => {
  const { db, colony } = await scene(t)
  for (let turn = 0; turn < 10; turn += 1) {
    const id = await addGenerator(db, colony)
    const packing = [1, 2, 3, 4].map(() => pack(db, colony, id, ['a', 'b']))
    const [gone, ...packed] = await Promise.all([deleteGenerator(db, colony.key, id), ...packing])
    assert.equal(gone, 1)
    assert.ok(packed.flatMap((batch) => batch.outcomes).every(({ outcome }) => /packed|unknown/.test(outcome)))
  }
  assert.deepEqual(await db.all(sql`select from generator_args`), [])
})

const broken: { name: string; breakIt(db: Db): Promise<unknown>; mendIt(db: Db): Promise<unknown>; says: RegExp }[] = [
  {
    name: 'whose workflow makes no sense',
    breakIt: (db) => db.run(sql`update generators set workflow = ${workflowText({ a: ['b'] })} where name = 'bad'`),
    mendIt: (db) => db.run(sql`update generators set workflow = ${workflowText()} where name = 'bad'`),
    says: /Node a depends on b/,
  },
  {
    name: 'whose initiator is rejected',
    breakIt: (db) => db.run(sql`update generators set initiator_id = 'bob' where name = 'bad'`),
    mendIt: (db) => db.run(sql`update generators set initiator_id = 'ada-id' where name = 'bad'`),
    says: /ada, who added this generator, is no approved member/,
  },
  {
    name: 'that cannot be stored',
    breakIt: (db) => db.run(sql`alter table process_specs add constraint no_more check (spec not like '%"bad"%')`),
    mendIt: (db) => db.run(sql`alter table process_specs drop constraint no_more`),
    says: /could not be stored/,
  },
]

for (const { name, breakIt, mendIt, says } of broken) {
  test(`a generator ${name} says so, keeps its arguments, and holds up nobody`, async (t) => {
    const { db, colony, context, state, tick } = await scene(t)
    const bad = await addGenerator(db, colony, { name: 'bad', trigger: 1 })
    const good = await addGenerator(db, colony, { name: 'good', trigger: 1 })
    await breakIt(db)
    await pack(db, colony, bad, ['bad'])
    await pack(db, colony, good, ['good'])
    await tick()
    assert.equal((await pack(db, colony, bad, ['bad'])).due, false)
    await tick()
    assert.deepEqual(await argsOfGraphs(db), [['good']])
    const { last_error, queued } = await state(bad)
    assert.match(last_error, says)
    assert.equal(queued, 2)
    const complaints = context.lines.filter((line) => /did not run|cannot run"/.test(line))
    assert.equal(complaints.length, 1, context.lines.join('\n'))
    await mendIt(db)
    await passGeneratorTime(db, 61)
    await tick()
    assert.deepEqual((await argsOfGraphs(db)).length, 3)
    assert.equal((await state(bad)).last_error, '')
    await assertCounted(db)
  })
}

test(
  'while the database is full a generator stays due, and the others go on',
  onOneServer('it makes a trigger refuse rows'),
  async (t) => {
    const { db, colony, state, tick } = await scene(t)
    const unlucky = await addGenerator(db, colony, { name: 'unlucky', trigger: 1 })
    const lucky = await addGenerator(db, colony, { name: 'lucky', trigger: 1 })
    await db.run(sql`create function full() returns trigger language plpgsql as 'begin
    raise exception using errcode = ''53100''; end'`)
    await db.run(sql`create trigger full_disk before insert on process_specs for each row
    when (new.spec like '%"unlucky"%') execute function full()`)
    await pack(db, colony, unlucky, ['unlucky'])
    await pack(db, colony, lucky, ['lucky'])
    await tick()
    assert.deepEqual(await argsOfGraphs(db), [['lucky']])
    assert.equal((await state(unlucky)).last_error, '')
    await db.run(sql`drop trigger full_disk on process_specs`)
    await tick()
    assert.deepEqual(await argsOfGraphs(db), [['lucky'], ['unlucky']])
    await assertCounted(db)
  },
)

test('a long queue goes in bounded pieces', async (t) => {
  const { db, colony } = await scene(t)
  const wide = workflowText(Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`n${n}`, []])))
  const id = await addGenerator(db, colony, { trigger: 1, workflowspec: wide })
  await pack(db, colony, id, numbered(10))
  const context = upkeepContext(db)
  const graphs: number[] = []
  for (let outcome = 'again'; outcome === 'again'; ) {
    outcome = await loop.runOnce(context)
    const [row] = await db.all<{ count: number }>(sql`select count(*)::int as count from graphs where colony > 0`)
    graphs.push(row?.count ?? 0)
  }
  assert.deepEqual(graphs, [3, 6, 9, 10, 10])
})

test('generators of a removed colony run no more', async (t) => {
  const { db, colony, tick } = await scene(t)
  await pack(db, colony, await addGenerator(db, colony), numbered(3))
  await db.run(sql`delete from colonies`)
  await tick()
  assert.deepEqual(await argsOfGraphs(db), [])
})
