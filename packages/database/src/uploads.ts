import type { Db } from './db.js'
import {
  lockUsage,
  type NewObject,
  type ObjectName,
  type StoreCondition,
  type Stored,
  type StoreRefusal,
  storeObjects,
} from './objects.js'
import { sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

export interface NewUpload extends ObjectName {
  uploadId: string
  contentType: string
  metadata: string
}

export interface UploadRow {
  upload_id: string
  bucket: string
  key: string
  content_type: string
  metadata: string
  begun_at: string
}

/** Begins an object that arrives in parts. @returns false when there is no such bucket, or the colony has `most` open */
export async function insertUpload(db: Db, colony: ColonyKey, upload: NewUpload, most: number): Promise<boolean> {
  const inserted = await db.run(sql`
    insert into uploads (colony, upload_id, bucket, key, content_type, metadata)
    select ${colony}, ${upload.uploadId}, b.name, ${upload.key}, ${upload.contentType}, ${upload.metadata}
    from buckets b where b.colony = ${colony} and b.name = ${upload.bucket}
      and (select count(*) from uploads where colony = ${colony}) < ${most}
    for key share of b`)
  return inserted === 1
}

export function findUpload(db: Db, colony: ColonyKey, uploadId: string): Promise<UploadRow | undefined> {
  return db.one<UploadRow>(sql`
    select upload_id, bucket, key, content_type, metadata, begun_at from uploads
    where colony = ${colony} and upload_id = ${uploadId}`)
}

/** Uploads of a bucket that are not complete, in the order of their ids, which is that of their beginning. */
export function listUploads(
  db: Db,
  colony: ColonyKey,
  bucket: string,
  { after, limit }: { after: string; limit: number },
): Promise<UploadRow[]> {
  return db.all<UploadRow>(sql`
    select upload_id, bucket, key, content_type, metadata, begun_at from uploads
    where colony = ${colony} and bucket = ${bucket} and upload_id > ${after} order by upload_id limit ${limit}`)
}

export interface NewPart {
  uploadId: string
  number: number
  fileId: string
  size: number
  etag: string
}

export interface PartRow {
  number: number
  file_id: string
  size: bigint
  etag: string
  stored_at: string
}

/** Stores a part whose file is complete, in place of the one of that number. */
export function putPart(
  db: Db,
  colony: ColonyKey,
  part: NewPart,
  quotaBytes: number,
): Promise<{ unusedFiles: string[] } | 'no_upload' | 'over_quota'> {
  return db.transaction(async (tx) => {
    const used = await lockUsage(tx, colony)
    const upload = await tx.one(sql`
      select 1 from uploads where colony = ${colony} and upload_id = ${part.uploadId} for key share`)
    if (!upload) return 'no_upload'
    const before = await tx.one<PartRow>(sql`
      select number, file_id, size, etag, stored_at from upload_parts
      where colony = ${colony} and upload_id = ${part.uploadId} and number = ${part.number}`)
    const bytes = used + BigInt(part.size) - (before?.size ?? 0n)
    if (bytes > BigInt(quotaBytes) && bytes > used) return 'over_quota'
    await tx.run(sql`update store_usage set bytes = ${bytes} where colony = ${colony}`)
    await tx.run(sql`
      insert into upload_parts (colony, upload_id, number, file_id, size, etag)
      values (${colony}, ${part.uploadId}, ${part.number}, ${part.fileId}, ${part.size}, ${part.etag})
      on conflict (colony, upload_id, number) do update set file_id = excluded.file_id, size = excluded.size,
        etag = excluded.etag, stored_at = now()`)
    return { unusedFiles: before ? [before.file_id] : [] }
  })
}

/** Parts of an upload by number, after `after`. */
export function listParts(
  db: Db,
  colony: ColonyKey,
  uploadId: string,
  { after, limit }: { after: number; limit: number },
): Promise<PartRow[]> {
  return db.all<PartRow>(sql`
    select number, file_id, size, etag, stored_at from upload_parts
    where colony = ${colony} and upload_id = ${uploadId} and number > ${after} order by number limit ${limit}`)
}

/**
 * Makes an object of an upload; `object` names the file into which its parts were put together.
 *
 * @param parts the files of which it was made: when one of them was replaced meanwhile, nothing is stored
 */
export function completeUpload(
  db: Db,
  colony: ColonyKey,
  { uploadId, object, parts }: { uploadId: string; object: NewObject; parts: readonly string[] },
  condition: StoreCondition & { quotaBytes: number },
): Promise<Stored | StoreRefusal | 'no_upload' | 'parts_changed'> {
  return db.transaction(async (tx) => {
    const used = await lockUsage(tx, colony)
    const present = await readParts(tx, colony, uploadId)
    if (!present) return 'no_upload'
    if (!parts.every((fileId) => present.fileIds.includes(fileId))) return 'parts_changed'
    const [stored] = await storeObjects(tx, colony, [{ ...condition, object }], {
      used: used - present.bytes,
      // What the parts took already is not more for being one object.
      quotaBytes: Math.max(condition.quotaBytes, Number(used)),
    })
    if (stored === undefined || typeof stored === 'string') return stored ?? 'condition'
    await removeUpload(tx, colony, uploadId)
    return { ...stored, unusedFiles: [...stored.unusedFiles, ...present.fileIds] }
  })
}

/** Gives up an upload. @returns the files of its parts; undefined when there is no such upload */
export function abortUpload(db: Db, colony: ColonyKey, uploadId: string): Promise<string[] | undefined> {
  return db.transaction(async (tx) => {
    const used = await lockUsage(tx, colony)
    const present = await readParts(tx, colony, uploadId)
    if (!present) return undefined
    await tx.run(sql`update store_usage set bytes = ${used - present.bytes} where colony = ${colony}`)
    await removeUpload(tx, colony, uploadId)
    return present.fileIds
  })
}

async function readParts(
  tx: Db,
  colony: ColonyKey,
  uploadId: string,
): Promise<{ fileIds: string[]; bytes: bigint } | undefined> {
  if (!(await findUpload(tx, colony, uploadId))) return undefined
  const rows = await tx.all<{ file_id: string; size: bigint }>(sql`
    select file_id, size from upload_parts where colony = ${colony} and upload_id = ${uploadId}`)
  return { fileIds: rows.map((row) => row.file_id), bytes: rows.reduce((sum, row) => sum + row.size, 0n) }
}

async function removeUpload(tx: Db, colony: ColonyKey, uploadId: string): Promise<void> {
  await tx.run(sql`delete from upload_parts where colony = ${colony} and upload_id = ${uploadId}`)
  await tx.run(sql`delete from uploads where colony = ${colony} and upload_id = ${uploadId}`)
}

/** Uploads of a colony that nobody completed in a week. */
export async function abandonedUploads(db: Db, colony: ColonyKey, limit: number): Promise<string[]> {
  const rows = await db.all<{ upload_id: string }>(sql`
    select upload_id from uploads where colony = ${colony} and begun_at < now() - interval '7 days'
    order by upload_id limit ${limit}`)
  return rows.map((row) => row.upload_id)
}

/** Colonies that use the store. */
export async function coloniesWithObjects(db: Db): Promise<ColonyKey[]> {
  const rows = await db.all<{ colony: ColonyKey }>(sql`select colony from store_usage where colony <> 0`)
  return rows.map((row) => row.colony)
}
