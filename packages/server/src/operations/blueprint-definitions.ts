import { checkLabel, checkName, readSchema, SchemaError } from '@colonies/core'
import {
  type DefinitionRow,
  deleteDefinition,
  findDefinition,
  insertDefinition,
  listDefinitions,
  type NewDefinition,
} from '@colonies/database'
import { isId, newId } from '@colonies/identity'
import {
  BlueprintDefinition,
  ColoniesError,
  compileDecoder,
  compileEncoder,
  type JsonText,
  limits,
  type ParsedBlueprintDefinition,
} from '@colonies/protocol'
import type { Call, Handlers } from '../handler.js'
import { nodeName } from '../submission/reconcile-process.js'
import { checkBytes, pageOf } from './bounds.js'

const writeDocument = compileEncoder(BlueprintDefinition, { json: 'text' })
const readDocument = compileDecoder(BlueprintDefinition, { json: 'text' })

/** Seconds between two looks at all blueprints of a kind, unless the definition says another number. */
const INTERVAL_SECONDS = 60
const noSchema = '{}' as JsonText

export const blueprintDefinitionHandlers = {
  async addBlueprintDefinition({ blueprintdefinition }, call) {
    const { db, colony } = call
    const wanted = newDefinition(blueprintdefinition, colony.name)
    const row = await insertDefinition(db, colony.key, wanted)
    if (!row) throw await taken(call, wanted)
    return definitionOf(row)
  },

  async getBlueprintDefinition({ name }, { db, colony }) {
    const row = await findDefinition(db, colony.key, name)
    if (!row) throw new ColoniesError('not_found', 'Blueprint definition not found')
    return definitionOf(row)
  },

  async getBlueprintDefinitions({ after, count }, { db, colony }) {
    return (await listDefinitions(db, colony.key, pageOf(after, count))).map(definitionOf)
  },

  async removeBlueprintDefinition({ name }, { db, colony }) {
    await deleteDefinition(db, colony.key, { name, colonyName: colony.name })
    return {}
  },
} satisfies Partial<Handlers>

function newDefinition(definition: ParsedBlueprintDefinition, colonyName: string): NewDefinition {
  const { metadata, spec, blueprintdefinitionid: id } = definition
  const { handler, names, schema } = spec
  checkName(metadata.name, 'blueprintdefinition.metadata.name')
  checkName(names.kind, 'blueprintdefinition.spec.names.kind')
  checkLabel(
    nodeName(handler.executorType, handler.functionName),
    'blueprintdefinition.spec.handler: executorType and functionName together',
  )
  if (handler.reconcileInterval < 0)
    throw new ColoniesError('bad_request', 'blueprintdefinition.spec.handler.reconcileInterval must not be negative')
  if (id !== '' && !isId(id))
    throw new ColoniesError(
      'bad_request',
      'blueprintdefinition.blueprintdefinitionid must be 64 lower-case hex digits, or empty for a new one',
    )
  checkSchema(schema)
  const definitionId = id === '' ? newId() : id
  const document = writeDocument({
    ...definition,
    blueprintdefinitionid: definitionId,
    metadata: { ...metadata, colonyname: colonyName },
    spec: { ...spec, schema: noSchema },
  })
  checkBytes(document, { max: limits.blueprintMetadataBytesMax, field: 'blueprintdefinition without its schema' })
  return {
    name: metadata.name,
    definition_id: definitionId,
    kind: names.kind,
    executor_type: handler.executorType,
    function_name: handler.functionName,
    interval_seconds: handler.reconcileInterval || INTERVAL_SECONDS,
    document,
    schema: schema === noSchema ? null : schema,
  }
}

function checkSchema(schema: JsonText): void {
  const field = 'blueprintdefinition.spec.schema'
  checkBytes(schema, { max: limits.blueprintSchemaBytesMax, field })
  try {
    readSchema(schema)
  } catch (error) {
    throw error instanceof SchemaError ? noSchemaAt(field, error) : error
  }
}

function noSchemaAt(field: string, cause: SchemaError): ColoniesError {
  return new ColoniesError('bad_request', `${field} is no JSON Schema: ${cause.message}`, { cause })
}

/** Clients look for both `duplicate key` and `already exists`. */
async function taken({ db, colony }: Call, { name, definition_id, kind }: NewDefinition): Promise<ColoniesError> {
  const what = (await findDefinition(db, colony.key, name))
    ? `name <${name}>`
    : `kind <${kind}> or id <${definition_id}>`
  return new ColoniesError(
    'already_exists',
    `A blueprint definition with ${what} already exists in Colony with name <${colony.name}> (duplicate key)`,
  )
}

function definitionOf({ document, schema, created_at }: DefinitionRow): ParsedBlueprintDefinition {
  const definition = readDocument(document)
  return {
    ...definition,
    metadata: { ...definition.metadata, createdAt: created_at, updatedAt: created_at },
    spec: { ...definition.spec, schema: (schema ?? noSchema) as JsonText },
  }
}
