import type { Db } from './db.js'
import { sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

/** The embedded object store of a server: who it is, and what its keys are made from. */
export interface ObjectStoreRow {
  store_id: string
  /** 32 bytes as hex. */
  secret: string
}

/** What the object store of this database is called; made at the first call. */
export async function ensureObjectStore(db: Db, fresh: ObjectStoreRow): Promise<ObjectStoreRow> {
  await db.run(sql`
    insert into object_store (store_id, secret) values (${fresh.store_id}, ${fresh.secret}) on conflict do nothing`)
  const row = await db.one<ObjectStoreRow>(sql`select store_id, secret from object_store`)
  if (!row) throw new Error('The row of the object store was removed while the server started.')
  return row
}

export interface BucketRow {
  name: string
  made_at: string
}

/** @returns false when the colony has as many as it may, or is gone; true also when the bucket was there */
export async function ensureBucket(db: Db, colony: ColonyKey, name: string, most: number): Promise<boolean> {
  const row = await db.one<{ there: boolean }>(sql`
    with made as (
      insert into buckets (colony, name)
      select ${colony}, ${name} from colonies c
      where c.colony_key = ${colony} and (select count(*) from buckets where colony = ${colony}) < ${most}
      on conflict do nothing returning 1)
    select exists (select 1 from made) or exists (
      select 1 from buckets where colony = ${colony} and name = ${name}) as there`)
  return row?.there ?? false
}

export function findBucket(db: Db, colony: ColonyKey, name: string): Promise<BucketRow | undefined> {
  return db.one<BucketRow>(sql`select name, made_at from buckets where colony = ${colony} and name = ${name}`)
}

/** All buckets of a colony by name; `ensureBucket` bounds their number. */
export function listBuckets(db: Db, colony: ColonyKey): Promise<BucketRow[]> {
  return db.all<BucketRow>(sql`select name, made_at from buckets where colony = ${colony} order by name`)
}

/** Removes an empty bucket. */
export function deleteBucket(db: Db, colony: ColonyKey, name: string): Promise<'removed' | 'not_found' | 'not_empty'> {
  return db.transaction(async (tx) => {
    // Whoever stores an object holds this row, so none comes while we look.
    const bucket = await tx.one(sql`select 1 from buckets where colony = ${colony} and name = ${name} for update`)
    if (!bucket) return 'not_found'
    const taken = await tx.one(sql`
      select 1 from objects where colony = ${colony} and bucket = ${name}
      union all select 1 from uploads where colony = ${colony} and bucket = ${name} limit 1`)
    if (taken) return 'not_empty'
    await tx.run(sql`delete from buckets where colony = ${colony} and name = ${name}`)
    return 'removed'
  })
}

/** An object, or the place where one is to be stored. */
export interface ObjectName {
  bucket: string
  key: string
}

export interface NewObject extends ObjectName {
  fileId: string
  size: number
  etag: string
  contentType: string
  metadata: string
}

export interface ObjectRow {
  key: string
  file_id: string
  size: bigint
  etag: string
  content_type: string
  metadata: string
  stored_at: string
}

const objectColumns = sql`key, file_id, size, etag, content_type, metadata, stored_at`

export interface StoreCondition {
  /** Only where nothing is stored yet. */
  ifAbsent?: boolean
  /** Only over an object with this etag. */
  ifEtag?: string
}

export interface StoreWish extends StoreCondition {
  object: NewObject
}

export type StoreRefusal = 'no_bucket' | 'over_quota' | 'condition'

/** What a change of the store leaves to be done: files that nothing names any more. */
export interface Stored {
  storedAt: string
  unusedFiles: string[]
}

/**
 * Stores objects whose files are complete, in their order, each in place of the one of its name.
 *
 * @param quotaBytes most bytes that the colony may have afterwards
 * @returns outcomes in the order of `wishes`
 */
export function putObjects(
  db: Db,
  colony: ColonyKey,
  wishes: readonly StoreWish[],
  quotaBytes: number,
): Promise<(Stored | StoreRefusal)[]> {
  return db.transaction(async (tx) =>
    storeObjects(tx, colony, wishes, { used: await lockUsage(tx, colony), quotaBytes }),
  )
}

type Place = Pick<ObjectRow, 'file_id' | 'size' | 'etag'>

const placeOf = ({ bucket, key }: ObjectName) => JSON.stringify([bucket, key])

/** Within a transaction that has the lock of `lockUsage`. @param used bytes of the colony before */
export async function storeObjects(
  tx: Db,
  colony: ColonyKey,
  wishes: readonly StoreWish[],
  { used, quotaBytes }: { used: bigint; quotaBytes: number },
): Promise<(Stored | StoreRefusal)[]> {
  const { buckets, objects } = await readPlaces(tx, colony, wishes)
  const stored = new Map<string, NewObject>()
  let bytes = used
  const outcomes = wishes.map(({ object, ifAbsent = false, ifEtag }): { unusedFiles: string[] } | StoreRefusal => {
    const place = placeOf(object)
    const before = objects.get(place)
    if (!buckets.has(object.bucket)) return 'no_bucket'
    if ((ifAbsent && before) || (ifEtag !== undefined && before?.etag !== ifEtag)) return 'condition'
    const after = bytes + BigInt(object.size) - (before?.size ?? 0n)
    if (after > BigInt(quotaBytes) && after > bytes) return 'over_quota'
    bytes = after
    stored.set(place, object)
    objects.set(place, { file_id: object.fileId, size: BigInt(object.size), etag: object.etag })
    return { unusedFiles: before ? [before.file_id] : [] }
  })
  const storedAt = stored.size === 0 ? '' : await writeObjects(tx, colony, [...stored.values()], bytes)
  return outcomes.map((outcome) => (typeof outcome === 'string' ? outcome : { ...outcome, storedAt }))
}

/** What is there now. Holds the buckets: any number may store, nobody removes one meanwhile. */
async function readPlaces(tx: Db, colony: ColonyKey, wishes: readonly StoreWish[]) {
  const names = wishes.map(({ object }) => object.bucket)
  const keys = wishes.map(({ object }) => object.key)
  const buckets = await tx.all<{ name: string }>(sql`
    select name from buckets where colony = ${colony} and name = any(${names}::text[]) for key share`)
  const objects = await tx.all<Place & ObjectName>(sql`
    select o.bucket, o.key, o.file_id, o.size, o.etag
    from unnest(${names}::text[], ${keys}::text[]) as w (bucket, key)
    join objects o on o.colony = ${colony} and o.bucket = w.bucket and o.key = w.key`)
  return {
    buckets: new Set(buckets.map(({ name }) => name)),
    objects: new Map(objects.map((row): [string, Place] => [placeOf(row), row])),
  }
}

/** @returns when they were stored: the time of the transaction */
async function writeObjects(tx: Db, colony: ColonyKey, objects: readonly NewObject[], bytes: bigint): Promise<string> {
  const column = <Key extends keyof NewObject>(key: Key) => objects.map((object) => object[key])
  const row = await tx.one<{ stored_at: string }>(sql`
    with usage as (update store_usage set bytes = ${bytes} where colony = ${colony}), written as (
      insert into objects (colony, bucket, key, file_id, size, etag, content_type, metadata)
      select ${colony}, w.* from unnest(${column('bucket')}::text[], ${column('key')}::text[],
        ${column('fileId')}::text[], ${column('size')}::bigint[], ${column('etag')}::text[],
        ${column('contentType')}::text[], ${column('metadata')}::text[]) as w
      on conflict (colony, bucket, key) do update set file_id = excluded.file_id, size = excluded.size,
        etag = excluded.etag, content_type = excluded.content_type, metadata = excluded.metadata, stored_at = now()
      returning stored_at)
    select stored_at from written limit 1`)
  return row?.stored_at ?? ''
}

/** Makes changes of one colony's store come one after the other. @returns its bytes */
export async function lockUsage(tx: Db, colony: ColonyKey): Promise<bigint> {
  const row = await tx.one<{ bytes: bigint }>(sql`
    insert into store_usage (colony, bytes) values (${colony}, 0)
    on conflict (colony) do update set bytes = store_usage.bytes returning bytes`)
  return row?.bytes ?? 0n
}

/** Bytes of a colony, looked at on the way to storing more. @returns undefined when there is no such bucket */
export async function usageBeside(db: Db, colony: ColonyKey, bucket: string): Promise<bigint | undefined> {
  const row = await db.one<{ bytes: bigint }>(sql`
    select coalesce((select bytes from store_usage where colony = ${colony}), 0) as bytes
    from buckets where colony = ${colony} and name = ${bucket}`)
  return row?.bytes
}

export async function storeUsage(db: Db, colony: ColonyKey): Promise<bigint> {
  const row = await db.one<{ bytes: bigint }>(sql`select bytes from store_usage where colony = ${colony}`)
  return row?.bytes ?? 0n
}

export function findObject(db: Db, colony: ColonyKey, { bucket, key }: ObjectName): Promise<ObjectRow | undefined> {
  return db.one<ObjectRow>(sql`
    select ${objectColumns} from objects where colony = ${colony} and bucket = ${bucket} and key = ${key}`)
}

/** Removes objects that are there. @returns their files, which nothing names any more */
export function deleteObjects(db: Db, colony: ColonyKey, bucket: string, keys: readonly string[]): Promise<string[]> {
  return db.transaction(async (tx) => {
    await lockUsage(tx, colony)
    const rows = await tx.all<{ file_id: string }>(sql`
      with gone as (
        delete from objects where colony = ${colony} and bucket = ${bucket} and key = any(${keys}::text[])
        returning file_id, size
      ), counted as (
        update store_usage set bytes = bytes - (select coalesce(sum(size), 0) from gone) where colony = ${colony})
      select file_id from gone`)
    return rows.map((row) => row.file_id)
  })
}

export interface ObjectRange {
  prefix: string
  /** Only keys after this one. */
  after: string
  limit: number
}

/** Objects of a bucket by key, in the order of bytes. */
export function listObjects(
  db: Db,
  colony: ColonyKey,
  bucket: string,
  { prefix, after, limit }: ObjectRange,
): Promise<ObjectRow[]> {
  return db.all<ObjectRow>(sql`
    select ${objectColumns} from objects
    where colony = ${colony} and bucket = ${bucket} and key > ${after} and key >= ${prefix}
      and starts_with(key, ${prefix})
    order by key limit ${limit}`)
}

/** Which of these files are neither those of objects nor of parts. */
export async function filesWithoutRow(db: Db, colony: ColonyKey, fileIds: readonly string[]): Promise<string[]> {
  const rows = await db.all<{ file_id: string }>(sql`
    select f.file_id from unnest(${fileIds}::text[]) as f (file_id)
    where not exists (select 1 from objects o where o.colony = ${colony} and o.file_id = f.file_id)
      and not exists (select 1 from upload_parts p where p.colony = ${colony} and p.file_id = f.file_id)`)
  return rows.map((row) => row.file_id)
}

/** An object, and which file of the folder has its bytes. */
export interface PlacedObject extends ObjectName {
  file_id: string
  /** Labels and names of the files of the colony that name it. */
  named_by: string[]
}

/** All objects of a colony by their names. @param after the last one of the page before; two empty texts for the first */
export function listPlacedObjects(
  db: Db,
  colony: ColonyKey,
  { after, limit }: { after: ObjectName; limit: number },
): Promise<PlacedObject[]> {
  return db.all<PlacedObject>(sql`
    select o.bucket, o.key, o.file_id, array(
        select distinct f.label || '/' || f.name from files f
        where f.colony = ${colony} and f.bucket = o.bucket and f.object = o.key and f.object <> '' and not f.hidden
      ) as named_by
    from objects o where o.colony = ${colony} and (o.bucket, o.key) > (${after.bucket}, ${after.key})
    order by o.bucket, o.key limit ${limit}`)
}

/**
 * Objects of a bucket for files that no file names, a day after they were stored: whoever stored them has not come to
 * adding the file, or removed it with a client that left the bytes.
 */
export async function unnamedObjects(
  db: Db,
  colony: ColonyKey,
  bucket: string,
  { after, limit }: { after: string; limit: number },
): Promise<string[]> {
  const rows = await db.all<{ key: string }>(sql`
    select o.key from objects o
    where o.colony = ${colony} and o.bucket = ${bucket} and o.key > ${after} and o.key ~ '^[0-9a-f]{64}$'
      and o.stored_at < now() - interval '1 day'
      and not exists (select 1 from files f where f.colony = ${colony} and f.bucket = ${bucket} and f.object = o.key)
    order by o.key limit ${limit}`)
  return rows.map((row) => row.key)
}
