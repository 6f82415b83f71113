import type { OutgoingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import {
  type Db,
  deleteBucket,
  findBucket,
  listBuckets,
  listUploads,
  type ObjectName,
  type ObjectRow,
} from '@colonies/database'
import { listPage } from './list-objects.js'
import { type ObjectStore, PARTS_MAX } from './object-store.js'
import { noBucket, S3Error } from './s3-errors.js'
import type { S3Request } from './s3-request.js'
import { decode } from './s3-signature.js'
import { readXmlList, writeXml } from './xml.js'

/** What is sent back: a document, or the bytes of an object. */
export interface S3Reply {
  status?: number
  headers?: OutgoingHttpHeaders
  body?: string | Readable
}

export interface S3Context {
  db: Db
  store: ObjectStore
  request: S3Request
}

type S3Operation = (context: S3Context) => Promise<S3Reply>

const LIST_MAX = 1000

/** Requests about the list of buckets, about a bucket, about an object; what the query names comes first. */
export function findOperation({ method, bucket, key, query }: S3Request): S3Operation {
  const table = bucket === '' ? ofService : key === '' ? ofBucket : ofObject
  const named = Object.keys(table).find((name) => {
    const [verb, parameter] = name.split('?')
    return verb === method && parameter !== undefined && query.has(parameter)
  })
  const unknown = subresources.find((name) => query.has(name))
  const operation = table[named ?? method]
  if (!named && unknown) throw new S3Error('NotImplemented', `This store has no ?${unknown}`)
  if (!operation) throw new S3Error('MethodNotAllowed', `${method} means nothing here`)
  return operation
}

/** Parts of S3 that a client may ask for by name, and that must not be mistaken for the object itself. */
const subresources = [
  'acl',
  'tagging',
  'policy',
  'lifecycle',
  'cors',
  'retention',
  'legal-hold',
  'torrent',
  'restore',
  'select',
  'website',
  'notification',
  'replication',
  'encryption',
  'attributes',
]

const ofService: Record<string, S3Operation> = {
  async GET({ db, request: { colony } }) {
    const buckets = (await listBuckets(db, colony)).map(({ name, made_at }) => ({
      Name: name,
      CreationDate: isoTime(made_at),
    }))
    return xml('ListAllMyBucketsResult', { Owner: { ID: String(colony) }, Buckets: { Bucket: buckets } })
  },
}

const ofBucket: Record<string, S3Operation> = {
  async PUT({ store, request }) {
    await request.document() // names a region, and this store has one
    await store.makeBucket(request.colony, request.bucket)
    return { headers: { Location: `/${request.bucket}` } }
  },

  async HEAD(context) {
    await requireBucket(context)
    return {}
  },

  async DELETE({ db, request: { colony, bucket } }) {
    const outcome = await deleteBucket(db, colony, bucket)
    if (outcome === 'not_found') throw noBucket(bucket)
    if (outcome === 'not_empty') throw new S3Error('BucketNotEmpty', 'Remove its objects and unfinished uploads first')
    return { status: 204 }
  },

  async GET(context) {
    await requireBucket(context)
    const { colony, bucket, query } = context.request
    const versionTwo = query.get('list-type') === '2'
    const start = versionTwo ? (query.get('continuation-token') ?? query.get('start-after')) : query.get('marker')
    const asked = {
      prefix: query.get('prefix') ?? '',
      delimiter: query.get('delimiter') ?? '',
      after: start ?? '',
      limit: context.request.count('max-keys', { otherwise: LIST_MAX, max: LIST_MAX }),
    }
    const { objects, prefixes, next } = await listPage(context.db, colony, bucket, asked)
    const encoded = query.get('encoding-type') === 'url'
    const text = (key: string) => (encoded ? encodeURIComponent(key) : key)
    return xml('ListBucketResult', {
      Name: bucket,
      Prefix: text(asked.prefix),
      Delimiter: asked.delimiter === '' ? undefined : text(asked.delimiter),
      MaxKeys: asked.limit,
      EncodingType: encoded ? 'url' : undefined,
      IsTruncated: next !== undefined,
      ...(versionTwo
        ? { KeyCount: objects.length + prefixes.length, NextContinuationToken: next }
        : { Marker: text(asked.after), NextMarker: next === undefined ? undefined : text(next) }),
      Contents: objects.map((row) => ({
        Key: text(row.key),
        LastModified: isoTime(row.stored_at),
        ETag: `"${row.etag}"`,
        Size: String(row.size),
        StorageClass: 'STANDARD',
      })),
      CommonPrefixes: prefixes.map((prefix) => ({ Prefix: text(prefix) })),
    })
  },

  async 'GET?location'(context) {
    await requireBucket(context)
    return xml('LocationConstraint', undefined)
  },

  async 'GET?versioning'(context) {
    await requireBucket(context)
    return xml('VersioningConfiguration', undefined)
  },

  async 'GET?object-lock'() {
    throw new S3Error('NotImplemented', 'This store locks no objects')
  },

  async 'GET?uploads'(context) {
    await requireBucket(context)
    const { colony, bucket, query } = context.request
    const limit = context.request.count('max-uploads', { otherwise: LIST_MAX, max: LIST_MAX })
    const after = query.get('upload-id-marker') ?? ''
    const uploads = await listUploads(context.db, colony, bucket, { after, limit: limit + 1 })
    const shown = uploads.slice(0, limit)
    return xml('ListMultipartUploadsResult', {
      Bucket: bucket,
      MaxUploads: limit,
      IsTruncated: uploads.length > limit,
      NextUploadIdMarker: uploads.length > limit ? shown.at(-1)?.upload_id : undefined,
      Upload: shown.map((row) => ({ Key: row.key, UploadId: row.upload_id, Initiated: isoTime(row.begun_at) })),
    })
  },

  async 'POST?delete'(context) {
    await requireBucket(context)
    const { store, request } = context
    const document = await request.document()
    const keys = readXmlList(document, 'Object').map((fields) => fields.get('Key') ?? '')
    if (keys.length === 0 || keys.length > LIST_MAX)
      throw new S3Error('MalformedXML', `Name 1 to ${LIST_MAX} objects with their keys`)
    await store.remove(request.colony, request.bucket, keys)
    const quiet = /<Quiet>\s*true\s*<\/Quiet>/.test(document)
    return xml('DeleteResult', { Deleted: quiet ? [] : keys.map((key) => ({ Key: key })) })
  },
}

const ofObject: Record<string, S3Operation> = {
  async PUT(context) {
    const { store, request } = context
    const source = request.header('x-amz-copy-source')
    if (source !== undefined) return copyObject(context, source)
    const { etag } = await store.put(request.colony, request, request.content(), {
      ...request.description,
      ...request.condition,
      announcedBytes: request.announcedBytes,
    })
    return { headers: { ETag: `"${etag}"` } }
  },

  async HEAD(context) {
    const row = await getObject(context)
    return { headers: { ...headersOf(row), 'Content-Length': String(row.size) } }
  },

  async GET(context) {
    const { store, request } = context
    const row = await getObject(context)
    const unchanged = request.header('if-none-match')?.replaceAll('"', '') === row.etag
    if (unchanged) return { status: 304, headers: { ETag: `"${row.etag}"` } }
    if (request.condition.ifEtag !== undefined && request.condition.ifEtag !== row.etag)
      throw new S3Error('PreconditionFailed', 'The object has another etag')
    const size = Number(row.size)
    const range = rangeOf(request.header('range'), size)
    const headers = { ...headersOf(row), 'Content-Length': range ? range.end - range.start + 1 : size }
    if (size === 0) return { headers, body: '' }
    const body = await store.read(request.colony, row, range)
    if (!range) return { headers, body }
    return { status: 206, headers: { ...headers, 'Content-Range': `bytes ${range.start}-${range.end}/${size}` }, body }
  },

  async DELETE({ store, request }) {
    await store.remove(request.colony, request.bucket, [request.key])
    return { status: 204 }
  },

  async 'POST?uploads'({ store, request }) {
    const uploadId = await store.beginUpload(request.colony, request, request.description)
    return xml('InitiateMultipartUploadResult', { Bucket: request.bucket, Key: request.key, UploadId: uploadId })
  },

  async 'PUT?uploadId'({ store, request }) {
    if (request.header('x-amz-copy-source') !== undefined)
      throw new S3Error('NotImplemented', 'Parts cannot be copied from other objects')
    const number = request.count('partNumber', { otherwise: 0, max: PARTS_MAX + 1 })
    if (number < 1 || number > PARTS_MAX)
      throw new S3Error('InvalidArgument', `partNumber must be from 1 to ${PARTS_MAX}`)
    const { etag } = await store.putPart(request.colony, { uploadId: uploadIdOf(request), number }, request.content(), {
      announcedBytes: request.announcedBytes,
    })
    return { headers: { ETag: `"${etag}"` } }
  },

  async 'GET?uploadId'({ store, request }) {
    const limit = request.count('max-parts', { otherwise: LIST_MAX, max: LIST_MAX })
    const after = request.count('part-number-marker', { otherwise: 0, max: PARTS_MAX })
    const { parts, more } = await store.parts(request.colony, uploadIdOf(request), after, limit)
    return xml('ListPartsResult', {
      Bucket: request.bucket,
      Key: request.key,
      UploadId: uploadIdOf(request),
      PartNumberMarker: after,
      NextPartNumberMarker: parts.at(-1)?.number,
      MaxParts: limit,
      IsTruncated: more,
      Part: parts.map((part) => ({
        PartNumber: part.number,
        LastModified: isoTime(part.stored_at),
        ETag: `"${part.etag}"`,
        Size: String(part.size),
      })),
    })
  },

  async 'POST?uploadId'({ store, request }) {
    const wanted = readXmlList(await request.document(), 'Part').map((fields) => ({
      number: Number(fields.get('PartNumber')),
      etag: (fields.get('ETag') ?? '').replaceAll('"', ''),
    }))
    if (wanted.length === 0 || wanted.length > PARTS_MAX)
      throw new S3Error('MalformedXML', `Name 1 to ${PARTS_MAX} parts with PartNumber and ETag`)
    const { etag } = await store.completeUpload(request.colony, uploadIdOf(request), wanted, request.condition)
    return xml('CompleteMultipartUploadResult', {
      Location: `/${request.bucket}/${request.key}`,
      Bucket: request.bucket,
      Key: request.key,
      ETag: `"${etag}"`,
    })
  },

  async 'DELETE?uploadId'({ store, request }) {
    await store.abortUpload(request.colony, uploadIdOf(request))
    return { status: 204 }
  },
}

async function copyObject({ store, request }: S3Context, source: string): Promise<S3Reply> {
  const [bucket = '', ...key] = decode(source).replace(/^\//, '').split('/')
  const replaced = request.header('x-amz-metadata-directive') === 'REPLACE'
  const from = { bucket, key: key.join('/') }
  const { etag, storedAt } = await store.copy(
    request.colony,
    from,
    { bucket: request.bucket, key: request.key },
    replaced ? request.description : undefined,
  )
  return xml('CopyObjectResult', { ETag: `"${etag}"`, LastModified: isoTime(storedAt) })
}

function getObject({ store, request }: S3Context): Promise<ObjectRow> {
  const name: ObjectName = { bucket: request.bucket, key: request.key }
  return store.get(request.colony, name)
}

async function requireBucket({ db, request: { colony, bucket } }: S3Context): Promise<void> {
  if (!(await findBucket(db, colony, bucket))) throw noBucket(bucket)
}

function uploadIdOf({ query }: S3Request): string {
  return query.get('uploadId') ?? ''
}

function headersOf(row: ObjectRow): OutgoingHttpHeaders {
  const metadata = JSON.parse(row.metadata) as Record<string, string>
  return {
    'Content-Type': row.content_type,
    ETag: `"${row.etag}"`,
    'Last-Modified': new Date(row.stored_at).toUTCString(),
    'Accept-Ranges': 'bytes',
    // Any member may store a page and hand out a link to it; opened here, it must not act as a page of this server.
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'X-Content-Type-Options': 'nosniff',
    ...Object.fromEntries(Object.entries(metadata).map(([name, value]) => [`x-amz-meta-${name}`, value])),
  }
}

/** @returns undefined for the whole object; also for forms that RFC 9110 lets a server ignore */
function rangeOf(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (first === '' && last === '') return undefined
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (start > end || start >= size) throw new S3Error('InvalidRange', `The object has ${size} bytes`)
  return { start, end }
}

function isoTime(time: string): string {
  return new Date(time).toISOString()
}

function xml(name: string, content: Parameters<typeof writeXml>[1]): S3Reply {
  return { headers: { 'Content-Type': 'application/xml' }, body: writeXml(name, content) }
}
