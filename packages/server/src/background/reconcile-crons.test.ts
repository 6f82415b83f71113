import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '@colonies/database'
import { type TestColony, testColony } from '@colonies/testkit'
import { crons } from './crons.js'

const loop = crons(1000)
const kind = 'Deployment'

async function addDefinition({ colonyOwner, name }: TestColony) {
  const handler = { executorType: 'reconciler', functionName: 'reconcile', reconcileInterval: 30 }
  const metadata = { name: 'deployment', colonyname: name }
  await colonyOwner.addBlueprintDefinition({ blueprintdefinition: { metadata, spec: { names: { kind }, handler } } })
}

async function runDue(colony: TestColony) {
  await colony.db.run(sql`update crons set next_run = now()`)
  await colony.run(loop)
}

test('all blueprints of a kind at a location are reconciled as often as the definition says', async (t) => {
  const colony = await testColony(t)
  const { user, name: colonyname } = colony
  await addDefinition(colony)
  const metadata = { name: 'web', colonyname, locationname: 'dc1' }
  const added = await user.addBlueprint({ blueprint: { kind, metadata, spec: {} } })
  const reconciler = await colony.executor('r', { type: 'reconciler', location: 'DC1' })
  const first = await reconciler.assign({ colonyname, timeout: -1 })
  assert.equal(first.processid, added.metadata.lastReconciliationProcess)
  const [planned] = await colony.db.all<{ seconds: number }>(sql`
    select extract(epoch from next_run - now())::float8 as seconds from crons`)
  assert.ok(planned && planned.seconds > 0 && planned.seconds <= 30, `the cron runs in ${planned?.seconds} s`)
  await runDue(colony)
  const second = await reconciler.assign({ colonyname, timeout: -1 })
  assert.deepEqual([second.spec.funcname, second.spec.kwargs], ['reconcile', { kind }])
  // A round that is not over is enough.
  await runDue(colony)
  assert.equal(await reconciler.waitForProcess({ colonyname, timeout: -1 }), undefined)
  await reconciler.closeSuccessful({ processid: second.processid })
  await runDue(colony)
  await reconciler.assign({ colonyname, timeout: -1 })
})

test('blueprints are looked after though whoever added the first is no member', async (t) => {
  const colony = await testColony(t)
  const metadata = { name: 'web', colonyname: colony.name }
  await addDefinition(colony)
  await colony.colonyOwner.addBlueprint({ blueprint: { kind, metadata, spec: {} } })
  await runDue(colony)
  const runs = await colony.db.all(sql`select last_error, previous_graph_id is null as not_run from crons`)
  assert.deepEqual(runs, [{ last_error: '', not_run: false }])
})
