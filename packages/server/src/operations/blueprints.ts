import { checkName, findMisfit, readSchema } from '@colonies/core'
import {
  type BlueprintHistoryRow,
  type BlueprintRow,
  type ChangedBlueprint,
  changeBlueprint,
  deleteBlueprint,
  findBlueprint,
  findDefinitionOfKind,
  insertBlueprint,
  listBlueprintHistory,
  listBlueprints,
  otherGeneration,
  type ReadyLine,
  reconcileBlueprint,
  setBlueprintStatus,
} from '@colonies/database'
import { isId, newId } from '@colonies/identity'
import {
  ColoniesError,
  compileDecoder,
  compileEncoder,
  Dict,
  type JsonText,
  limits,
  optional,
  type ParsedBlueprint,
  parseJson,
  Shape,
  Text,
  zeroTime,
} from '@colonies/protocol'
import type { Call, Colony, Handlers } from '../handler.js'
import { blueprintChange } from '../submission/reconcile-process.js'
import { checkBytes, pageOf } from './bounds.js'
import { readProcess } from './processes.js'

/** What is kept of the metadata in one text. */
const Notes = Shape({ labels: optional(Dict(Text)), annotations: optional(Dict(Text)) })
const writeNotes = compileEncoder(Notes, { json: 'text' })
const readNotes = compileDecoder(Notes, { json: 'text' })

export const blueprintHandlers = {
  async addBlueprint({ blueprint }, call) {
    const { db, colony } = call
    const { blueprintid: id, metadata } = blueprint
    if (id !== '' && !isId(id))
      throw new ColoniesError(
        'bad_request',
        'blueprint.blueprintid must be 64 lower-case hex digits, or empty for a new one',
      )
    if (metadata.generation < 0)
      throw new ColoniesError('bad_request', 'blueprint.metadata.generation must not be negative')
    const added = {
      ...(await checkBlueprint(blueprint, call)),
      blueprintId: id === '' ? newId() : id,
      generation: metadata.generation,
      status: blueprint.status ?? '{}',
    }
    return changed(await insertBlueprint(db, colony.key, added, blueprintChange(call)), call)
  },

  async getBlueprint({ name }, { db, colony }) {
    const row = await findBlueprint(db, colony.key, name)
    if (!row) throw new ColoniesError('not_found', 'Blueprint not found')
    return blueprintOf(row, colony)
  },

  async getBlueprints({ kind, locationname, after, count }, { db, colony }) {
    const filter = { kind, place: locationname.toLowerCase(), ...pageOf(after, count) }
    return (await listBlueprints(db, colony.key, filter)).map((row) => blueprintOf(row, colony))
  },

  async updateBlueprint({ blueprint, forcegeneration, expectedgeneration }, call) {
    const { db, colony } = call
    const update = {
      ...(await checkBlueprint(blueprint, call)),
      status: blueprint.status,
      force: forcegeneration,
      expected: expectedgeneration,
    }
    return changed(await changeBlueprint(db, colony.key, update, blueprintChange(call)), call)
  },

  async updateBlueprintStatus({ blueprintname: name, status, expectedgeneration: expected }, { db, colony }) {
    checkBytes(status, { max: limits.blueprintBytesMax, field: 'status' })
    if ((await setBlueprintStatus(db, colony.key, { name, status, expected })) > 0) return {}
    const row = await findBlueprint(db, colony.key, name)
    if (!row || expected === null) throw new ColoniesError('not_found', 'Blueprint not found')
    throw otherGeneration(name, row.generation, expected)
  },

  async removeBlueprint({ name }, call) {
    const { db, colony } = call
    tell(await deleteBlueprint(db, colony.key, name, blueprintChange(call)), call)
    return {}
  },

  async getBlueprintHistory({ blueprintid, limit, aftergeneration }, { db, colony }) {
    const { blueprintHistoryMax, blueprintPageBytesMax } = limits
    const count = limit > 0 ? Math.min(limit, blueprintHistoryMax) : blueprintHistoryMax
    const page = { blueprintId: blueprintid, before: aftergeneration, count, bytesMax: blueprintPageBytesMax }
    const rows = await listBlueprintHistory(db, colony.key, page)
    if (!rows) throw new ColoniesError('not_found', 'Blueprint not found')
    return rows.map((row) => changeOf(row, colony))
  },

  async reconcileBlueprint({ name, force }, call) {
    const { db, colony } = call
    const { row, ready } = await reconcileBlueprint(db, colony.key, { name, force }, blueprintChange(call))
    tell(ready, call)
    return readProcess(db, colony, row.reconcile_process)
  },
} satisfies Partial<Handlers>

/**
 * Checks what a blueprint is to become.
 *
 * @returns it with the definition that its spec fits
 * @throws ColoniesError `bad_request`
 */
async function checkBlueprint({ kind, metadata, spec, status }: ParsedBlueprint, { db, colony }: Call) {
  const { name, locationname: location, labels, annotations } = metadata
  if (kind === '') throw new ColoniesError('bad_request', 'blueprint kind is required')
  checkName(name, 'blueprint.metadata.name')
  if (location !== '') checkName(location, 'blueprint.metadata.locationname')
  checkBytes(spec, { max: limits.blueprintBytesMax, field: 'blueprint.spec' })
  checkBytes(status ?? '', { max: limits.blueprintBytesMax, field: 'blueprint.status' })
  const notes = writeNotes({ labels, annotations })
  checkBytes(notes, {
    max: limits.blueprintMetadataBytesMax,
    field: 'blueprint.metadata.labels and blueprint.metadata.annotations together',
  })
  const definition = await findDefinitionOfKind(db, colony.key, kind)
  if (!definition)
    throw new ColoniesError(
      'bad_request',
      `BlueprintDefinition for kind '${kind}' not found in namespace '${colony.name}'`,
    )
  const misfit = definition.schema === null ? undefined : findMisfit(readSchema(definition.schema), parseJson(spec))
  if (misfit !== undefined) throw new ColoniesError('bad_request', `blueprint validation failed: ${misfit}`)
  const definitionId = definition.definition_id
  return { name, kind, location, place: location.toLowerCase(), metadata: notes, spec, definitionId }
}

/** Tells those who wait that there may be something for them. */
function changed(outcome: ChangedBlueprint, call: Call): ParsedBlueprint {
  tell(outcome.ready, call)
  return blueprintOf(outcome.row, call.colony)
}

function tell(ready: readonly ReadyLine[], { colony, replica }: Call): void {
  if (ready.length === 0) return
  replica.changed(colony.key)
  replica.hint(colony.key, ready)
}

function blueprintOf(row: BlueprintRow, colony: Colony): ParsedBlueprint {
  return {
    blueprintid: row.blueprint_id,
    kind: row.kind,
    metadata: {
      name: row.name,
      colonyname: colony.name,
      locationname: row.location,
      ...readNotes(row.metadata),
      generation: Number(row.generation),
      createdAt: row.created_at,
      updatedAt: row.updated_at,
      lastReconciliationProcess: row.reconcile_process,
      lastReconciliationTime: row.reconciled_at ?? zeroTime,
    },
    spec: row.spec as JsonText,
    status: row.status as JsonText,
  }
}

function changeOf(row: BlueprintHistoryRow, colony: Colony) {
  return {
    historyid: row.history_id,
    blueprintid: row.blueprint_id,
    kind: row.kind,
    namespace: colony.name,
    name: row.name,
    generation: Number(row.generation),
    spec: row.spec as JsonText,
    status: row.status as JsonText,
    timestamp: row.changed_at,
    changedby: row.changed_by,
    changetype: row.change_type,
  }
}
