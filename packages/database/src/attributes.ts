import type { Db } from './db.js'
import { type Holder, heldBy } from './held.js'
import { sql } from './sql.js'
import type { ColonyKey, NewAttribute } from './submissions.js'

export interface AttributeRow {
  attribute_id: string
  process_id: string
  graph_id: string | null
  attribute_type: number
  key: string
  value: string
  /** State of the process, or 0 while it waits. */
  state: number
}

export function listAttributes(db: Db, colony: ColonyKey, processIds: readonly string[]): Promise<AttributeRow[]> {
  return db.all<AttributeRow>(sql`
    select a.attribute_id, a.process_id, a.graph_id, a.attribute_type, a.key, a.value,
      coalesce(l.state, r.state, 0)::smallint as state
    from unnest(${processIds}::text[]) as asked (process_id)
    join attributes a on a.colony = ${colony} and a.process_id = asked.process_id
    left join live l on l.colony = ${colony} and l.process_id = a.process_id
    left join results r on r.colony = ${colony} and r.process_id = a.process_id
    order by a.process_id, a.added_at, a.attribute_id`)
}

export function findAttribute(db: Db, colony: ColonyKey, attributeId: string): Promise<AttributeRow | undefined> {
  return db.one<AttributeRow>(sql`
    select a.attribute_id, a.process_id, a.graph_id, a.attribute_type, a.key, a.value,
      coalesce(l.state, r.state, 0)::smallint as state
    from attributes a
    left join live l on l.colony = ${colony} and l.process_id = a.process_id
    left join results r on r.colony = ${colony} and r.process_id = a.process_id
    where a.colony = ${colony} and a.attribute_id = ${attributeId}`)
}

/** The first attribute with each key of each process, where there is one; `place` is the index in `wanted`. */
export function findAttributesByKey(
  db: Db,
  colony: ColonyKey,
  wanted: readonly { processId: string; key: string }[],
): Promise<(AttributeRow & { place: number })[]> {
  return db.all<AttributeRow & { place: number }>(sql`
    select distinct on (asked.place) (asked.place - 1)::int as place, a.attribute_id, a.process_id, a.graph_id,
      a.attribute_type, a.key, a.value, coalesce(l.state, r.state, 0)::smallint as state
    from unnest(${wanted.map((one) => one.processId)}::text[], ${wanted.map((one) => one.key)}::text[])
      with ordinality as asked (process_id, key, place)
    join attributes a on a.colony = ${colony} and a.process_id = asked.process_id and a.key = asked.key
    left join live l on l.colony = ${colony} and l.process_id = a.process_id
    left join results r on r.colony = ${colony} and r.process_id = a.process_id
    order by asked.place, a.added_at, a.attribute_id`)
}

/**
 * Adds an attribute to a process that its holder runs.
 *
 * @param guard its holder, and the `most` attributes of one process
 * @returns 'added'; 'exists' when the process has one of this key and type; 'not_held' when the process is not running,
 *   not the holder's, or has `most` attributes already
 */
export async function insertAttribute(
  db: Db,
  colony: ColonyKey,
  attribute: NewAttribute,
  guard: Holder & { most: number; bytesMax: number },
): Promise<'added' | 'exists' | 'not_held'> {
  const spare = guard.bytesMax - Buffer.byteLength(attribute.key) - Buffer.byteLength(attribute.value)
  const row = await db.one<{ held: boolean; added: boolean }>(sql`
    with asked as materialized (select ${attribute.processId}::text as process_id), held as materialized (
      select l.graph_id from asked join live l on l.colony = ${colony} and l.process_id = asked.process_id
      where ${heldBy(guard)}
        and (select count(*) < ${guard.most} and coalesce(sum(octet_length(a.key) + octet_length(a.value)), 0) <= ${spare}
             from attributes a where a.colony = ${colony} and a.process_id = ${attribute.processId})
      for update of l
    ), added as (
      insert into attributes (colony, process_id, graph_id, attribute_id, attribute_type, key, value)
      select ${colony}, ${attribute.processId}, graph_id, ${attribute.attributeId}, ${attribute.type},
        ${attribute.key}, ${attribute.value} from held
      on conflict do nothing returning 1
    )
    select exists (select 1 from held) as held, exists (select 1 from added) as added`)
  if (!row?.held) return 'not_held'
  return row.added ? 'added' : 'exists'
}

/** Removes an attribute while its process runs and is held so. */
export function deleteAttribute(db: Db, colony: ColonyKey, attributeId: string, holder: Holder): Promise<number> {
  return db.run(sql`
    with held as materialized (
      select l.process_id from attributes a join live l on l.colony = ${colony} and l.process_id = a.process_id
      where a.colony = ${colony} and a.attribute_id = ${attributeId} and ${heldBy(holder)}
      for update of l
    )
    delete from attributes a using held
    where a.colony = ${colony} and a.attribute_id = ${attributeId} and a.process_id = held.process_id`)
}
