import { ColoniesError } from '@colonies/protocol'
import type { Db } from './db.js'
import { sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

/** Who reconciles the blueprints of a kind; nobody, unless both names are there. */
export interface BlueprintHandler {
  kind: string
  executor_type: string
  function_name: string
  interval_seconds: number
}

export interface NewDefinition extends BlueprintHandler {
  name: string
  definition_id: string
  /** JSON text in its wire form, without the schema. */
  document: string
  /** JSON text as it came. */
  schema: string | null
}

export interface DefinitionRow extends NewDefinition {
  created_at: string
}

const columns = sql`name, definition_id, kind, executor_type, function_name, interval_seconds, document, schema,
  created_at`

/** @returns undefined when the name, the id or the kind is taken, or the colony is gone */
export function insertDefinition(db: Db, colony: ColonyKey, d: NewDefinition): Promise<DefinitionRow | undefined> {
  return db.one<DefinitionRow>(sql`
    insert into blueprint_definitions (colony, name, definition_id, kind, executor_type, function_name,
      interval_seconds, document, schema)
    select ${colony}, ${d.name}, ${d.definition_id}, ${d.kind}, ${d.executor_type}, ${d.function_name},
      ${d.interval_seconds}::int, ${d.document}, ${d.schema}
    from colonies where colony_key = ${colony}
    on conflict do nothing returning ${columns}`)
}

export function findDefinition(db: Db, colony: ColonyKey, name: string): Promise<DefinitionRow | undefined> {
  return db.one<DefinitionRow>(sql`
    select ${columns} from blueprint_definitions where colony = ${colony} and name = ${name}`)
}

export function findDefinitionOfKind(db: Db, colony: ColonyKey, kind: string): Promise<DefinitionRow | undefined> {
  return db.one<DefinitionRow>(sql`
    select ${columns} from blueprint_definitions where colony = ${colony} and kind = ${kind}`)
}

/** One page of a list. */
export interface Page {
  /** The last name of the page before; '' for none. */
  after: string
  count: number
  /** The page ends when its rows have more; it has one row at least. */
  bytesMax: number
}

/** Definitions by name. */
export function listDefinitions(db: Db, colony: ColonyKey, { after, count, bytesMax }: Page): Promise<DefinitionRow[]> {
  return db.all<DefinitionRow>(sql`
    select ${columns} from (
      select *, sum(octet_length(document) + coalesce(octet_length(schema), 0)) over (
        order by name rows between unbounded preceding and 1 preceding) as bytes_before
      from (
        select * from blueprint_definitions where colony = ${colony} and name > ${after} order by name limit ${count}
      ) page
    ) sized
    where coalesce(bytes_before, 0) < ${bytesMax}::bigint order by name`)
}

/**
 * Removes a definition. Its row is locked first, as by those who add a blueprint of its kind, so none is left without.
 *
 * @throws ColoniesError `not_found`; `conflict` while there are blueprints of its kind
 */
export function deleteDefinition(
  db: Db,
  colony: ColonyKey,
  { name, colonyName }: { name: string; colonyName: string },
): Promise<void> {
  return db.transaction(async (tx) => {
    const definition = await tx.one<{ kind: string }>(sql`
      select kind from blueprint_definitions where colony = ${colony} and name = ${name} for update`)
    if (!definition)
      throw new ColoniesError('not_found', `BlueprintDefinition '${name}' not found in namespace '${colonyName}'`)
    const { kind } = definition
    const used = await tx.one<{ count: number }>(sql`
      select count(*)::int as count from blueprints where colony = ${colony} and kind = ${kind}`)
    if (used && used.count > 0)
      throw new ColoniesError(
        'conflict',
        `cannot remove BlueprintDefinition '${name}': ${used.count} blueprint(s) of kind '${kind}' still exist`,
      )
    await tx.run(sql`delete from blueprint_definitions where colony = ${colony} and name = ${name}`)
  })
}
