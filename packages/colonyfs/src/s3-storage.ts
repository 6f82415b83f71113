import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type Readable, Transform } from 'node:stream'
import { AwsV4Signer } from 'aws4fetch'
import { FileError } from './file-error.js'
import { HttpTransfers, textOf } from './http-transfer.js'
import { isBroken, PassingError, UnreachableError, withRetries } from './retry.js'
import type { PutContent, PutOptions, Storage } from './storage.js'

export interface S3Options {
  /** Scheme, host and port. */
  url: string
  region: string
  bucket: string
  accessKey: string
  secretKey: string
  /** Whether the bucket may have to be made. */
  makeBucket: boolean
  connectionsMax: number
  skipVerify: boolean
}

/** Larger objects are sent in parts; one of at most 10 000 is this long at least. */
const PART_BYTES = 32 * 1024 * 1024
const PARTS_MAX = 10_000
const NOTHING = createHash('sha256').digest('hex')

interface Wish {
  method: string
  /** Of the object; empty: the bucket. */
  key?: string
  bucket?: string
  /** Begins with a question mark unless empty. */
  query?: string
  headers?: Record<string, string>
  sha256?: string
  /** Called for each try. */
  body?: () => Readable | string
  signal?: AbortSignal | undefined
}

/** An S3 service, asked by paths (`/bucket/key`), with signatures over the content: what arrives is what was read here. */
export class S3Storage implements Storage {
  readonly #options: S3Options
  readonly #transfers: HttpTransfers
  /** Of the day: making one takes four times as long as signing with it. */
  readonly #signingKeys = new Map<string, ArrayBuffer>()
  #bucketReady: Promise<void> | undefined

  constructor(options: S3Options) {
    this.#options = options
    this.#transfers = new HttpTransfers(options)
  }

