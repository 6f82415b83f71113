import { coloniesIn } from './colonies-in.js'
import type { Db } from './db.js'
import { type FileRow, fileColumns, isPinned, type Labels, lockFiles } from './files.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

export interface NewSnapshot {
  snapshot_id: string
  name: string
  label: string
  initiator_id: string
  initiator_name: string
}

export interface SnapshotRow {
  snapshot_id: string
  name: string
  label: string
  added_at: string
  /** By label and name. */
  file_ids: string[]
}

const columns = sql`s.snapshot_id, s.name, s.label, s.added_at, array(
  select p.file_id from snapshot_files p where p.colony = s.colony and p.snapshot_id = s.snapshot_id
  order by p.position) as file_ids`

/**
 * Pins the newest revisions of all files of some labels, as they are at one moment: one statement finds and pins them.
 *
 * @param most files; with more of them, nothing is stored
 */
export function insertSnapshot(
  db: Db,
  colony: ColonyKey,
  snapshot: NewSnapshot,
  { labels, most }: { labels: Labels; most: number },
): Promise<SnapshotRow | 'exists' | 'too_large'> {
  const newest = (where: Sql) => sql`
    (select distinct on (f.label, f.name) f.file_id from files f
     where f.colony = ${colony} and ${where} and not f.hidden order by f.label, f.name, f.sequence_nr desc)`
  return db.transaction(async (tx) => {
    await lockFiles(tx, colony)
    const row = await tx.one<{ count: number; added_at: string | null; file_ids: string[] }>(sql`
      with found as materialized (
        ${newest(sql`f.label = ${labels.own ?? ''}`)}
        union all
        ${newest(sql`f.label >= ${labels.low} and f.label < ${labels.high}`)}
        limit ${most + 1}
      ), numbered as materialized (
        select file_id, row_number() over () as position from found
      ), size as materialized (
        select count(*)::int as count, coalesce(array_agg(file_id order by position), '{}') as file_ids from numbered
      ), added as (
        insert into snapshots (colony, snapshot_id, name, label, file_count, initiator_id, initiator_name)
        select ${colony}, ${snapshot.snapshot_id}, ${snapshot.name}, ${snapshot.label}, count, ${snapshot.initiator_id},
          ${snapshot.initiator_name}
        from size where count <= ${most}
        on conflict (colony, name) where not removed do nothing
        returning snapshot_id, added_at
      ), pinned as (
        insert into snapshot_files (colony, snapshot_id, position, file_id)
        select ${colony}, a.snapshot_id, n.position, n.file_id from added a cross join numbered n
      )
      select size.count, size.file_ids, a.added_at from size left join added a on true`)
    const { snapshot_id, name, label } = snapshot
    if (row?.added_at) return { snapshot_id, name, label, added_at: row.added_at, file_ids: row.file_ids }
    return (row?.count ?? 0) > most ? 'too_large' : 'exists'
  })
}

/** By its id, or by its name while the id is empty. */
export interface SnapshotKey {
  snapshotId: string
  name: string
}

const isKey = ({ snapshotId, name }: SnapshotKey): Sql =>
  snapshotId === '' ? sql`s.name = ${name} and not s.removed` : sql`s.snapshot_id = ${snapshotId} and not s.removed`

export function findSnapshot(db: Db, colony: ColonyKey, key: SnapshotKey): Promise<SnapshotRow | undefined> {
  return db.one<SnapshotRow>(sql`select ${columns} from snapshots s where s.colony = ${colony} and ${isKey(key)}`)
}

export interface SnapshotPage {
  /** Id of the last snapshot of the page before; empty: from the newest on. */
  after: string
  count: number
  /** Most files of all snapshots together; the first snapshot comes anyway. */
  filesMax: number
}

