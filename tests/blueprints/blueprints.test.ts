import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Client, ClientError, createClient } from '@colonies/client'
import { sql } from '@colonies/database'
import { type JsonValue, limits } from '@colonies/protocol'
import { type TestColony, testColony } from '@colonies/testkit'

const kind = 'Deployment'
const handler = { executorType: 'reconciler', functionName: 'reconcile', reconcileInterval: 30 }

/** A colony that knows one kind of blueprints. */
async function withKind(t: Parameters<typeof testColony>[0], changes: { schema?: JsonValue; handler?: object } = {}) {
  const colony = await testColony(t)
  const metadata = { name: 'deployment', colonyname: colony.name }
  const spec = { names: { kind }, handler, ...changes } as {
    names: { kind: string }
    schema?: { [key: string]: JsonValue }
  }
  await colony.colonyOwner.addBlueprintDefinition({ blueprintdefinition: { metadata, spec } })
  return colony
}

type Spec = { [key: string]: JsonValue }

const blueprintOf = (colony: TestColony, name: string, spec: Spec = { image: 'a' }, locationname = '') => ({
  kind,
  metadata: { name, colonyname: colony.name, locationname },
  spec,
})

const add = (colony: TestColony, name: string, spec?: Spec, locationname?: string) =>
  colony.user.addBlueprint({ blueprint: blueprintOf(colony, name, spec, locationname) })

const named = (colony: TestColony, name: string) => ({ namespace: colony.name, name })

/** @returns gives the user, asking one replica or the other in turn */
async function usersOfTwoReplicas(colony: TestColony): Promise<(turn: number) => Client> {
  const { url } = await colony.anotherReplica()
  const other = createClient({ endpoint: url, privateKey: colony.keys.user, retry: { forMs: 0 } })
  return (turn) => (turn % 2 === 0 ? colony.user : other)
}

/** What waits for the reconciler, in the order of the queue. */
async function waiting({ user, name }: TestColony) {
  const processes = await user.getProcesses({ colonyname: name, count: 100, state: 0 })
  return processes
    .sort((one, other) => (one.prioritytime < other.prioritytime ? -1 : 1))
    .map(({ spec }) => ({ funcname: spec.funcname, kwargs: spec.kwargs, location: spec.conditions?.locationname }))
}

async function cronsOf({ user, name }: TestColony) {
  const all = await user.getCrons({ colonyname: name, count: 100 })
  return all.map(({ name, interval }) => ({ name, interval })).sort((one, other) => (one.name < other.name ? -1 : 1))
}

const refused = (code: string, says: RegExp) => (error: unknown) =>
  error instanceof ClientError && error.code === code && says.test(error.message)

test('a blueprint that is added is reconciled at once, at its location, and has a cron', async (t) => {
  const colony = await withKind(t)
  await add(colony, 'web', { image: 'a' }, 'dc1')
  assert.deepEqual(await waiting(colony), [
    { funcname: 'reconcile', kwargs: { blueprintName: 'web', kind }, location: 'dc1' },
  ])
  assert.deepEqual(await cronsOf(colony), [{ name: 'reconcile-Deployment-dc1', interval: 30 }])
  const location = await colony.user.getLocation({ colonyname: colony.name, name: 'dc1' })
  assert.equal(location.description, 'Auto-created from blueprint web')
})

test('an update with another spec is a new generation, with history, and is reconciled', async (t) => {
  const colony = await withKind(t)
  const { blueprintid } = await add(colony, 'web', { image: 'a', replicas: 1 })
  const update = async (spec: Spec, changes = {}) =>
    (await colony.user.updateBlueprint({ blueprint: blueprintOf(colony, 'web', spec), ...changes })).metadata.generation
  assert.equal(await update({ replicas: 1, image: 'a' }), 0)
  assert.equal(await update({ image: 'a', replicas: 2 }), 1)
  assert.equal(await update({ image: 'a', replicas: 2 }, { forcegeneration: true }), 2)
  assert.equal(await update({ image: 'a' }), 3)
  const history = await colony.user.getBlueprintHistory({ blueprintid })
  assert.deepEqual(
    history.map(({ generation, spec, changetype }) => [generation, spec, changetype]),
    [
      [3, { image: 'a' }, 'update'],
      [2, { image: 'a', replicas: 2 }, 'update'],
      [1, { image: 'a', replicas: 2 }, 'update'],
      [0, { image: 'a', replicas: 1 }, 'create'],
    ],
  )
  assert.equal(history[0]?.namespace, colony.name)
  const page = await colony.user.getBlueprintHistory({ blueprintid, limit: 2, aftergeneration: 2 })
  assert.deepEqual(
    page.map(({ generation }) => generation),
    [1, 0],
  )
  assert.equal((await waiting(colony)).length, 4)
})

