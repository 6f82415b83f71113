import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { generatePrivateKey } from '@colonies/identity'
import { type TestColony, testColony } from '@colonies/testkit'
import { defineReconciler } from './define-reconciler.js'
import { createExecutor } from './executor.js'

const kind = 'Lamp'

/** A colony with lamps, and an executor that switches them. */
async function withLamps(t: TestContext) {
  const colony = await testColony(t)
  const handler = { executorType: 'electrician', functionName: 'reconcile' }
  const metadata = { name: 'lamps', colonyname: colony.name }
  await colony.colonyOwner.addBlueprintDefinition({
    blueprintdefinition: { metadata, spec: { names: { kind }, handler } },
  })
  const lamps = new Map<string, unknown>()
  const executor = createExecutor({
    connection: { endpoint: colony.url, privateKey: generatePrivateKey() },
    colonyname: colony.name,
    colonyPrivateKey: colony.keys.colony,
    name: 'ada',
    type: 'electrician',
    report: () => {},
    functions: defineReconciler({
      kind,
      reconcile({ metadata, spec }, _context, { force }) {
        const { on } = spec as { on: unknown }
        if (on === 'broken') throw new Error('it is broken')
        lamps.set(metadata.name, force ? 'new' : on)
        return { on: on as boolean }
      },
      cleanup: (name) => void lamps.delete(name),
    }),
  })
  await executor.start()
  colony.database.beforeDrop(() => executor.stop())
  return { colony, lamps }
}

const lamp = ({ name: colonyname }: TestColony, name: string, on: boolean | string) => ({
  blueprint: { kind, metadata: { name, colonyname }, spec: { on } },
})

test('a reconciler makes true what blueprints say, reports it, and frees what is not wanted any more', async (t) => {
  const { colony, lamps } = await withLamps(t)
  const { user } = colony
  const hall = { namespace: colony.name, name: 'hall' }
  const settled = async () => {
    const { metadata } = await user.getBlueprint(hall)
    return user.waitFor(metadata.lastReconciliationProcess ?? '')
  }
  await user.addBlueprint(lamp(colony, 'hall', true))
  await settled()
  assert.deepEqual([lamps.get('hall'), (await user.getBlueprint(hall)).status], [true, { on: true }])
  await user.updateBlueprint(lamp(colony, 'hall', false))
  await settled()
  assert.deepEqual([lamps.get('hall'), (await user.getBlueprint(hall)).status], [false, { on: false }])
  await user.waitFor((await user.reconcileBlueprint({ ...hall, force: true })).processid)
  assert.equal(lamps.get('hall'), 'new')

  await user.removeBlueprint(hall)
  const [cleanup] = await user.getProcesses({ colonyname: colony.name, count: 1, state: 0 })
  const [running] = await user.getProcesses({ colonyname: colony.name, count: 1, state: 1 })
  const processid = cleanup?.processid ?? running?.processid
  if (processid) await user.waitFor(processid)
  assert.equal(lamps.has('hall'), false)
})

test('a blueprint that cannot be reconciled does not keep others from their turn', async (t) => {
  const { colony, lamps } = await withLamps(t)
  await colony.user.addBlueprint(lamp(colony, 'attic', 'broken'))
  await colony.user.addBlueprint(lamp(colony, 'cellar', true))
  lamps.clear()
  const conditions = { colonyname: colony.name, executortype: 'electrician' }
  const all = await colony.user.submit({ spec: { funcname: 'reconcile', kwargs: { kind }, conditions } })
  const { errors } = await colony.user.waitFor(all.processid)
  assert.deepEqual(errors, ['attic: it is broken'])
  assert.equal(lamps.get('cellar'), true)
  const other = await colony.user.submit({ spec: { funcname: 'reconcile', kwargs: { kind: 'Door' }, conditions } })
  const refused = await colony.user.waitFor(other.processid)
  assert.deepEqual(refused.errors, ['This reconciler is for blueprints of kind Lamp, not Door.'])
})
