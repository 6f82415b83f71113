import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import {
  abortUpload,
  type ColonyKey,
  completeUpload,
  type Db,
  deleteObjects,
  emptyFileAddedAt,
  ensureBucket,
  ensureObjectStore,
  findBucket,
  findObject,
  findUpload,
  insertUpload,
  listParts,
  type NewObject,
  type ObjectName,
  type ObjectRow,
  type PartRow,
  putObjects,
  putPart,
  referencedObjects,
  type Stored,
  type StoreRefusal,
  type StoreWish,
  storeUsage,
  usageBeside,
} from '@colonies/database'
import { newId } from '@colonies/identity'
import { Batcher } from '../queue/batcher.js'
import { type ByteRange, ObjectFolder } from './object-folder.js'
import { noBucket, S3Error } from './s3-errors.js'

export interface ObjectStoreOptions {
  db: Db
  folder: string
  /** Most bytes of one colony, its unfinished uploads included. */
  quotaBytes: number
}

/** What is kept beside the bytes of an object. */
export interface Description {
  contentType: string
  /** Of the client; names in lower case. */
  metadata: Record<string, string>
}

export interface PutOptions extends Description {
  ifAbsent?: boolean
  ifEtag?: string
  /** How long the content will be, where the client says so: what is too much is refused before it comes. */
  announcedBytes: number
}

/** Bytes that are in their place, and have no row yet. */
type StoredFile = Pick<NewObject, 'fileId' | 'size' | 'etag'>

export interface PartList {
  parts: PartRow[]
  more: boolean
}

/** Where clients keep the bytes of files, unless they are told otherwise. Under keys of 64 hex digits, nothing else may lie there. */
export const FILES_BUCKET = 'colonies'
/** Buckets of one colony. */
export const BUCKETS_MAX = 100
/** Uploads of one colony that are not complete. */
const UPLOADS_MAX = 10_000
export const PARTS_MAX = 10_000
/** Objects that are stored in one transaction. */
const PUTS_AT_ONCE = 100
/** Far more than there are requests at once. */
const PUTS_WAITING_MAX = 10_000
/** S3 has this bound for all parts but the last. */
export const PART_BYTES_MIN = 5 * 1024 * 1024

/**
 * The embedded object store: bytes in a folder, names in the database. An object is there when its row is; files without a
 * row are removed by a sweep. Any number of replicas may share one folder.
 */
export class ObjectStore {
  readonly #db: Db
  readonly #folder: ObjectFolder
  readonly #secret: string
  readonly #puts: Batcher<StoreWish, Stored | StoreRefusal>
  /** Bytes that clients have announced and that have no row yet. */
  readonly #arriving = new Map<ColonyKey, number>()
  readonly quotaBytes: number

