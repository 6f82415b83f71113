import assert from 'node:assert/strict'
import { sql } from '@colonies/database'
import { limits } from '@colonies/protocol'
import type { Bounds } from './bench.js'

/** Names of bounds that are about blueprints and their schemas. */
type BlueprintBound = Extract<keyof typeof limits, `blueprint${string}` | `schema${string}`>

const kind = 'Thing'
const definition = (colonyname: string, schema: object = {}, metadata: object = {}) => ({
  blueprintdefinition: {
    metadata: { name: 'things', colonyname, ...metadata },
    spec: { names: { kind }, schema, handler: { executorType: 'nobody', functionName: 'reconcile' } },
  },
})
const blueprint = (colonyname: string, changes: object = {}, metadata: object = {}) => ({
  blueprint: { kind, metadata: { name: 'web', colonyname, ...metadata }, spec: {}, ...changes },
})
/** An object whose JSON text has so many bytes. */
const ofBytes = (bytes: number) => ({ x: 'x'.repeat(bytes - '{"x":""}'.length) })

/** The part of `bounds` that is about blueprints. */
export const blueprintBounds: Pick<Bounds, BlueprintBound> = {
  async blueprintBytesMax({ colonyname, allowed, refused }) {
    await allowed('owner', 'addblueprintdefinitionmsg', definition(colonyname))
    await allowed('user', 'addblueprintmsg', blueprint(colonyname, { spec: ofBytes(2 ** 20) }))
    assert.equal(
      await refused('user', 'updateblueprintmsg', blueprint(colonyname, { spec: ofBytes(2 ** 20 + 1) })),
      '400 blueprint.spec must have at most 1048576 bytes',
    )
    assert.equal(
      await refused('user', 'updateblueprintmsg', blueprint(colonyname, { status: ofBytes(2 ** 20 + 1) })),
      '400 blueprint.status must have at most 1048576 bytes',
    )
    const report = { colonyname, blueprintname: 'web', status: ofBytes(2 ** 20 + 1) }
    assert.equal(
      await refused('user', 'updateblueprintstatusmsg', report),
      '400 status must have at most 1048576 bytes',
    )
  },

  async blueprintMetadataBytesMax({ colonyname, allowed, refused }) {
    const annotations = { a: 'x'.repeat(limits.blueprintMetadataBytesMax) }
    assert.equal(
      await refused('owner', 'addblueprintdefinitionmsg', definition(colonyname, {}, { annotations })),
      '400 blueprintdefinition without its schema must have at most 65536 bytes',
    )
    await allowed('owner', 'addblueprintdefinitionmsg', definition(colonyname))
    assert.equal(
      await refused('user', 'addblueprintmsg', blueprint(colonyname, {}, { annotations })),
      '400 blueprint.metadata.labels and blueprint.metadata.annotations together must have at most 65536 bytes',
    )
  },

  async blueprintSchemaBytesMax({ colonyname, allowed, refused }) {
    assert.equal(
      await refused('owner', 'addblueprintdefinitionmsg', definition(colonyname, ofBytes(2 ** 18 + 1))),
      '400 blueprintdefinition.spec.schema must have at most 262144 bytes',
    )
    await allowed('owner', 'addblueprintdefinitionmsg', definition(colonyname, ofBytes(2 ** 18)))
  },

  async blueprintPageBytesMax({ db, colonyname, scene }) {
    await db.run(sql`
      insert into blueprints (colony, name, blueprint_id, kind, location, place, metadata, spec, status, generation)
      select colony_key, 'b' || lpad(n::text, 2, '0'), 'b' || n, 'Thing', '', '', '{}',
        '{"x":"' || repeat('x', 1000000) || '"}', '{}', 0
      from colonies, generate_series(1, 20) n where colonies.name = ${colonyname}`)
    const first = await scene.clients.user.getBlueprints({ namespace: colonyname })
    assert.equal(first.length, 9)
    const after = first.at(-1)?.metadata.name ?? ''
    assert.equal((await scene.clients.user.getBlueprints({ namespace: colonyname, after, count: 3 })).length, 3)
  },

  async blueprintHistoryMax({ colonyname, scene, allowed }) {
    await allowed('owner', 'addblueprintdefinitionmsg', definition(colonyname))
    const { blueprintid } = await scene.clients.user.addBlueprint(blueprint(colonyname))
    for (let n = 0; n < limits.blueprintHistoryMax; n++)
      await allowed('user', 'updateblueprintmsg', { ...blueprint(colonyname), forcegeneration: true })
    const history = await scene.clients.user.getBlueprintHistory({ blueprintid })
    assert.deepEqual([history.length, history.at(-1)?.generation], [100, 1])
  },

  async blueprintProcessesMax({ colonyname, scene, allowed, refused }) {
    await allowed('owner', 'addblueprintdefinitionmsg', definition(colonyname))
    await allowed('user', 'addblueprintmsg', blueprint(colonyname))
    for (let n = 0; n < 20; n++)
      await allowed('user', 'updateblueprintmsg', { ...blueprint(colonyname), forcegeneration: true })
    const waiting = await scene.clients.user.getProcesses({ colonyname, count: 100, state: 0 })
    assert.equal(waiting.length, 10)
    assert.equal(
      await refused('user', 'reconcileblueprintmsg', { namespace: colonyname, name: 'web' }),
      "429 10 processes wait to reconcile 'web' already: is there an executor of type nobody at its location?",
    )
  },

  async schemaStepsMax({ colonyname, allowed, refused }) {
    await allowed(
      'owner',
      'addblueprintdefinitionmsg',
      definition(colonyname, { properties: { x: { pattern: 'a+b' } } }),
    )
    await allowed('user', 'addblueprintmsg', blueprint(colonyname, { spec: { x: `${'a'.repeat(1000)}b` } }))
    assert.equal(
      await refused('user', 'updateblueprintmsg', blueprint(colonyname, { spec: { x: 'a'.repeat(10 ** 6) } })),
      '400 blueprint validation failed: checking takes more than 1000000 steps: simplify the schema',
    )
  },

  async schemaDepthMax({ colonyname, allowed, refused }) {
    await allowed('owner', 'addblueprintdefinitionmsg', definition(colonyname, { $ref: '#' }))
    assert.equal(
      await refused('user', 'addblueprintmsg', blueprint(colonyname)),
      '400 blueprint validation failed: the schema leads deeper than 500 rules: does it refer to itself?',
    )
  },
}