  get place(): Storage['place'] {
    const { hostname, port, protocol } = new URL(this.#options.url)
    const tls = protocol === 'https:'
    const { region, bucket } = this.#options
    return { server: hostname, port: port === '' ? (tls ? 443 : 80) : Number(port), tls, region, bucket }
  }

  async put(key: string, content: PutContent, { onBytes, signal }: PutOptions = {}): Promise<void> {
    await this.#ensureBucket(signal)
    if (content.size > 2 * PART_BYTES) return this.#putInParts(key, content, { onBytes, signal })
    await this.#ask({
      method: 'PUT',
      key,
      headers: { 'content-length': String(content.size), 'content-type': 'application/octet-stream' },
      sha256: content.sha256,
      body: counting(() => content.read(0, content.size), onBytes),
      signal,
    })
  }

  async #putInParts(key: string, content: PutContent, options: PutOptions): Promise<void> {
    const { signal } = options
    const begun = await this.#ask({ method: 'POST', key, query: '?uploads=', signal })
    const uploadId = encodeURIComponent(unescapeXml(/<UploadId>([^<]+)</.exec(begun)?.[1] ?? ''))
    try {
      const parts = await this.#sendParts({ key, uploadId }, content, options)
      const document = `<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>`
      const sha256 = createHash('sha256').update(document).digest('hex')
      const body = () => document
      const done = await this.#ask({ method: 'POST', key, query: `?uploadId=${uploadId}`, sha256, body, signal })
      // S3 may find out that something is wrong after it has begun to answer.
      if (done.includes('<Error>')) throw new FileError(`The parts could not be put together: ${messageIn(done)}`)
    } catch (error) {
      await this.#ask({ method: 'DELETE', key, query: `?uploadId=${uploadId}` }).catch(() => {}) // the first failure tells more
      throw error
    }
  }

  async #sendParts(
    { key, uploadId }: { key: string; uploadId: string },
    content: PutContent,
    { onBytes, signal }: PutOptions,
  ): Promise<string> {
    const partBytes = Math.max(PART_BYTES, Math.ceil(content.size / PARTS_MAX))
    const whole = createHash('sha256')
    let parts = ''
    for (let start = 0, number = 1; start < content.size; start += partBytes, number++) {
      const end = Math.min(start + partBytes, content.size)
      const hash = createHash('sha256')
      for await (const chunk of content.read(start, end) as AsyncIterable<Buffer>) {
        hash.update(chunk)
        whole.update(chunk)
      }
      const etag = await this.#askForHeader('etag', {
        method: 'PUT',
        key,
        query: `?partNumber=${number}&uploadId=${uploadId}`,
        headers: { 'content-length': String(end - start) },
        sha256: hash.digest('hex'),
        body: counting(() => content.read(start, end), onBytes),
        signal,
      })
      parts += `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`
    }
    if (whole.digest('hex') !== content.sha256)
      throw new FileError('The file was changed while it was being sent; sync again')
    return parts
  }

  async get(
    key: string,
    { bucket, start, signal }: { bucket: string; start: number; signal?: AbortSignal | undefined },
  ): Promise<Readable | undefined> {
    const headers: Record<string, string> = start > 0 ? { range: `bytes=${start}-` } : {}
    const reply = await this.#send({ method: 'GET', key, bucket, headers, signal })
    if (reply.statusCode === 404) {
      reply.resume()
      return undefined
    }
    // Without the part that was asked for, the bytes would be put behind others that they repeat.
    if (reply.statusCode !== (start > 0 ? 206 : 200)) throw await failure(reply, key)
    return reply
  }

  async remove(bucket: string, keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      if (key !== '') await this.#ask({ method: 'DELETE', key, bucket })
    }
  }

  close(): void {
    this.#transfers.close()
  }

  #ensureBucket(signal: AbortSignal | undefined): Promise<void> {
    if (!this.#options.makeBucket) return Promise.resolve()
    this.#bucketReady ??= this.#makeBucket(signal).catch((error: unknown) => {
      this.#bucketReady = undefined
      throw error
    })
    return this.#bucketReady
  }

  async #makeBucket(signal: AbortSignal | undefined): Promise<void> {
    const reply = await this.#send({ method: 'HEAD', signal })
    reply.resume()
    if (reply.statusCode === 404) await this.#ask({ method: 'PUT', signal })
    else if (reply.statusCode !== 200) {
      const { bucket, url } = this.#options
      throw new FileError(
        `The bucket ${bucket} at ${url} may not be used (${reply.statusCode}): look at AWS_S3_BUCKET, AWS_S3_ACCESSKEY and AWS_S3_SECRETKEY`,
      )
    }
  }

  async #ask(wish: Wish): Promise<string> {
    return withRetries(async () => {
      const reply = await this.#send(wish)
      const status = reply.statusCode ?? 0
      if (status < 300 || (wish.method === 'DELETE' && status === 404)) return textOf(reply)
      throw await failure(reply, wish.key ?? '')
    }, wish.signal)
  }

  async #askForHeader(name: string, wish: Wish): Promise<string> {
    return withRetries(async () => {
      const reply = await this.#send(wish)
      if (reply.statusCode !== 200) throw await failure(reply, wish.key ?? '')
      reply.resume()
      return String(reply.headers[name])
    }, wish.signal)
  }

  async #send({
    method,
    key = '',
    bucket,
    query = '',
    headers = {},
    sha256 = NOTHING,
    body,
    signal,
  }: Wish): Promise<IncomingMessage> {
    const { accessKey, secretKey, region, url } = this.#options
    const path = `/${bucket || this.#options.bucket}${key === '' ? '' : `/${key.split('/').map(encodeURIComponent).join('/')}`}`
    const signer = new AwsV4Signer({
      method,
      url: `${url}${path}${query}`,
      headers: { ...headers, 'x-amz-content-sha256': sha256 },
      accessKeyId: accessKey,
      secretAccessKey: secretKey,
      region,
      service: 's3',
      cache: this.#signingKeys,
    })
    const signed = await signer.sign()
    try {
      return await this.#transfers.send({
        method,
        url: signed.url,
        headers: { ...Object.fromEntries(signed.headers), ...headers },
        body: body?.(),
        signal,
      })
    } catch (error) {
      if (signal?.aborted || !isBroken(error)) throw error
      throw new UnreachableError(`The store at ${url} cannot be reached: ${(error as Error).message}`, { cause: error })
    }
  }
}

/** Counts what is read for each try, and takes back what an earlier try had counted. */
function counting(read: () => Readable, onBytes: PutOptions['onBytes']): () => Readable {
  if (!onBytes) return read
  let sent = 0
  return () => {
    if (sent > 0) onBytes(-sent)
    sent = 0
    const count = new Transform({
      transform(chunk: Buffer, _, done) {
        sent += chunk.length
        onBytes(chunk.length)
        done(null, chunk)
      },
    })
    return read()
      .on('error', (error) => count.destroy(error))
      .pipe(count)
  }
}

async function failure(reply: IncomingMessage, key: string): Promise<Error> {
  const status = reply.statusCode ?? 0
  const said = messageIn(await textOf(reply).catch(() => ''))
  const sentence = `The store refused ${key || 'the bucket'} with ${status}${said === '' ? '' : `: ${said}`}`
  // 507: the disk of the store is full, and stays so for longer than anybody tries.
  return (status >= 500 && status !== 507) || status === 429 ? new PassingError(sentence) : new FileError(sentence)
}

function messageIn(xml: string): string {
  const field = (name: string) => unescapeXml(new RegExp(`<${name}>([^<]*)<`).exec(xml)?.[1] ?? '')
  return [field('Code'), field('Message')].filter(Boolean).join(', ')
}

const entities: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'", '&amp;': '&' }

function unescapeXml(text: string): string {
  return text.replace(/&(?:lt|gt|quot|apos|amp);/g, (entity) => entities[entity] ?? entity)
}
