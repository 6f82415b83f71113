import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { S3Error } from './s3-errors.js'

/** What a signature was made over. */
export interface SignedRequest {
  method: string
  /** As it was sent, with the query. */
  url: string
  headers: IncomingHttpHeaders
}

/** What a request says about who signed it: AWS Signature Version 4, in the headers or, for links, in the query. */
export interface Credential {
  accessKey: string
  /** Day, region, service and `aws4_request`. */
  scope: string
  signedHeaders: string[]
  signature: string
  /** As `20261121T101500Z`. */
  time: string
  /** Seconds for which a signed link is good; undefined for signed headers. */
  expiresSeconds: number | undefined
  /** What the signature says about the body: a SHA-256 as hex, or one of the words of the protocol. */
  payload: string
}

/** How far apart the clocks of client and server may be. */
const SKEW_MS_MAX = 15 * 60_000
const LINK_SECONDS_MAX = 7 * 86_400
const ALGORITHM = 'AWS4-HMAC-SHA256'

/** Whether a request speaks S3: each one does that carries such a signature. */
export function isS3Request({
  headers,
  url = '',
}: {
  headers: IncomingHttpHeaders
  url?: string | undefined
}): boolean {
  return headers.authorization?.startsWith(`${ALGORITHM} `) === true || /[?&]X-Amz-Signature=/.test(url)
}

/** @throws S3Error when a part is missing or cannot be read */
export function readCredential({ url, headers }: SignedRequest): Credential {
  const { query } = splitUrl(url)
  const fromQuery = query.get('X-Amz-Signature')
  return fromQuery === null ? credentialOfHeaders(headers) : credentialOfLink(query, fromQuery)
}

function credentialOfHeaders(headers: IncomingHttpHeaders): Credential {
  const parts = new Map(
    (headers.authorization ?? '')
      .slice(ALGORITHM.length)
      .split(',')
      .map((part) => part.trim().split('=', 2) as [string, string]),
  )
  return checked({
    ...splitCredential(parts.get('Credential') ?? ''),
    signedHeaders: (parts.get('SignedHeaders') ?? '').split(';'),
    signature: parts.get('Signature') ?? '',
    time: textOf(headers['x-amz-date']),
    expiresSeconds: undefined,
    payload: textOf(headers['x-amz-content-sha256']) || 'UNSIGNED-PAYLOAD',
  })
}

function credentialOfLink(query: URLSearchParams, signature: string): Credential {
  const expiresSeconds = Number(query.get('X-Amz-Expires') ?? Number.NaN)
  if (!(expiresSeconds > 0 && expiresSeconds <= LINK_SECONDS_MAX))
    throw new S3Error('InvalidArgument', `X-Amz-Expires must be from 1 to ${LINK_SECONDS_MAX} seconds`)
  return checked({
    ...splitCredential(query.get('X-Amz-Credential') ?? ''),
    signedHeaders: (query.get('X-Amz-SignedHeaders') ?? '').split(';'),
    signature,
    time: query.get('X-Amz-Date') ?? '',
    expiresSeconds,
    payload: query.get('X-Amz-Content-Sha256') ?? 'UNSIGNED-PAYLOAD',
  })
}

function splitCredential(credential: string): Pick<Credential, 'accessKey' | 'scope'> {
  const [accessKey = '', ...scope] = credential.split('/')
  return { accessKey, scope: scope.join('/') }
}

function checked(credential: Credential): Credential {
  const { accessKey, scope, signature, time, signedHeaders, expiresSeconds } = credential
  const readable =
    accessKey !== '' &&
    /^\d{8}\/[^/]*\/s3\/aws4_request$/.test(scope) &&
    /^[0-9a-f]{64}$/.test(signature) &&
    /^\d{8}T\d{6}Z$/.test(time) &&
    Number.isFinite(timeOf(time)) &&
    scope.startsWith(time.slice(0, 8)) &&
    // Without the host, a request to one server could be sent to another one.
    signedHeaders.includes('host')
  if (!readable) throw new S3Error('AccessDenied', 'The signature of version 4 is not complete, or has another form')
  const age = Date.now() - timeOf(time)
  const late = expiresSeconds === undefined ? age > SKEW_MS_MAX : age > expiresSeconds * 1000
  if (late && expiresSeconds !== undefined) throw new S3Error('AccessDenied', 'This link has expired')
  if (late || age < -SKEW_MS_MAX)
    throw new S3Error('RequestTimeTooSkewed', 'The clocks of client and server differ by more than 15 minutes')
  return credential
}

