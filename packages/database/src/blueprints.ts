import type { Page } from './blueprint-definitions.js'
import type { Db } from './db.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

export interface BlueprintRow {
  name: string
  blueprint_id: string
  kind: string
  /** '' for anywhere. */
  location: string
  /** JSON texts; this one has labels and annotations. */
  metadata: string
  spec: string
  status: string
  generation: bigint
  created_at: string
  updated_at: string
  /** '' for none. */
  reconcile_process: string
  reconciled_at: string | null
}

export const blueprintColumns: Sql = sql`name, blueprint_id, kind, location, metadata, spec, status, generation,
  created_at, updated_at, reconcile_process, reconciled_at`

export function findBlueprint(db: Db, colony: ColonyKey, name: string): Promise<BlueprintRow | undefined> {
  return db.one<BlueprintRow>(sql`
    select ${blueprintColumns} from blueprints where colony = ${colony} and name = ${name}`)
}

interface BlueprintFilter extends Page {
  /** '' for all kinds, whatever the place. */
  kind: string
  /** Lower case; '' for all. */
  place: string
}

/** Blueprints by name. Uses the primary key, `blueprints_kind` or `blueprints_place`. */
export function listBlueprints(
  db: Db,
  colony: ColonyKey,
  { kind, place, after, count, bytesMax }: BlueprintFilter,
): Promise<BlueprintRow[]> {
  const ofKind = kind === '' ? sql`` : sql`and kind = ${kind}`
  const atPlace = kind === '' || place === '' ? sql`` : sql`and place = ${place}`
  return db.all<BlueprintRow>(sql`
    select ${blueprintColumns} from (
      select *, sum(octet_length(spec) + octet_length(status) + octet_length(metadata)) over (
        order by name rows between unbounded preceding and 1 preceding) as bytes_before
      from (
        select * from blueprints where colony = ${colony} and name > ${after} ${ofKind} ${atPlace}
        order by name limit ${count}
      ) page
    ) sized
    where coalesce(bytes_before, 0) < ${bytesMax}::bigint order by name`)
}

/**
 * Replaces what is reported.
 *
 * @param change.expected null: whatever the generation is
 * @returns 0 when there is no such blueprint, or it has another generation
 */
export function setBlueprintStatus(
  db: Db,
  colony: ColonyKey,
  { name, status, expected }: { name: string; status: string; expected: number | null },
): Promise<number> {
  return db.run(sql`
    update blueprints set status = ${status}
    where colony = ${colony} and name = ${name} and generation = coalesce(${expected}::bigint, generation)`)
}

export interface BlueprintHistoryRow {
  history_id: string
  blueprint_id: string
  kind: string
  name: string
  generation: bigint
  spec: string
  status: string
  changed_at: string
  changed_by: string
  change_type: string
}

/**
 * Generations of one blueprint, newest first, as many as fit into a page.
 *
 * @param page.before only generations below; null: all
 * @returns undefined when there is no such blueprint
 */
export async function listBlueprintHistory(
  db: Db,
  colony: ColonyKey,
  {
    blueprintId,
    before,
    count,
    bytesMax,
  }: { blueprintId: string; before: number | null; count: number; bytesMax: number },
): Promise<BlueprintHistoryRow[] | undefined> {
  // One row of nulls for a blueprint without history.
  const rows = await db.all<BlueprintHistoryRow>(sql`
    select h.history_id, b.blueprint_id, h.kind, h.name, h.generation, h.spec, h.status, h.changed_at, h.changed_by,
      h.change_type
    from blueprints b left join lateral (
      select *, sum(octet_length(spec) + octet_length(status)) over (
        order by generation desc rows between unbounded preceding and 1 preceding) as bytes_before
      from (
        select * from blueprint_history h
        where h.colony = ${colony} and h.blueprint_id = b.blueprint_id
          and h.generation < coalesce(${before}::bigint, 9223372036854775807)
        order by h.generation desc limit ${count}
      ) page
    ) h on coalesce(h.bytes_before, 0) < ${bytesMax}::bigint
    where b.colony = ${colony} and b.blueprint_id = ${blueprintId}
    order by h.generation desc`)
  if (rows.length === 0) return undefined
  return rows.filter((row) => row.history_id !== null)
}