test('what the reconciler reported outlives updates that say nothing about it', async (t) => {
  const colony = await withKind(t)
  await add(colony, 'web')
  const status = { running: 12345678901234567890n, list: [null] }
  await colony.user.updateBlueprintStatus({ colonyname: colony.name, blueprintname: 'web', status })
  const blueprint = blueprintOf(colony, 'web', { image: 'b' })
  assert.deepEqual((await colony.user.updateBlueprint({ blueprint })).status, status)
  const replaced = await colony.user.updateBlueprint({ blueprint: { ...blueprint, status: { a: 1 } } })
  assert.deepEqual(replaced.status, { a: 1 })
  await colony.user.updateBlueprintStatus({ colonyname: colony.name, blueprintname: 'web', status: {} })
  assert.equal((await colony.user.getBlueprint(named(colony, 'web'))).status, null)
})

test('a change for another generation than expected is refused, on whichever replica it comes', async (t) => {
  const colony = await withKind(t)
  await add(colony, 'web')
  const users = await usersOfTwoReplicas(colony)
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, n) =>
      users(n).updateBlueprint({
        blueprint: blueprintOf(colony, 'web', { image: `v${n}` }),
        expectedgeneration: 0,
      }),
    ),
  )
  const lost = outcomes.filter((outcome) => outcome.status === 'rejected')
  assert.equal(lost.length, 19)
  for (const { reason } of lost) assert.ok(refused('conflict', /has generation 1, not 0/)(reason), String(reason))

  const report = { colonyname: colony.name, blueprintname: 'web', status: { a: 1 } }
  await colony.user.updateBlueprintStatus({ ...report, expectedgeneration: 1 })
  await assert.rejects(
    colony.user.updateBlueprintStatus({ ...report, expectedgeneration: 0 }),
    refused('conflict', /has generation 1, not 0/),
  )
})

test('updates that nobody locks against still have generations of their own', async (t) => {
  const colony = await withKind(t)
  const { blueprintid } = await add(colony, 'web')
  const users = await usersOfTwoReplicas(colony)
  const updated = await Promise.all(
    Array.from({ length: 30 }, async (_, n) => {
      const user = users(n)
      if (n % 3 === 0)
        await user.updateBlueprintStatus({ colonyname: colony.name, blueprintname: 'web', status: { n } })
      const blueprint = blueprintOf(colony, 'web', { image: `v${n}` })
      return (await user.updateBlueprint({ blueprint })).metadata.generation
    }),
  )
  assert.deepEqual(
    updated.sort((one, other) => Number(one) - Number(other)),
    Array.from({ length: 30 }, (_, n) => n + 1),
  )
  assert.equal((await colony.user.getBlueprintHistory({ blueprintid })).length, 31)
  const { status } = await colony.user.getBlueprint(named(colony, 'web'))
  assert.equal(typeof (status as { n: number }).n, 'number')
})

test('first blueprints that come together all get in, and share one cron', async (t) => {
  const colony = await withKind(t)
  const users = await usersOfTwoReplicas(colony)
  const names = Array.from({ length: 20 }, (_, n) => `b${n}`)
  await Promise.all(names.map((name, n) => users(n).addBlueprint({ blueprint: blueprintOf(colony, name, {}, 'dc1') })))
  assert.deepEqual(await cronsOf(colony), [{ name: 'reconcile-Deployment-dc1', interval: 30 }])
  await Promise.all(names.map((name, n) => users(n).removeBlueprint(named(colony, name))))
  assert.deepEqual(await cronsOf(colony), [])

  // Some go while others come: there is a cron exactly if there is a blueprint.
  for (let round = 0; round < 10; round++) {
    await add(colony, 'old', {}, 'dc1')
    const outcome = [add(colony, 'new', {}, 'dc1'), users(1).removeBlueprint(named(colony, 'old'))]
    await Promise.all(outcome)
    assert.equal((await cronsOf(colony)).length, 1)
    await colony.user.removeBlueprint(named(colony, 'new'))
    assert.equal((await cronsOf(colony)).length, 0)
  }
})