function timeOf(time: string): number {
  return Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
}

/** The key of one day, region and service; what is signed with it is good for these only. */
export function signingKey(secret: string, scope: string): Buffer {
  return scope.split('/').reduce<Buffer>((key, part) => hmac(key, part), Buffer.from(`AWS4${secret}`))
}

/** Headers of S3 that change nothing of what a request does, or that its signature covers in another way. */
const harmless = new Set(['x-amz-content-sha256', 'x-amz-date', 'x-amz-user-agent'])

/** @throws S3Error `SignatureDoesNotMatch`, and `AccessDenied` for headers that its signer has not seen */
export function verifySignature(request: SignedRequest, credential: Credential, key: Buffer): void {
  const added = Object.keys(request.headers).find(
    (name) => name.startsWith('x-amz-') && !harmless.has(name) && !credential.signedHeaders.includes(name),
  )
  // Whoever has a link to store one object could copy any other one into it.
  if (added !== undefined) throw new S3Error('AccessDenied', `The header ${added} was not signed`)
  const text = [ALGORITHM, credential.time, credential.scope, sha256(canonicalRequest(request, credential))].join('\n')
  if (!equal(hmac(key, text).toString('hex'), credential.signature))
    throw new S3Error(
      'SignatureDoesNotMatch',
      'The secret key is not that of this access key, or the request was changed on its way',
    )
}

/** Checks a part of a body that was signed on its own. @returns whether it is as it was signed */
export function isSignedChunk(credential: Credential, key: Buffer, { before, signature, data }: SignedChunk): boolean {
  const text = [`${ALGORITHM}-PAYLOAD`, credential.time, credential.scope, before, sha256(''), data].join('\n')
  return equal(hmac(key, text).toString('hex'), signature)
}

/** As `isSignedChunk`, for the headers after the last chunk. */
export function isSignedTrailer(
  credential: Credential,
  key: Buffer,
  { before, signature, data }: SignedChunk,
): boolean {
  const text = [`${ALGORITHM}-TRAILER`, credential.time, credential.scope, before, data].join('\n')
  return equal(hmac(key, text).toString('hex'), signature)
}

export interface SignedChunk {
  /** Signature of the chunk before; of the request for the first. */
  before: string
  signature: string
  /** SHA-256 of the content as hex. */
  data: string
}

function canonicalRequest({ method, url, headers }: SignedRequest, { signedHeaders, payload }: Credential): string {
  const { path, query } = splitUrl(url)
  // Own ones only: every object has a `constructor`.
  const headerOf = (name: string) => (Object.hasOwn(headers, name) ? textOf(headers[name]) : '')
  const lines = signedHeaders.map((name) => `${name}:${headerOf(name).trim().replace(/ +/g, ' ')}\n`)
  return [
    method,
    path
      .split('/')
      .map((part) => encode(decode(part)))
      .join('/'),
    canonicalQuery(query),
    lines.join(''),
    signedHeaders.join(';'),
    payload,
  ].join('\n')
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

/** `+` is itself here, not a blank: clients that mean a blank send %20. */
export function splitUrl(url: string): { path: string; query: URLSearchParams } {
  const at = url.indexOf('?')
  if (at < 0) return { path: url, query: new URLSearchParams() }
  return { path: url.slice(0, at), query: new URLSearchParams(url.slice(at + 1).replaceAll('+', '%2B')) }
}

/** @throws S3Error when the escapes are not those of UTF-8 */
export function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    // biome-ignore lint/style/useErrorCause: a refusal of what the client sent; its cause says no more
    throw new S3Error('InvalidArgument', 'The path is not properly percent-encoded UTF-8')
  }
}

/** All but the characters that RFC 3986 calls unreserved. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

function textOf(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join(',') : (value ?? '')
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
