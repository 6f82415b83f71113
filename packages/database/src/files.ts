import type { Db } from './db.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

/** Where the bytes of a revision are. */
export interface ObjectPlace {
  server: string
  port: number
  tls: boolean
  region: string
  encryption_key: string
  encryption_alg: string
  bucket: string
  object: string
}

export interface NewFile extends ObjectPlace {
  file_id: string
  label: string
  name: string
  size: number
  checksum: string
  checksum_alg: string
  initiator_id: string
  initiator_name: string
}

export interface FileRow extends Omit<NewFile, 'size'> {
  size: bigint
  sequence_nr: bigint
  added_at: string
}

/** Labels from `low` up to, and without, `high`; and one more, which comes before them. */
export interface Labels {
  readonly own: string | undefined
  readonly low: string
  readonly high: string
}

export const fileColumns = sql`f.file_id, f.label, f.name, f.sequence_nr, f.size, f.checksum, f.checksum_alg, f.server,
  f.port, f.tls, f.region, f.encryption_key, f.encryption_alg, f.bucket, f.object, f.initiator_id, f.initiator_name,
  f.added_at`

/**
 * Adds revisions; the numbers follow the order of the batch.
 *
 * @returns rows in the order of `files`
 */
export function insertFiles(db: Db, colony: ColonyKey, files: readonly NewFile[]): Promise<FileRow[]> {
  const column = <Key extends keyof NewFile>(key: Key) => files.map((file) => file[key])
  return db.all<FileRow>(sql`
    with numbers as (
      insert into file_numbers as n (colony, last_nr) values (${colony}, ${files.length}::bigint)
      on conflict (colony) do update set last_nr = n.last_nr + excluded.last_nr
      returning last_nr - ${files.length}::bigint as before
    ), f as (
      insert into files (colony, file_id, label, name, sequence_nr, size, checksum, checksum_alg, server, port, tls,
        region, encryption_key, encryption_alg, bucket, object, initiator_id, initiator_name)
      select ${colony}, a.file_id, a.label, a.name, n.before + a.place, a.size, a.checksum, a.checksum_alg, a.server,
        a.port, a.tls, a.region, a.encryption_key, a.encryption_alg, a.bucket, a.object, a.initiator_id, a.initiator_name
      from numbers n cross join unnest(${column('file_id')}::text[], ${column('label')}::text[],
        ${column('name')}::text[], ${column('size')}::bigint[], ${column('checksum')}::text[],
        ${column('checksum_alg')}::text[], ${column('server')}::text[], ${column('port')}::int[],
        ${column('tls')}::boolean[], ${column('region')}::text[], ${column('encryption_key')}::text[],
        ${column('encryption_alg')}::text[], ${column('bucket')}::text[], ${column('object')}::text[],
        ${column('initiator_id')}::text[], ${column('initiator_name')}::text[])
        with ordinality as a (file_id, label, name, size, checksum, checksum_alg, server, port, tls, region,
          encryption_key, encryption_alg, bucket, object, initiator_id, initiator_name, place)
      returning *
    ), counted as (
      insert into file_labels as l (colony, label, revisions)
      select ${colony}, label, count(*) from f group by label order by label
      on conflict (colony, label) do update set revisions = l.revisions + excluded.revisions
    )
    select ${fileColumns} from f order by f.sequence_nr`)
}

/** A revision to be added. */
export interface AddedFile {
  file: NewFile
  /** Id of the revision that has to be the newest one; null: there has to be none; undefined: either is fine. */
  previous: string | null | undefined
}

/**
 * Adds revisions in their order, each if the newest one is what its caller thinks.
 *
 * @returns rows in the order of `added`; undefined where the newest revision is another one
 */
export async function addFiles(
  db: Db,
  colony: ColonyKey,
  added: readonly AddedFile[],
): Promise<(FileRow | undefined)[]> {
  if (added.every(({ previous }) => previous === undefined))
    return insertFiles(
      db,
      colony,
      added.map(({ file }) => file),
    )
  return db.transaction(async (tx) => {
    // First without the lock, which leaves a row behind in a colony that never had files.
    const possible = inTheirOrder(added, await newestIds(tx, colony, added))
    if (possible.length === 0) return added.map(() => undefined)
    await lockFiles(tx, colony)
    const files = inTheirOrder(possible, await newestIds(tx, colony, possible)).map(({ file }) => file)
    const rows = files.length === 0 ? [] : await insertFiles(tx, colony, files)
    const byId = new Map(rows.map((row) => [row.file_id, row]))
    return added.map(({ file }) => byId.get(file.file_id))
  })
}