test('the cron follows a blueprint to another place, and the place before is cleaned up', async (t) => {
  const colony = await withKind(t)
  await add(colony, 'web', {}, 'dc1')
  await colony.user.updateBlueprint({ blueprint: blueprintOf(colony, 'web', {}, 'dc2') })
  assert.deepEqual(await cronsOf(colony), [{ name: 'reconcile-Deployment-dc2', interval: 30 }])
  assert.deepEqual((await waiting(colony)).slice(1), [
    { funcname: 'cleanup', kwargs: { blueprintName: 'web', kind }, location: 'dc1' },
    { funcname: 'reconcile', kwargs: { blueprintName: 'web', kind }, location: 'dc2' },
  ])
  const locations = await colony.user.getLocations({ colonyname: colony.name })
  assert.deepEqual(
    locations.map(({ name }) => name),
    ['dc1', 'dc2'],
  )
})

test('a cron that somebody removed is there again after the next reconciliation', async (t) => {
  const colony = await withKind(t)
  await add(colony, 'web')
  const [cron] = await colony.user.getCrons({ colonyname: colony.name, count: 10 })
  await colony.user.removeCron({ cronid: cron?.cronid ?? '' })
  await colony.user.reconcileBlueprint(named(colony, 'web'))
  assert.deepEqual(await cronsOf(colony), [{ name: 'reconcile-Deployment', interval: 30 }])

  // What the original's command does about it: that cron is taken for ours, and goes with the last blueprint.
  const [another] = await colony.user.getCrons({ colonyname: colony.name, count: 10 })
  const { cronid = '', workflowspec = '' } = another ?? {}
  await colony.user.removeCron({ cronid })
  await colony.user.addCron({
    cron: { colonyname: colony.name, name: 'reconcile-Deployment', interval: 60, workflowspec },
  })
  await colony.user.reconcileBlueprint(named(colony, 'web'))
  assert.equal((await cronsOf(colony)).length, 1)
  await colony.user.removeBlueprint(named(colony, 'web'))
  assert.deepEqual(await cronsOf(colony), [])
})

test('kinds and places whose crons would have one name have one each', async (t) => {
  const colony = await withKind(t)
  const metadata = { name: 'dc1', colonyname: colony.name }
  const other = { names: { kind: 'Deployment-dc1' }, handler }
  await colony.colonyOwner.addBlueprintDefinition({ blueprintdefinition: { metadata, spec: other } })
  await add(colony, 'here', {}, 'dc1')
  await colony.user.addBlueprint({ blueprint: { ...blueprintOf(colony, 'there'), kind: 'Deployment-dc1' } })
  assert.equal((await cronsOf(colony)).length, 2)
  await colony.user.removeBlueprint(named(colony, 'here'))
  const [left] = await colony.user.getCrons({ colonyname: colony.name, count: 10 })
  assert.ok(left?.workflowspec.includes('"kind":"Deployment-dc1"'), left?.workflowspec)
})

test('a blueprint that is removed is cleaned up, and its name is free', async (t) => {
  const colony = await withKind(t)
  const { blueprintid } = await add(colony, 'web')
  await colony.user.removeBlueprint(named(colony, 'web'))
  assert.deepEqual((await waiting(colony)).at(-1), {
    funcname: 'cleanup',
    kwargs: { blueprintName: 'web', kind },
    location: '',
  })
  await assert.rejects(colony.user.getBlueprintHistory({ blueprintid }), refused('not_found', /Blueprint not found/))
  assert.deepEqual(await colony.db.all(sql`select 1 from blueprint_history`), [])
  await add(colony, 'web')
})

test('a forced reconciliation is a new generation, and says so to the reconciler', async (t) => {
  const colony = await withKind(t)
  await add(colony, 'web')
  const plain = await colony.user.reconcileBlueprint(named(colony, 'web'))
  assert.deepEqual(plain.spec.kwargs, { blueprintName: 'web', kind })
  const forced = await colony.colonyOwner.reconcileBlueprint({ ...named(colony, 'web'), force: true })
  assert.deepEqual(forced.spec.kwargs, { blueprintName: 'web', force: true, kind })
  assert.equal(forced.initiatorname, colony.name)
  assert.equal((await colony.user.getBlueprint(named(colony, 'web'))).metadata.generation, 1)
})

