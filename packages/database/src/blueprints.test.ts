import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@colonies/protocol'
import { testDatabase } from '@colonies/testkit'
import { type BlueprintChange, changeBlueprint, insertBlueprint } from './blueprint-changes.js'
import { insertDefinition, listDefinitions } from './blueprint-definitions.js'
import { listBlueprintHistory, listBlueprints } from './blueprints.js'
import type { Db } from './db.js'
import { Sql, sql } from './sql.js'
import { testColony } from './testing/colony.js'

const everything = { after: '', count: 1000, bytesMax: limits.blueprintPageBytesMax }
const definition = {
  name: 'd',
  definition_id: 'd'.repeat(64),
  kind: 'Thing',
  executor_type: '',
  function_name: '',
  interval_seconds: 60,
  document: '{}',
  schema: null,
}
const change: BlueprintChange = {
  colonyName: 'dev',
  changedBy: 'me',
  locationId: 'l',
  makeProcess: () => assert.fail('nobody reconciles this kind'),
  makeCron: () => assert.fail('nobody reconciles this kind'),
}
const wish = {
  name: 'web',
  kind: 'Thing',
  location: '',
  place: '',
  metadata: '{}',
  spec: '{}',
  definitionId: definition.definition_id,
}

/** Many blueprints, as if they had been added. */
function fill(db: Db, colony: number, count: number, spec = '{}') {
  return db.run(sql`
    insert into blueprints (colony, name, blueprint_id, kind, location, place, metadata, spec, status, generation)
    select ${colony}, 'b' || lpad(n::text, 6, '0'), 'b' || n, 'Kind' || n % 100, 'Dc' || n % 7, 'dc' || n % 7, '{}', ${spec},
      '{}', 0
    from generate_series(1, ${count}::int) n`)
}

test('history has the newest generations only', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await testColony(db, 'dev', [])
  await insertDefinition(db, key, definition)
  await insertBlueprint(db, key, { ...wish, blueprintId: 'b', generation: 7, status: '{}' }, change)
  for (let n = 1; n <= limits.blueprintHistoryMax; n++)
    await changeBlueprint(db, key, { ...wish, spec: `{"n":${n}}`, status: null, force: false, expected: null }, change)
  const page = { blueprintId: 'b', before: null, count: 1000, bytesMax: limits.blueprintPageBytesMax }
  const rows = (await listBlueprintHistory(db, key, page)) ?? []
  assert.equal(rows.length, limits.blueprintHistoryMax)
  assert.deepEqual([rows[0]?.generation, rows.at(-1)?.generation], [107n, 8n])
  assert.equal(await listBlueprintHistory(db, key, { ...page, blueprintId: 'none' }), undefined)
  assert.deepEqual(await listBlueprintHistory(db, key, { ...page, before: 8 }), [])
})

test('a page ends when it has its bytes, and has one row at least', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await testColony(db, 'dev', [])
  await fill(db, key, 10, JSON.stringify({ x: 'x'.repeat(1000) }))
  const pageOf = async (bytesMax: number, after = '') =>
    (await listBlueprints(db, key, { kind: '', place: '', after, count: 100, bytesMax })).map((row) => row.name)
  assert.deepEqual(await pageOf(1), ['b000001'])
  assert.deepEqual(await pageOf(2000), ['b000001', 'b000002'])
  assert.deepEqual(await pageOf(2000, 'b000009'), ['b000010'])
  await insertDefinition(db, key, definition)
  assert.equal((await listDefinitions(db, key, { ...everything, bytesMax: 1 })).length, 1)
})

test('a list of blueprints reads no more than its page, however many there are', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await testColony(db, 'dev', [])
  await fill(db, key, 100_000)
  await db.run(sql`analyze blueprints`)
  const plans: [filter: { kind: string; place: string }, index: string][] = [
    [{ kind: '', place: '' }, 'blueprints_pkey'],
    [{ kind: 'Kind5', place: '' }, 'blueprints_kind'],
    [{ kind: 'Kind5', place: 'dc3' }, 'blueprints_place'],
  ]
  for (const [filter, index] of plans) {
    const plan = await planOf(db, (explaining) =>
      listBlueprints(explaining, key, { ...everything, ...filter, after: 'b05' }),
    )
    assert.ok(plan.includes(index), plan)
    assert.doesNotMatch(plan, /Seq Scan on blueprints/)
    const rows = await listBlueprints(db, key, { ...everything, ...filter, after: 'b05' })
    assert.ok(rows.length > 0 && rows.every((row) => row.name > 'b05'))
  }
})

async function planOf(db: Db, run: (db: Db) => Promise<unknown>): Promise<string> {
  let plan = ''
  const all = async (statement: Sql) => {
    const { pieces, text } = statement.statement
    const explained = new Sql({ pieces, text: `explain ${text}`, name: `explained${text.length}` }, statement.values)
    const rows = await db.all<{ 'QUERY PLAN': string }>(explained)
    plan += rows.map((row) => row['QUERY PLAN']).join('\n')
    return []
  }
  await run({ ...db, all: all as Db['all'] })
  return plan
}