const placeOf = ({ label, name }: Pick<NewFile, 'label' | 'name'>) => JSON.stringify([label, name])

/** Those that may be added one after the other. */
function inTheirOrder(added: readonly AddedFile[], newest: Map<string, string>): AddedFile[] {
  return added.filter(({ file, previous }) => {
    const place = placeOf(file)
    if (previous !== undefined && (newest.get(place) ?? null) !== previous) return false
    newest.set(place, file.file_id)
    return true
  })
}

/** Ids of the newest revisions of these files, by their place. Uses the index `files_newest`. */
async function newestIds(tx: Db, colony: ColonyKey, added: readonly AddedFile[]): Promise<Map<string, string>> {
  const rows = await tx.all<Pick<FileRow, 'label' | 'name' | 'file_id'>>(sql`
    select a.label, a.name, newest.file_id
    from unnest(${added.map(({ file }) => file.label)}::text[], ${added.map(({ file }) => file.name)}::text[])
      as a (label, name)
    cross join lateral (
      select f.file_id from files f
      where f.colony = ${colony} and f.label = a.label and f.name = a.name and not f.hidden
      order by f.label, f.name, f.sequence_nr desc limit 1) newest`)
  return new Map(rows.map((row) => [placeOf(row), row.file_id]))
}

/** Makes changes of one colony's files come one after the other, until the transaction ends. */
export async function lockFiles(tx: Db, colony: ColonyKey): Promise<void> {
  await tx.run(sql`
    insert into file_numbers as n (colony, last_nr) values (${colony}, 0)
    on conflict (colony) do update set last_nr = n.last_nr`)
}

/** One revision, also one that was removed and is in a snapshot. */
export function findFile(db: Db, colony: ColonyKey, fileId: string): Promise<FileRow | undefined> {
  return db.one<FileRow>(sql`select ${fileColumns} from files f where f.colony = ${colony} and f.file_id = ${fileId}`)
}

export interface RevisionPage {
  label: string
  name: string
  /** Only revisions with lower numbers; 0: all. */
  before: number
  count: number
}

/** Revisions of one file, newest first. Uses the index `files_newest`. */
export function listRevisions(
  db: Db,
  colony: ColonyKey,
  { label, name, before, count }: RevisionPage,
): Promise<FileRow[]> {
  return db.all<FileRow>(sql`
    select ${fileColumns} from files f
    where f.colony = ${colony} and f.label = ${label} and f.name = ${name} and not f.hidden
      and f.sequence_nr < ${before > 0 ? before : Number.MAX_SAFE_INTEGER}::bigint
    order by f.label, f.name, f.sequence_nr desc limit ${count}`)
}

export interface LabelPage {
  label: string
  /** Name of the last file of the page before. */
  after: string
  count: number
}

/** What has to be known of a file to compare it with a local one. */
export type FileSummaryRow = Pick<FileRow, 'name' | 'checksum' | 'size' | 'object'>

/** The newest revisions of the files of one label, by name. */
export function listFiles(db: Db, colony: ColonyKey, page: LabelPage): Promise<FileSummaryRow[]> {
  return db.all<FileSummaryRow>(newestOfLabel(colony, page, sql`f.name, f.checksum, f.size, f.object`))
}

/**
 * Steps from name to name through the index `files_newest`, however many revisions each has.
 *
 * @param columns the name among them
 */
function newestOfLabel(colony: ColonyKey, { label, after, count }: LabelPage, columns: Sql): Sql {
  const next = (name: Sql) => sql`
    select ${columns} from files f
    where f.colony = ${colony} and f.label = ${label} and f.name > ${name} and not f.hidden
    order by f.name, f.sequence_nr desc limit 1`
  return sql`
    with recursive f as (
      (${next(sql`${after}`)})
      union all
      select n.* from f before cross join lateral (${next(sql`before.name`)}) n
    )
    select ${columns} from f limit ${count}`
}

