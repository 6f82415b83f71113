import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onOneServer, testDatabase } from '@colonies/testkit'
import { coloniesWithCrons, dueCronIds, fireCrons, listCrons } from './crons.js'
import type { Db } from './db.js'
import { coloniesWithGenerators, dueGeneratorIds, runGenerators } from './generator-runs.js'
import { findGeneratorNamed, listGenerators } from './generators.js'
import { insertPacks } from './packs.js'
import { sql } from './sql.js'
import { testColony } from './testing/colony.js'
import { watched } from './testing/watched.js'

const ROWS = 4000

const page = { after: 'c100', count: 10, bytesMax: 1000 }
const pack = { generatorId: 'g7', caller: 'x', requestId: 'r', args: ['a'] }
const bounds = { argsMax: 10, bytesMax: 100 }
const running = { recipeOf: () => 'not now', workflowBytesMax: 100, nodesMax: 10, bytesMax: 10, retrySeconds: 60 }
const firing = { workflowBytesMax: 100, outputBytesMax: 10, decide: () => undefined }

const hotStatements: { name: string; index: string; run(db: Db, colony: number): Promise<unknown> }[] = [
  { name: 'colonies with crons', index: 'crons_due', run: (db) => coloniesWithCrons(db, 1000) },
  { name: 'due crons', index: 'crons_due', run: (db, c) => dueCronIds(db, c, 50) },
  { name: 'firing', index: 'crons_due', run: (db, c) => fireCrons(db, c, { ...firing, choice: { due: 50 } }) },
  { name: 'one cron', index: 'crons_pkey', run: (db, c) => fireCrons(db, c, { ...firing, choice: { cronId: 'c7' } }) },
  { name: 'list of crons', index: 'crons_pkey', run: (db, c) => listCrons(db, c, page) },
  { name: 'colonies with generators', index: 'generators_due', run: (db) => coloniesWithGenerators(db, 1000) },
  { name: 'due generators', index: 'generators_due', run: (db, c) => dueGeneratorIds(db, c, 20) },
  {
    name: 'running',
    index: 'generators_due',
    run: (db, c) => runGenerators(db, c, { ...running, choice: { due: 20 } }),
  },
  { name: 'pack', index: 'generators_pkey', run: (db, c) => insertPacks(db, c, [pack], bounds) },
  { name: 'queue of a generator', index: 'generator_args_pkey', run: (db, c) => findGeneratorNamed(db, c, 'g7') },
  { name: 'list of generators', index: 'generators_pkey', run: (db, c) => listGenerators(db, c, page) },
]

/** All crons, generators, arguments or graphs of a colony, but for what is due. */
const WHOLE_COLONY =
  /Index (?:Only )?Scan using (?!crons_due|generators_due)\S+ on (?:crons|generators|generator_args|graphs|edges|live|results\w*)\b.*\n\s*Index Cond: \(colony = \$\d+\)/

/** Crons and generators, of which few are due, with arguments that wait. */
async function fill(db: Db, colony: number, rows = ROWS): Promise<void> {
  await db.run(sql`
    insert into crons (colony, cron_id, name, initiator_id, initiator_name, initiator_is_user, interval_seconds,
      expression, random, time_zone, server_time_zone, catchup, waits, overlap, workflow, next_run, previous_graph_id)
    select ${colony}, 'c' || n, 'c' || n, '', '', true, 60, '', false, '', 'UTC', false, n % 2 = 0, '', '{}',
      now() + make_interval(secs => case when n <= 10 then n - 10 else n * 100 end), 'g' || n
    from generate_series(1, ${rows}::int) n`)
  await db.run(sql`
    insert into generators (colony, generator_id, name, initiator_id, initiator_name, initiator_is_user, workflow,
      trigger_count, timeout_seconds, arg_bytes_max, packed, queued_bytes, due_at)
    select ${colony}, 'g' || n, 'g' || n, '', '', true, '{}', 10, 0, 100, 5, 5, case when n <= 10 then now() end
    from generate_series(1, ${rows}::int) n`)
  await db.run(sql`
    insert into generator_args (colony, generator_id, place, arg)
    select ${colony}, 'g' || n, place, 'a' from generate_series(1, ${rows}::int) n, generate_series(1, 5) place`)
}

