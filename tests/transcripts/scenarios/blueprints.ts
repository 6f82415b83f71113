import type { JsonObject } from '../transcript.js'
import type { Plan, World } from '../world.js'
import { after, has, oneExecutor, type Scenario } from './steps.js'

/** Other clients' requests have their own name of the colony. */
const plan = (world: World): Plan => ({ fields: { namespace: world.colony() } })

const noDefinition: Scenario = async (world) => {
  await world.has('colony1', 'executor1')
  return { ...plan(world), as: 'colony1' }
}

const withDefinition: Scenario = async (world) => {
  await world.has('executor1')
  await world.replay('addblueprintdefinitionmsg', 'add blueprint definition')
  return plan(world)
}

const withBlueprint = after(withDefinition, 'addblueprintmsg', 'add blueprint')
const updated = after(withBlueprint, 'updateblueprintmsg', 'update blueprint')
const updatedByForce = after(updated, 'updateblueprintmsg', 'update blueprint with force')
const reported = after(updatedByForce, 'updateblueprintstatusmsg', 'update blueprint status')

/** The blueprint that other clients had: what the request shows, or the reply. */
const withKindOf =
  ({ added }: { added: boolean }): Scenario =>
  async (world, one) => {
    await world.has('executor1')
    const { blueprint } = one.request as { blueprint?: JsonObject }
    const replied = one.reply?.payload
    const shown = (blueprint ?? (Array.isArray(replied) ? replied[0] : undefined)) as {
      kind: string
      metadata: JsonObject
      spec: JsonObject
    }
    const metadata = { name: String(shown.metadata.name), colonyname: world.colony() }
    await world
      .as('colony1')
      .addBlueprintDefinition({ blueprintdefinition: { metadata, spec: { names: { kind: shown.kind } } } })
    const spec = blueprint ? {} : shown.spec
    if (added) await world.as('executor1').addBlueprint({ blueprint: { kind: shown.kind, metadata, spec } })
    return plan(world)
  }

const withNamed: Scenario = async (world, one) => {
  await world.has('executor1')
  const { blueprintname } = one.request as { blueprintname: string }
  const metadata = { name: blueprintname, colonyname: world.colony() }
  await world
    .as('colony1')
    .addBlueprintDefinition({ blueprintdefinition: { metadata, spec: { names: { kind: 'Any' } } } })
  await world.as('executor1').addBlueprint({ blueprint: { kind: 'Any', metadata, spec: {} } })
  return plan(world)
}

export const blueprintScenarios: Record<string, Scenario> = {
  addblueprintdefinitionmsg: noDefinition,
  'addblueprintdefinitionmsg: add blueprint definition twice': withDefinition,
  getblueprintdefinitionmsg: withDefinition,
  getblueprintdefinitionsmsg: withDefinition,
  'getblueprintdefinitionsmsg: list blueprint definitions when there are none': has('colony1'),
  removeblueprintdefinitionmsg: withDefinition,
  'removeblueprintdefinitionmsg: remove blueprint definition in use': withBlueprint,
  addblueprintmsg: withDefinition,
  'addblueprintmsg: add blueprint twice': withBlueprint,
  'addblueprintmsg: pycolonies: addblueprintmsg': withKindOf({ added: false }),
  getblueprintmsg: withBlueprint,
  'getblueprintmsg: get blueprint with status': reported,
  getblueprintsmsg: withBlueprint,
  'getblueprintsmsg: list blueprints when there are none': oneExecutor,
  'getblueprintsmsg: pycolonies: getblueprintsmsg': withKindOf({ added: true }),
  updateblueprintmsg: withBlueprint,
  'updateblueprintmsg: pycolonies: updateblueprintmsg': withKindOf({ added: true }),
  'updateblueprintmsg: colonies-ts: updateblueprintmsg': withKindOf({ added: true }),
  'updateblueprintmsg: update blueprint with force': updated,
  updateblueprintstatusmsg: withBlueprint,
  'updateblueprintstatusmsg: pycolonies: updateblueprintstatusmsg': withNamed,
  removeblueprintmsg: withBlueprint,
  getblueprinthistorymsg: updatedByForce,
  reconcileblueprintmsg: withBlueprint,
}