  private constructor(db: Db, folder: ObjectFolder, { secret, quotaBytes }: { secret: string; quotaBytes: number }) {
    this.#db = db
    this.#folder = folder
    this.#secret = secret
    this.quotaBytes = quotaBytes
    // Changes of one colony's store wait for each other, so there is one flush at a time.
    this.#puts = new Batcher({
      flush: (colony, wishes) => putObjects(db, colony, wishes, quotaBytes),
      itemsMax: PUTS_AT_ONCE,
      flushesMax: 1,
      bytesOf: ({ object }) => object.key.length + object.metadata.length + 1000,
      bytesMax: 4 * 1024 * 1024,
      waitingMax: PUTS_WAITING_MAX,
    })
  }

  /** @throws Error with a sentence when the folder cannot be used */
  static async open({ db, folder, quotaBytes }: ObjectStoreOptions): Promise<ObjectStore> {
    const fresh = { store_id: newId(), secret: randomBytes(32).toString('hex') }
    const { store_id, secret } = await ensureObjectStore(db, fresh)
    return new ObjectStore(db, await ObjectFolder.open(folder, store_id), { secret, quotaBytes })
  }

  get folder(): ObjectFolder {
    return this.#folder
  }

  /** What a member signs with. It follows from the access key, so nothing of it is kept. */
  secretKey(accessKey: string): string {
    return createHmac('sha256', Buffer.from(this.#secret, 'hex')).update(accessKey).digest('base64url')
  }

  usage(colony: ColonyKey): Promise<bigint> {
    return storeUsage(this.#db, colony)
  }

  async makeBucket(colony: ColonyKey, name: string): Promise<void> {
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name))
      throw new S3Error('InvalidBucketName', 'A bucket has 3 to 63 lower-case letters, digits, dots and hyphens')
    if (!(await ensureBucket(this.#db, colony, name, BUCKETS_MAX)))
      throw new S3Error('TooManyBuckets', `A colony has at most ${BUCKETS_MAX} buckets`)
  }

  async put(
    colony: ColonyKey,
    name: ObjectName,
    source: AsyncIterable<Uint8Array>,
    options: PutOptions,
  ): Promise<{ etag: string }> {
    const used = await usageBeside(this.#db, colony, name.bucket)
    if (used === undefined) throw this.#refusal('no_bucket', name.bucket)
    const file = await this.#receive(colony, source, { ...options, used })
    return this.#store(colony, { ...name, file }, options)
  }

  async #receive(
    colony: ColonyKey,
    source: AsyncIterable<Uint8Array>,
    { used, announcedBytes }: { used: bigint; announcedBytes: number },
  ): Promise<StoredFile> {
    // What is stored instead of something else may be refused although it would fit: the exact look comes at the end.
    const arriving = (this.#arriving.get(colony) ?? 0) + announcedBytes
    if (used + BigInt(arriving) > BigInt(this.quotaBytes)) throw this.#overQuota()
    this.#arriving.set(colony, arriving)
    try {
      const { size, md5, keep } = await this.#folder.receive(colony, source)
      return { fileId: await keep(), size, etag: md5 }
    } finally {
      const left = (this.#arriving.get(colony) ?? 0) - announcedBytes
      if (left > 0) this.#arriving.set(colony, left)
      else this.#arriving.delete(colony)
    }
  }

  async #store(
    colony: ColonyKey,
    { bucket, key, file }: ObjectName & { file: StoredFile },
    { contentType, metadata, ifAbsent, ifEtag }: Omit<PutOptions, 'announcedBytes'>,
  ): Promise<{ etag: string; storedAt: string }> {
    const { fileId, etag } = file
    const object: NewObject = { bucket, key, ...file, contentType, metadata: JSON.stringify(metadata) }
    const condition = {
      ...(ifAbsent !== undefined && { ifAbsent }),
      ...(ifEtag !== undefined && { ifEtag }),
    }
    const stored = await this.#puts.add(colony, { object, ...condition })
    if (typeof stored === 'string') {
      await this.#folder.remove(colony, [fileId])
      throw this.#refusal(stored, bucket)
    }
    await this.#folder.remove(colony, stored.unusedFiles)
    return { etag, storedAt: stored.storedAt }
  }

  async #missing(colony: ColonyKey, bucket: string): Promise<S3Error> {
    return (await findBucket(this.#db, colony, bucket))
      ? new S3Error('NoSuchKey', 'There is no such object')
      : noBucket(bucket)
  }

  #refusal(reason: StoreRefusal, bucket: string): S3Error {
    switch (reason) {
      case 'no_bucket':
        return noBucket(bucket)
      case 'over_quota':
        return this.#overQuota()
      case 'condition':
        return new S3Error('PreconditionFailed', 'Another object is stored under this key')
    }
  }

  #overQuota(): S3Error {
    return new S3Error(
      'QuotaExceeded',
      `The colony may keep ${this.quotaBytes} bytes; remove objects, or let the server owner raise COLONIES_STORE_QUOTA`,
    )
  }

  /**
   * An object. The Go client adds files of 0 bytes without storing anything, and asks for their bytes nevertheless: it
   * gets an object without any.
   *
   * @throws S3Error `NoSuchKey`, `NoSuchBucket`
   */
  async get(colony: ColonyKey, { bucket, key }: ObjectName): Promise<ObjectRow> {
    const row = await findObject(this.#db, colony, { bucket, key })
    if (row) return row
    const addedAt = await emptyFileAddedAt(this.#db, colony, { bucket, object: key })
    if (addedAt === undefined) throw await this.#missing(colony, bucket)
    return { key, ...emptyObject, stored_at: addedAt }
  }

  /** The bytes of an object. The one who reads closes the stream. */
  async read(colony: ColonyKey, { file_id }: ObjectRow, range?: ByteRange): Promise<Readable> {
    const stream = await this.#folder.read(colony, file_id, range)
    if (stream) return stream
    throw bytesMissing()
  }

  async copy(colony: ColonyKey, from: ObjectName, to: ObjectName, options: Description | undefined) {
    const row = await findObject(this.#db, colony, from)
    if (!row) throw await this.#missing(colony, from.bucket)
    const fileId = await this.#folder.copy(colony, row.file_id)
    if (fileId === undefined) throw bytesMissing()
    const kept = { contentType: row.content_type, metadata: JSON.parse(row.metadata) as Record<string, string> }
    const file = { fileId, size: Number(row.size), etag: row.etag }
    return this.#store(colony, { ...to, file }, options ?? kept)
  }

  /**
   * Removes objects, but for those that a file or a snapshot names: clients of the original delete the bytes of a file
   * first, and a snapshot may still need them. They go with the last one that names them.
   */
  async remove(colony: ColonyKey, bucket: string, keys: readonly string[]): Promise<void> {
    const named = await referencedObjects(this.#db, colony, bucket, keys)
    const unnamed = keys.filter((key) => !named.has(key))
    await this.#folder.remove(colony, await deleteObjects(this.#db, colony, bucket, unnamed))
  }

  /** @returns the id of the upload */
  async beginUpload(colony: ColonyKey, { bucket, key }: ObjectName, description: Description): Promise<string> {
    const uploadId = newId()
    const { contentType, metadata } = description
    const upload = { uploadId, bucket, key, contentType, metadata: JSON.stringify(metadata) }
    if (await insertUpload(this.#db, colony, upload, UPLOADS_MAX)) return uploadId
    throw new S3Error('NoSuchBucket', `There is no bucket ${bucket}, or ${UPLOADS_MAX} uploads are not completed yet`)
  }

  async putPart(
    colony: ColonyKey,
    { uploadId, number }: { uploadId: string; number: number },
    source: AsyncIterable<Uint8Array>,
    options: Pick<PutOptions, 'announcedBytes'>,
  ): Promise<{ etag: string }> {
    await this.#upload(colony, uploadId) // before its bytes are read
    const used = await this.usage(colony)
    const file = await this.#receive(colony, source, { ...options, used })
    const stored = await putPart(this.#db, colony, { uploadId, number, ...file }, this.quotaBytes)
    if (typeof stored === 'string') {
      await this.#folder.remove(colony, [file.fileId])
      throw stored === 'no_upload' ? noUpload() : this.#refusal(stored, '')
    }
    await this.#folder.remove(colony, stored.unusedFiles)
    return { etag: file.etag }
  }

  async parts(colony: ColonyKey, uploadId: string, after: number, limit: number): Promise<PartList> {
    await this.#upload(colony, uploadId)
    const parts = await listParts(this.#db, colony, uploadId, { after, limit: limit + 1 })
    return { parts: parts.slice(0, limit), more: parts.length > limit }
  }

  /** Puts parts together, in the order of their numbers. @param wanted numbers with the etags that they should have */
  async completeUpload(
    colony: ColonyKey,
    uploadId: string,
    wanted: readonly { number: number; etag: string }[],
    condition: Pick<PutOptions, 'ifAbsent' | 'ifEtag'>,
  ): Promise<{ etag: string }> {
    const upload = await this.#upload(colony, uploadId)
    const parts = choose(await listParts(this.#db, colony, uploadId, { after: 0, limit: PARTS_MAX }), wanted)
    const whole = await this.#folder.receive(colony, this.#concatenated(colony, parts), { hashed: false })
    const file = { fileId: await whole.keep(), size: whole.size }
    const etag = etagOfParts(parts)
    const { bucket, key, content_type: contentType, metadata } = upload
    const object = { bucket, key, ...file, etag, contentType, metadata }
    const fileIds = parts.map((part) => part.file_id)
    const stored = await completeUpload(
      this.#db,
      colony,
      { uploadId, object, parts: fileIds },
      { ...condition, quotaBytes: this.quotaBytes },
    )
    if (typeof stored === 'string') {
      await this.#folder.remove(colony, [file.fileId])
      if (stored === 'no_upload') throw noUpload()
      if (stored === 'parts_changed') throw new S3Error('InvalidPart', 'A part was replaced meanwhile; complete again')
      throw this.#refusal(stored, bucket)
    }
    await this.#folder.remove(colony, stored.unusedFiles)
    return { etag }
  }

  async *#concatenated(colony: ColonyKey, parts: readonly PartRow[]): AsyncGenerator<Uint8Array> {
    for (const { file_id, number } of parts) {
      const stream = await this.#folder.read(colony, file_id)
      if (!stream)
        throw new S3Error('InvalidPart', `The bytes of part ${number} are not on this machine; send it again`)
      yield* stream
    }
  }

  async abortUpload(colony: ColonyKey, uploadId: string): Promise<void> {
    const files = await abortUpload(this.#db, colony, uploadId)
    if (!files) throw noUpload()
    await this.#folder.remove(colony, files)
  }

  async #upload(colony: ColonyKey, uploadId: string) {
    const upload = await findUpload(this.#db, colony, uploadId)
    if (!upload) throw noUpload()
    return upload
  }
}

const emptyObject = {
  file_id: '',
  size: 0n,
  etag: createHash('md5').digest('hex'),
  content_type: 'application/octet-stream',
  metadata: '{}',
}

/** Of an object whose row was there a moment ago. */
function bytesMissing(): S3Error {
  return new S3Error(
    'SlowDown',
    'The object was just replaced, or its bytes lie on another machine: let all replicas share one COLONIES_STORE_DIR',
  )
}

function noUpload(): S3Error {
  return new S3Error('NoSuchUpload', 'There is no such upload: it was completed, given up, or never begun')
}

function choose(present: readonly PartRow[], wanted: readonly { number: number; etag: string }[]): PartRow[] {
  const byNumber = new Map(present.map((part) => [part.number, part]))
  return wanted.map(({ number, etag }, index) => {
    const part = byNumber.get(number)
    if (!part || part.etag !== etag)
      throw new S3Error('InvalidPart', `Part ${number} was not sent, or has another etag`)
    if (index > 0 && number <= (wanted[index - 1]?.number ?? 0))
      throw new S3Error('InvalidPartOrder', 'Name the parts in ascending order')
    if (index < wanted.length - 1 && part.size < BigInt(PART_BYTES_MIN))
      throw new S3Error(
        'EntityTooSmall',
        `Part ${number} has fewer than ${PART_BYTES_MIN} bytes; only the last one may`,
      )
    return part
  })
}

/** As S3 makes it: the hash of the hashes, and their number. */
function etagOfParts(parts: readonly PartRow[]): string {
  const hash = createHash('md5')
  for (const { etag } of parts) hash.update(Buffer.from(etag, 'hex'))
  return `${hash.digest('hex')}-${parts.length}`
}
