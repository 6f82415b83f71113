import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { type Checksum, checksumFor, checksumHeaders } from './checksums.js'
import { S3Error } from './s3-errors.js'
import { type Credential, isSignedChunk, isSignedTrailer } from './s3-signature.js'

export interface BodyOptions {
  headers: IncomingHttpHeaders
  credential: Credential
  key: Buffer
  /** Most bytes of content. */
  bytesMax: number
}

/** Bytes of the line before a chunk, and of all lines after the last. */
const LINE_BYTES_MAX = 4096

/**
 * The content of a request body, checked against all that the client said about it: its length, its SHA-256 or the
 * signatures of its chunks, and its checksums. What is wrong shows when the last byte has come, so what was made of the
 * content counts only when this ends without an error.
 *
 * @throws S3Error
 */
export async function* readBody(source: AsyncIterable<Uint8Array>, options: BodyOptions): AsyncGenerator<Uint8Array> {
  const { headers, credential, bytesMax } = options
  const isChunked = credential.payload.startsWith('STREAMING-')
  const expected = announcedLength(headers, credential)
  if (expected > bytesMax) throw tooLarge(bytesMax)
  const checks = new Checks(options)
  let size = 0
  for await (const chunk of isChunked ? unchunk(source, options, checks) : source) {
    size += chunk.length
    // Quotas were looked at with what was announced.
    if (size > expected) throw otherLength(expected)
    checks.update(chunk)
    yield chunk
  }
  if (size !== expected) throw otherLength(expected)
  checks.finish()
}

function otherLength(expected: number): S3Error {
  return new S3Error('IncompleteBody', `The content is not the ${expected} bytes that were announced`)
}

/** How long the content of a request will be. @throws S3Error when the client does not say so */
export function announcedLength(headers: IncomingHttpHeaders, { payload }: Credential): number {
  const isChunked = payload.startsWith('STREAMING-')
  const text = isChunked ? headers['x-amz-decoded-content-length'] : headers['content-length']
  if (text === undefined) {
    if (headers['transfer-encoding'] === undefined && !isChunked) return 0
    throw new S3Error('MissingContentLength', 'Say how long the content is with Content-Length')
  }
  const length = Number(text)
  if (!Number.isSafeInteger(length) || length < 0)
    throw new S3Error('InvalidArgument', 'The length of the content must be a whole number of bytes')
  return length
}

function tooLarge(bytesMax: number): S3Error {
  return new S3Error('EntityTooLarge', `One request may bring ${bytesMax} bytes; send larger objects in parts`)
}

/** What the client said about its content, by header or, with the last chunk, by trailer. */
class Checks {
  readonly #expected = new Map<string, string>()
  readonly #made = new Map<string, Checksum>()
  readonly #sha256: { expected: string; hash: ReturnType<typeof createHash> } | undefined

  constructor({ headers, credential }: BodyOptions) {
    const announced = String(headers['x-amz-trailer'] ?? '')
      .split(',')
      .map((name) => name.trim().toLowerCase())
    for (const name of checksumHeaders) {
      const value = headers[name]
      if (typeof value === 'string') this.#expected.set(name, value)
      const checksum = typeof value === 'string' || announced.includes(name) ? checksumFor(name) : undefined
      if (checksum) this.#made.set(name, checksum)
    }
    if (/^[0-9a-f]{64}$/.test(credential.payload))
      this.#sha256 = { expected: credential.payload, hash: createHash('sha256') }
  }

  expect(name: string, value: string): void {
    this.#expected.set(name, value)
  }