export interface TreePage {
  labels: Labels
  /** Label and name of the last file of the page before. */
  after: { label: string; name: string }
  count: number
}

/** The newest revisions of the files of many labels, by label and name. */
export async function listTree(db: Db, colony: ColonyKey, { labels, after, count }: TreePage): Promise<FileRow[]> {
  const { own } = labels
  const inOwn = own !== undefined && after.label <= own
  const name = after.label === own ? after.name : ''
  const rows = inOwn
    ? await db.all<FileRow>(newestOfLabel(colony, { label: own, after: name, count }, fileColumns))
    : []
  if (rows.length >= count) return rows
  const from = inOwn ? { label: '', name: '' } : after
  return [...rows, ...(await listBelow(db, colony, { labels, after: from, count: count - rows.length }))]
}

/** Works as `newestOfLabel`. */
function listBelow(db: Db, colony: ColonyKey, { labels, after, count }: TreePage): Promise<FileRow[]> {
  const next = (label: Sql, name: Sql) => sql`
    select ${fileColumns} from files f
    where f.colony = ${colony} and f.label >= ${labels.low} and f.label < ${labels.high}
      and (f.label, f.name) > (${label}, ${name}) and not f.hidden
    order by f.label, f.name, f.sequence_nr desc limit 1`
  return db.all<FileRow>(sql`
    with recursive f as (
      (${next(sql`${after.label}`, sql`${after.name}`)})
      union all
      select n.* from f before cross join lateral (${next(sql`before.label`, sql`before.name`)}) n
    )
    select ${fileColumns} from f limit ${count}`)
}

export interface FileLabelRow {
  label: string
  revisions: bigint
}

/** Labels with files, in their order. */
export function listFileLabels(
  db: Db,
  colony: ColonyKey,
  { labels, after, count }: { labels: Labels; after: string; count: number },
): Promise<FileLabelRow[]> {
  return db.all<FileLabelRow>(sql`
    (select label, revisions from file_labels
     where colony = ${colony} and label = ${labels.own ?? ''} and label > ${after})
    union all
    (select label, revisions from file_labels
     where colony = ${colony} and label >= ${labels.low} and label < ${labels.high} and label > ${after}
     order by label limit ${count})
    limit ${count}`)
}

/**
 * Which of some objects are still named by a revision, or by one in a snapshot. Bytes of the others can be deleted, unless they
 * are so young that their revision may not have been added yet. Uses the index `files_object`.
 */
export async function referencedObjects(
  db: Db,
  colony: ColonyKey,
  bucket: string,
  objects: readonly string[],
): Promise<Set<string>> {
  const rows = await db.all<{ object: string }>(sql`
    select a.object from unnest(${objects}::text[]) as a (object)
    where ${isNamed(colony, { bucket: sql`${bucket}`, object: sql`a.object` })}`)
  return new Set(rows.map((row) => row.object))
}

/** Whether a revision names an object. Written so that each is one look into the index, whatever the planner thinks. */
export function isNamed(colony: ColonyKey, { bucket, object }: { bucket: Sql; object: Sql }): Sql {
  return sql`(select 1 from files f where f.colony = ${colony} and f.bucket = ${bucket} and f.object = ${object}
    and f.object <> '' limit 1) is not null`
}

/**
 * When a revision without bytes was added that names an object, pinned ones included. Uses the index `files_object`.
 *
 * @returns undefined where there is none
 */
export async function emptyFileAddedAt(
  db: Db,
  colony: ColonyKey,
  { bucket, object }: Pick<ObjectPlace, 'bucket' | 'object'>,
): Promise<string | undefined> {
  const row = await db.one<{ added_at: string }>(sql`
    select f.added_at from files f
    where f.colony = ${colony} and f.bucket = ${bucket} and f.object = ${object} and f.object <> '' and f.size = 0
    limit 1`)
  return row?.added_at
}

/** Whether a snapshot has a revision. Written as `isNamed`. */
export function isPinned(colony: ColonyKey, fileId: Sql): Sql {
  return sql`(select 1 from snapshot_files p where p.colony = ${colony} and p.file_id = ${fileId} limit 1) is not null`
}
