import type { IncomingMessage } from 'node:http'
import type { ColonyKey } from '@colonies/database'
import { announcedLength, readBody } from './s3-body.js'
import { S3Error } from './s3-errors.js'
import { type Credential, decode, splitUrl } from './s3-signature.js'

/** What S3 allows for one request; larger objects come in parts. */
const PUT_BYTES_MAX = 5 * 2 ** 30
const DOCUMENT_BYTES_MAX = 2 * 1024 * 1024
const KEY_BYTES_MAX = 1024
const METADATA_BYTES_MAX = 8 * 1024

/** A request whose signature is that of a member of `colony`. */
export class S3Request {
  readonly method: string
  readonly colony: ColonyKey
  /** Empty for the list of buckets. */
  readonly bucket: string
  /** Empty for the bucket itself. */
  readonly key: string
  readonly query: URLSearchParams
  readonly #request: IncomingMessage
  readonly #signed: { credential: Credential; key: Buffer }

  constructor(request: IncomingMessage, colony: ColonyKey, signed: { credential: Credential; key: Buffer }) {
    const { path, query } = splitUrl(request.url ?? '/')
    const slash = path.indexOf('/', 1)
    this.method = request.method ?? ''
    this.colony = colony
    this.bucket = decode(path.slice(1, slash < 0 ? undefined : slash))
    this.key = slash < 0 ? '' : decode(path.slice(slash + 1))
    this.query = query
    this.#request = request
    this.#signed = signed
    if (Buffer.byteLength(this.key) > KEY_BYTES_MAX)
      throw new S3Error('KeyTooLongError', `A key has at most ${KEY_BYTES_MAX} bytes`)
    if ([this.bucket, this.key, ...query.values()].some((text) => text.includes('\0')))
      throw new S3Error('InvalidArgument', 'Neither keys nor parameters may have a NUL')
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name]
    return Array.isArray(value) ? value.join(',') : value
  }

  /** The content, checked against the signature and all checksums once it has been read to its end. */
  content(bytesMax = PUT_BYTES_MAX): AsyncGenerator<Uint8Array> {
    // A refusal in the middle still has to be sent, so the connection stays when the reading ends early.
    const source = this.#request.iterator({ destroyOnReturn: false })
    return readBody(source, { headers: this.#request.headers, ...this.#signed, bytesMax })
  }

  /** How long the content will be. @throws S3Error when the client does not say so */
  get announcedBytes(): number {
    return announcedLength(this.#request.headers, this.#signed.credential)
  }

  /** The content as text; for the short documents that some requests bring. */
  async document(): Promise<string> {
    const chunks: Uint8Array[] = []
    for await (const chunk of this.content(DOCUMENT_BYTES_MAX)) chunks.push(chunk)
    return Buffer.concat(chunks).toString('utf8')
  }

  /** A whole number of the query. */
  count(name: string, { otherwise, max }: { otherwise: number; max: number }): number {
    const text = this.query.get(name)
    if (text === null || text === '') return otherwise
    const count = Number(text)
    if (!Number.isInteger(count) || count < 0) throw new S3Error('InvalidArgument', `${name} must be a whole number`)
    return Math.min(count, max)
  }

  /** What is to be kept beside the content. */
  get description(): { contentType: string; metadata: Record<string, string> } {
    const entries = Object.entries(this.#request.headers).flatMap(([name, value]): [string, string][] =>
      name.startsWith('x-amz-meta-') ? [[name.slice('x-amz-meta-'.length), String(value)]] : [],
    )
    const bytes = entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
    if (bytes > METADATA_BYTES_MAX)
      throw new S3Error('MetadataTooLarge', `The x-amz-meta headers have more than ${METADATA_BYTES_MAX} bytes`)
    return {
      contentType: (this.header('content-type') ?? 'application/octet-stream').slice(0, 255),
      metadata: Object.fromEntries(entries),
    }
  }

  /** What has to be true of the object that is stored there now. */
  get condition(): { ifAbsent?: boolean; ifEtag?: string } {
    const match = this.header('if-match')
    return {
      ...(this.header('if-none-match') === '*' && { ifAbsent: true }),
      ...(match !== undefined && { ifEtag: match.replaceAll('"', '') }),
    }
  }
}