async function check(db: Db, colony: number, age: string, statements = hotStatements): Promise<void> {
  for (const { name, index, run } of statements) {
    const plans: string[] = []
    await run(watched(db, plans), colony)
    const plan = plans.join('\n')
    assert.ok(plan.includes(index), `${name} on ${age} tables uses ${index}:\n${plan}`)
    assert.doesNotMatch(plan, /Seq Scan on (crons|generators|generator_args|requests)/, `${name}, ${age}:\n${plan}`)
    assert.doesNotMatch(plan, WHOLE_COLONY, `${name} on ${age} tables walks a colony:\n${plan}`)
  }
}

test('one transaction reads so many bytes of workflows, and one workflow in any case', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await testColony(db, 'dev', [])
  await fill(db, key)
  await db.run(sql`update crons set workflow = repeat('x', 40)`)
  await db.run(sql`update generators set workflow = repeat('x', 40)`)
  const fired = (workflowBytesMax: number) =>
    fireCrons(db, key, { ...firing, workflowBytesMax, choice: { due: 50 } }).then(({ length }) => length)
  assert.deepEqual([await fired(100), await fired(10), await fired(1000)], [2, 1, 10])
  const ran = (workflowBytesMax: number) =>
    runGenerators(db, key, { ...running, workflowBytesMax, choice: { due: 20 } }).then(({ length }) => length)
  assert.deepEqual([await ran(100), await ran(10), await ran(1000)], [2, 1, 7])
})

test('graphs of one transaction are bounded by the workflow that they repeat', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await testColony(db, 'dev', [])
  await fill(db, key)
  await db.run(sql`update generators set workflow = repeat('x', 40), trigger_count = 1`)
  let graphs = 0
  const graphOf = () => {
    const graphId = `graph ${++graphs}`
    return {
      graphId,
      initiatorId: '',
      initiatorName: '',
      requestId: null,
      cron: null,
      nodes: [],
      attributes: [],
    }
  }
  const recipe = { nodes: 1, roots: 1, graphOf }
  const options = { ...running, nodesMax: 1000, recipeOf: () => recipe, workflowBytesMax: 1000, choice: { due: 20 } }
  const run = async (bytesMax: number) =>
    (await runGenerators(db, key, { ...options, bytesMax })).map((one) => one.graphs)
  assert.deepEqual(await run(100), [2])
  assert.deepEqual(await run(10), [1], 'one in any case')
  assert.deepEqual(await run(41 * 9), [5, 4])
})

test(
  'crons and generators are found by their index on empty, small, freshly filled and analysed tables',
  onOneServer('it reads plans of plain tables'),
  async (t) => {
    const { db } = await testDatabase(t)
    const { key } = await testColony(db, 'dev', [])
    const analyse = async () => {
      for (const table of [sql`analyze crons`, sql`analyze generators`, sql`analyze generator_args`])
        await db.run(table)
    }
    // One cron is found by any index while there are few; those of a batch, one by one, are not.
    const batches = hotStatements.filter(({ name }) => ['firing', 'running'].includes(name))
    await check(db, key, 'empty', batches)
    const { key: small } = await testColony(db, 'small', [])
    await fill(db, small, 8)
    await analyse()
    await check(db, small, 'small', batches)
    await db.run(sql`delete from crons`)
    await db.run(sql`delete from generators`)
    await fill(db, key)
    await check(db, key, 'freshly filled')
    await analyse()
    await check(db, key, 'analysed')
    await db.run(sql`update crons set next_run = now()`)
    await analyse()
    await check(db, key, 'all due', batches)
  },
)