/** Newest first. */
export function listSnapshots(
  db: Db,
  colony: ColonyKey,
  { after, count, filesMax }: SnapshotPage,
): Promise<SnapshotRow[]> {
  return db.all<SnapshotRow>(sql`
    with page as materialized (
      select s.* from snapshots s
      where s.colony = ${colony} and not s.removed and s.snapshot_id < ${after || 'g'}
      order by s.snapshot_id desc limit ${count}
    ), summed as (
      select p.*, sum(p.file_count) over (order by p.snapshot_id desc) as files,
        row_number() over (order by p.snapshot_id desc) as place
      from page p
    )
    select ${columns} from summed s where s.files <= ${filesMax} or s.place = 1 order by s.snapshot_id desc`)
}

/** Files of a snapshot in the order of its ids. @returns undefined when there is no such snapshot */
export async function listSnapshotFiles(
  db: Db,
  colony: ColonyKey,
  key: SnapshotKey,
  { after, count }: { after: number; count: number },
): Promise<FileRow[] | undefined> {
  const snapshot = await db.one<{ snapshot_id: string }>(sql`
    select s.snapshot_id from snapshots s where s.colony = ${colony} and ${isKey(key)}`)
  if (!snapshot) return undefined
  return db.all<FileRow>(sql`
    select ${fileColumns} from snapshot_files p
    -- With a limit of its own, so that it is looked up for each position, whatever the planner thinks.
    cross join lateral (select * from files f where f.colony = ${colony} and f.file_id = p.file_id limit 1) f
    where p.colony = ${colony} and p.snapshot_id = ${snapshot.snapshot_id} and p.position > ${after}
    order by p.position limit ${count}`)
}

/** Nobody sees the snapshot any more; `releaseFiles` does the rest. @returns 0 when it is not there */
export function removeSnapshot(db: Db, colony: ColonyKey, key: SnapshotKey): Promise<number> {
  return db.run(sql`update snapshots s set removed = true where s.colony = ${colony} and ${isKey(key)}`)
}

/** Removes some snapshots of a colony. @returns how many, at most `limit` */
export function removeSnapshots(db: Db, colony: ColonyKey, limit: number): Promise<number> {
  return db.run(sql`
    update snapshots s set removed = true where s.colony = ${colony} and not s.removed and s.snapshot_id = any(array(
      select snapshot_id from snapshots where colony = ${colony} and not removed order by snapshot_id limit ${limit}))`)
}

/** Colonies with removed snapshots whose files are still pinned. */
export async function coloniesWithRemovedSnapshots(db: Db): Promise<ColonyKey[]> {
  const rows = await db.all<{ colony: ColonyKey }>(sql`
    select colony from ${coloniesIn({ table: sql`snapshots`, columns: sql`t.snapshot_id`, rows: sql`t.removed` })} k`)
  return rows.map((row) => row.colony)
}

/**
 * Releases files of some removed snapshots, and deletes those that were removed and are in no other. Forgets the snapshots
 * once they have none left.
 *
 * @param limit most files, and most snapshots, in one call
 * @returns whether there is more to do
 */
export function releaseFiles(db: Db, colony: ColonyKey, limit: number): Promise<boolean> {
  return db.transaction(async (tx) => {
    await lockFiles(tx, colony)
    const removed = await tx.all<{ snapshot_id: string }>(sql`
      select snapshot_id from snapshots where colony = ${colony} and removed order by snapshot_id limit ${limit}`)
    if (removed.length === 0) return false
    const ids = removed.map((row) => row.snapshot_id)
    const released = await tx.all<{ file_id: string }>(sql`
      with chosen as materialized (
        select p.place
        from unnest(${ids}::text[]) as s (snapshot_id) cross join lateral (
          select p.ctid as place from snapshot_files p
          where p.colony = ${colony} and p.snapshot_id = s.snapshot_id order by p.position limit ${limit}) p
        limit ${limit}
      )
      delete from snapshot_files where colony = ${colony} and ctid = any(array(select place from chosen))
      returning file_id`)
    await tx.run(sql`
      delete from files f
      where f.colony = ${colony} and f.file_id = any(${released.map((row) => row.file_id)}::text[]) and f.hidden
        and not ${isPinned(colony, sql`f.file_id`)}`)
    if (released.length < limit)
      await tx.run(sql`delete from snapshots where colony = ${colony} and snapshot_id = any(${ids}::text[])`)
    return true
  })
}