test('without a reconciler, processes that wait for one do not pile up', async (t) => {
  const colony = await withKind(t)
  await add(colony, 'web')
  for (let n = 0; n < 20; n++)
    await colony.user.updateBlueprint({ blueprint: blueprintOf(colony, 'web', { image: `v${n}` }) })
  assert.equal((await waiting(colony)).length, limits.blueprintProcessesMax)
  await assert.rejects(
    colony.user.reconcileBlueprint({ ...named(colony, 'web'), force: true }),
    refused('too_many', /10 processes wait to reconcile 'web' already/),
  )
  assert.equal((await colony.user.getBlueprint(named(colony, 'web'))).metadata.generation, 20)
  const reconciler = await colony.executor('r', { type: 'reconciler' })
  await reconciler.assign({ colonyname: colony.name, timeout: -1 })
  await colony.user.reconcileBlueprint(named(colony, 'web'))
})

test('a spec has to fit the schema of its kind', async (t) => {
  const schema = { type: 'object', properties: { replicas: { type: 'integer' } }, required: ['replicas'] }
  const colony = await withKind(t, { schema })
  await assert.rejects(
    add(colony, 'web', {}),
    refused('bad_request', /^blueprint validation failed: required field 'replicas' is missing/),
  )
  await add(colony, 'web', { replicas: 2, anything: true })
  await assert.rejects(
    colony.user.updateBlueprint({ blueprint: blueprintOf(colony, 'web', { replicas: 'two' }) }),
    refused('bad_request', /field 'replicas' must be an integer, got a string/),
  )
  const definition = await colony.user.getBlueprintDefinition({ colonyname: colony.name, name: 'deployment' })
  assert.deepEqual(definition.spec.schema, schema)
})

test('definitions belong to their colony', async (t) => {
  const colony = await withKind(t, { handler: {} })
  const owner = colony.serverOwner.as(colony.keys.user)
  await colony.serverOwner.addColony({ colony: { name: 'aaa', colonyid: owner.id ?? '' } })
  const metadata = { name: 'deployment', colonyname: 'aaa' }
  const elsewhere = { names: { kind }, handler: { executorType: 'hijacker', functionName: 'reconcile' } }
  await owner.addBlueprintDefinition({ blueprintdefinition: { metadata, spec: elsewhere } })
  await add(colony, 'web')
  await assert.rejects(
    colony.user.reconcileBlueprint(named(colony, 'web')),
    refused('bad_request', /Blueprint has no handler with executor type defined/),
  )
  await colony.user.removeBlueprint(named(colony, 'web'))
  assert.deepEqual(await waiting(colony), [])
})

test('a definition stays while there are blueprints of its kind, also when they come just then', async (t) => {
  const colony = await withKind(t)
  const remove = () => colony.colonyOwner.removeBlueprintDefinition(named(colony, 'deployment'))
  for (let round = 0; round < 10; round++) {
    const [added, removed] = await Promise.allSettled([add(colony, 'web'), remove()])
    assert.ok(added.status !== removed.status, `${added.status} ${removed.status}`)
    if (added.status === 'rejected') {
      assert.ok(
        refused('bad_request', /not found in namespace/)(added.reason) ||
          refused('conflict', /just been removed/)(added.reason),
      )
      const metadata = { name: 'deployment', colonyname: colony.name }
      await colony.colonyOwner.addBlueprintDefinition({
        blueprintdefinition: { metadata, spec: { names: { kind }, handler } },
      })
    } else {
      await assert.rejects(remove(), refused('conflict', /1 blueprint\(s\) of kind 'Deployment' still exist/))
      await colony.user.removeBlueprint(named(colony, 'web'))
    }
  }
})

test('lists come in pages, by kind and by place', async (t) => {
  const colony = await withKind(t)
  for (const [name, place] of [
    ['a', 'dc1'],
    ['b', ''],
    ['c', 'DC1'],
    ['d', 'dc2'],
  ] as const)
    await add(colony, name, {}, place)
  const list = async (filter: object) =>
    (await colony.user.getBlueprints({ namespace: colony.name, ...filter })).map(({ metadata }) => metadata.name)
  assert.deepEqual(await list({}), ['a', 'b', 'c', 'd'])
  assert.deepEqual(await list({ kind, locationname: 'Dc1' }), ['a', 'c'])
  assert.deepEqual(await list({ kind: 'Other' }), [])
  assert.deepEqual(await list({ locationname: 'dc1' }), ['a', 'b', 'c', 'd'])
  assert.deepEqual(await list({ kind, count: 2 }), ['a', 'b'])
  assert.deepEqual(await list({ count: 2, after: 'b' }), ['c', 'd'])
  const definitions = await colony.colonyOwner.getBlueprintDefinitions({ colonyname: colony.name, after: 'deployment' })
  assert.deepEqual(definitions, [])
})
