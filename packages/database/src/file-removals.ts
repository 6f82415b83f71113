import type { Db } from './db.js'
import { isNamed, isPinned, type Labels, type ObjectPlace } from './files.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

/** What went, and what became unused by it. */
export interface RemovedFiles {
  /** Revisions that nobody finds in lists any more. */
  count: number
  /** Objects that no revision names any more, each once; in no order. */
  unused: ObjectPlace[]
}

/** Removes one revision. */
export function removeRevision(db: Db, colony: ColonyKey, fileId: string): Promise<RemovedFiles> {
  return removeFiles(
    db,
    colony,
    // Found by its id first: no index of those that are not hidden is as good.
    sql`select one.file_id from (
      select f.file_id, f.hidden from files f where f.colony = ${colony} and f.file_id = ${fileId} offset 0
    ) one where not one.hidden`,
  )
}

export interface OldRevisions {
  label: string
  name: string
  /** How many of the newest stay. */
  keep: number
  limit: number
}

/** Removes revisions of one file, the oldest first: until the last call, the newest is there. */
export function removeRevisions(
  db: Db,
  colony: ColonyKey,
  { label, name, keep, limit }: OldRevisions,
): Promise<RemovedFiles> {
  const ofFile = sql`f.colony = ${colony} and f.label = ${label} and f.name = ${name} and not f.hidden`
  return removeFiles(
    db,
    colony,
    sql`select f.file_id from files f where ${ofFile} and f.sequence_nr <= (
      select f.sequence_nr from files f where ${ofFile} order by f.sequence_nr desc offset ${keep} limit 1)
    order by f.sequence_nr limit ${limit}`,
  )
}

/** Removes revisions of many labels; of each file the oldest first. */
export function removeTree(db: Db, colony: ColonyKey, labels: Labels, limit: number): Promise<RemovedFiles> {
  return removeFiles(
    db,
    colony,
    sql`(select f.file_id from files f where f.colony = ${colony} and f.label = ${labels.own ?? ''} and not f.hidden
       order by f.label, f.name, f.sequence_nr limit ${limit})
      union all
      (select f.file_id from files f
       where f.colony = ${colony} and f.label >= ${labels.low} and f.label < ${labels.high} and not f.hidden
       order by f.label, f.name, f.sequence_nr limit ${limit})
      limit ${limit}`,
  )
}

/** How many revisions of a label `l` went. */
const goneOf = sql`(select c.revisions from counts c where c.label = l.label)`

/** Deletes revisions, and only hides those that are in a snapshot. @param chosen a statement that gives their ids */
function removeFiles(db: Db, colony: ColonyKey, chosen: Sql): Promise<RemovedFiles> {
  return db.transaction(async (tx) => {
    // As `lockFiles`, but a colony that never had files stays without a row.
    const locked = await tx.one(sql`select 1 from file_numbers where colony = ${colony} for update`)
    if (!locked) return { count: 0, unused: [] }
    const gone = await tx.all<ObjectPlace & { pinned: boolean }>(sql`
      with chosen as materialized (${chosen}), found as materialized (
        select c.file_id, ${isPinned(colony, sql`c.file_id`)} as pinned from chosen c
      ), deleted as (
        delete from files f
        where f.colony = ${colony} and f.file_id = any(array(select file_id from found where not pinned)) returning f.*
      ), hid as (
        update files f set hidden = true
        where f.colony = ${colony} and f.file_id = any(array(select file_id from found where pinned)) returning f.*
      ), gone as materialized (
        select d.*, false as pinned from deleted d union all select h.*, true from hid h
      ), counts as materialized (
        select label, count(*) as revisions from gone group by label
      ), emptied as (
        delete from file_labels l
        where l.colony = ${colony} and l.label = any(array(select label from counts)) and l.revisions <= ${goneOf}
      ), lessened as (
        update file_labels l set revisions = l.revisions - ${goneOf}
        where l.colony = ${colony} and l.label = any(array(select label from counts)) and l.revisions > ${goneOf}
      )
      select server, port, tls, region, encryption_key, encryption_alg, bucket, object, pinned from gone`)
    return { count: gone.length, unused: await unusedOf(tx, colony, gone) }
  })
}

/** Objects of deleted revisions that no other revision names. */
async function unusedOf(
  tx: Db,
  colony: ColonyKey,
  gone: readonly (ObjectPlace & { pinned: boolean })[],
): Promise<ObjectPlace[]> {
  const places = new Map<string, ObjectPlace>()
  for (const { pinned, ...place } of gone) {
    if (!pinned && place.object !== '') places.set(`${place.bucket}/${place.object}`, place)
  }
  const candidates = [...places.values()]
  if (candidates.length === 0) return []
  const unused = await tx.all<{ place: number }>(sql`
    select (a.place - 1)::int as place
    from unnest(${candidates.map((one) => one.bucket)}::text[], ${candidates.map((one) => one.object)}::text[])
      with ordinality as a (bucket, object, place)
    where not ${isNamed(colony, { bucket: sql`a.bucket`, object: sql`a.object` })}`)
  return unused.flatMap(({ place }) => candidates[place] ?? [])
}