  update(chunk: Uint8Array): void {
    this.#sha256?.hash.update(chunk)
    for (const checksum of this.#made.values()) checksum.update(chunk)
  }

  finish(): void {
    if (this.#sha256 && this.#sha256.hash.digest('hex') !== this.#sha256.expected)
      throw new S3Error('XAmzContentSHA256Mismatch', 'The content is not that whose SHA-256 was signed')
    for (const [name, checksum] of this.#made) {
      const expected = this.#expected.get(name)
      if (expected === undefined) throw new S3Error('InvalidDigest', `The announced trailer ${name} did not come`)
      if (checksum.result() !== expected)
        throw new S3Error('BadDigest', `The content does not have the ${name} that was sent with it`)
    }
  }
}

/**
 * Takes the content out of `aws-chunked` framing: `<hex>[;chunk-signature=<hex>]\r\n<bytes>\r\n`, then trailers. Content
 * passes before the signature of its chunk was checked, so that no chunk has to fit into memory.
 */
async function* unchunk(
  source: AsyncIterable<Uint8Array>,
  { credential, key }: BodyOptions,
  checks: Checks,
): AsyncGenerator<Uint8Array> {
  const signed = credential.payload.startsWith('STREAMING-AWS4-HMAC-SHA256')
  const reader = new ByteReader(source)
  let before = credential.signature
  for (;;) {
    const { size, signature } = chunkHead(await reader.line())
    const hash = signed ? createHash('sha256') : undefined
    for await (const part of reader.bytes(size)) {
      hash?.update(part)
      yield part
    }
    if (hash) {
      if (!isSignedChunk(credential, key, { before, signature, data: hash.digest('hex') })) throw wrongChunk()
      before = signature
    }
    if (size === 0) break
    if ((await reader.line()) !== '') throw malformed()
  }
  await readTrailers(reader, { credential, key, checks, before: signed ? before : undefined })
}

interface TrailerOptions {
  credential: Credential
  key: Buffer
  checks: Checks
  /** Undefined where trailers are not signed. */
  before: string | undefined
}

async function readTrailers(reader: ByteReader, { credential, key, checks, before }: TrailerOptions): Promise<void> {
  if (!credential.payload.endsWith('-TRAILER')) return
  const hash = createHash('sha256')
  let signature: string | undefined
  for (let bytes = 0; ; ) {
    const line = await reader.line(true)
    bytes += line.length
    if (line === '' || bytes > LINE_BYTES_MAX) break
    const [name = '', value = ''] = line.split(/:(.*)/s).map((part) => part.trim())
    if (name === 'x-amz-trailer-signature') signature = value
    else {
      hash.update(`${name}:${value}\n`)
      checks.expect(name.toLowerCase(), value)
    }
  }
  if (before === undefined) return
  if (signature === undefined || !isSignedTrailer(credential, key, { before, signature, data: hash.digest('hex') }))
    throw wrongChunk()
}

function chunkHead(line: string): { size: number; signature: string } {
  const [, hex = '', signature = ''] = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line) ?? []
  if (hex === '') throw malformed()
  return { size: Number.parseInt(hex, 16), signature }
}

function malformed(): S3Error {
  return new S3Error('InvalidArgument', 'The body is not in the aws-chunked form that its headers announce')
}

function wrongChunk(): S3Error {
  return new S3Error('SignatureDoesNotMatch', 'A chunk of the body is not that which was signed')
}

/** Takes lines and counted bytes from a stream. */
class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array()

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** A line without its end. @param orEnd the end of the stream is an empty line */
  async line(orEnd = false): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf(10)
      if (end >= 0) {
        const line = Buffer.from(this.#rest.subarray(0, end)).toString('latin1').replace(/\r$/, '')
        this.#rest = this.#rest.subarray(end + 1)
        return line
      }
      if (this.#rest.length > LINE_BYTES_MAX) throw malformed()
      if (await this.#more()) continue
      if (orEnd && this.#rest.length === 0) return ''
      throw incomplete()
    }
  }

  async *bytes(count: number): AsyncGenerator<Uint8Array> {
    for (let left = count; left > 0; ) {
      if (this.#rest.length === 0 && !(await this.#more())) throw incomplete()
      const part = this.#rest.subarray(0, left)
      this.#rest = this.#rest.subarray(part.length)
      left -= part.length
      yield part
    }
  }

  async #more(): Promise<boolean> {
    const next = await this.#source.next()
    if (next.done) return false
    this.#rest = this.#rest.length === 0 ? next.value : Buffer.concat([this.#rest, next.value])
    return true
  }
}

function incomplete(): S3Error {
  return new S3Error('IncompleteBody', 'The body ended before all that was announced had come')
}
