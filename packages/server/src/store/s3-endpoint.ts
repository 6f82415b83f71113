import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { type ColonyKey, type Db, isConnectionFailure } from '@colonies/database'
import { newId } from '@colonies/identity'
import type { Rights } from '../directory/rights.js'
import { corsHeaders } from '../http/cors.js'
import type { Log } from '../log.js'
import { parseAccessKey } from './access-key.js'
import type { ObjectStore } from './object-store.js'
import { S3Error } from './s3-errors.js'
import { findOperation, type S3Reply } from './s3-operations.js'
import { S3Request } from './s3-request.js'
import { readCredential, signingKey, verifySignature } from './s3-signature.js'
import { writeXml } from './xml.js'

export interface S3EndpointOptions {
  db: Db
  store: ObjectStore
  rights: Rights
  log: Log
}

/** Requests at once; each may hold a file and some buffers. */
const REQUESTS_MAX = 256
/** A connection that moves no byte for so long is closed. */
const IDLE_MS_MAX = 60_000

/** Answers requests that speak S3, on the port of the server. */
export class S3Endpoint {
  readonly #options: S3EndpointOptions
  #working = 0

  constructor(options: S3EndpointOptions) {
    this.#options = options
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = newId().slice(0, 16)
    const { socket } = request
    const drop = () => socket.destroy()
    socket.setTimeout(IDLE_MS_MAX, drop)
    request.on('error', () => {}) // a caller that leaves in between is no event
    this.#working++
    try {
      if (this.#working > REQUESTS_MAX)
        throw new S3Error('SlowDown', 'Too many requests at once; try again in a moment')
      await send(response, request, await this.#answer(request), requestId)
    } catch (error) {
      await this.#refuse(error, { request, response, requestId })
    } finally {
      this.#working--
      socket.off('timeout', drop)
      // Between requests the bound of the HTTP server counts; where the reply is out already, it has set that.
      if (!response.writableFinished) socket.setTimeout(0)
    }
  }

  async #answer(request: IncomingMessage): Promise<S3Reply> {
    const { db, store } = this.#options
    const signed = { method: request.method ?? '', url: request.url ?? '', headers: request.headers }
    const credential = readCredential(signed)
    const colony = await this.#colonyOf(credential.accessKey)
    const key = signingKey(store.secretKey(credential.accessKey), credential.scope)
    verifySignature(signed, credential, key)
    const s3Request = new S3Request(request, colony, { credential, key })
    return findOperation(s3Request)({ db, store, request: s3Request })
  }

  /** The keys of somebody who is no member any more are worth nothing. */
  async #colonyOf(accessKey: string): Promise<ColonyKey> {
    const named = parseAccessKey(accessKey)
    const memberships = named ? await this.#options.rights.membershipsOf(named.memberId) : []
    if (named && memberships.some((one) => one.colony === named.colony && one.approved)) return named.colony
    throw new S3Error(
      'InvalidAccessKeyId',
      'This access key is not that of a member: ask for one with `colonies store env`',
    )
  }

  async #refuse(
    error: unknown,
    { request, response, requestId }: { request: IncomingMessage; response: ServerResponse; requestId: string },
  ): Promise<void> {
    // Too late to say anything: the reply has begun, or nobody is there to read it.
    if (response.headersSent || response.destroyed) {
      response.destroy()
      return
    }
    const refusal = error instanceof S3Error ? error : this.#unexpected(error)
    const body = writeXml(
      'Error',
      { Code: refusal.code, Message: refusal.message, Resource: request.url, RequestId: requestId },
      { namespace: '' },
    )
    const headers = { 'Content-Type': 'application/xml', ...(refusal.status === 503 && { 'Retry-After': 1 }) }
    // What else the client sends of this request is not read.
    if (!request.complete) response.shouldKeepAlive = false
    await send(response, request, { status: refusal.status, headers, body }, requestId)
  }

  #unexpected(error: unknown): S3Error {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      this.#options.log.error('the object store has no space left', { error })
      return new S3Error('SlowDown', 'The store has no space left; its owner has to make room')
    }
    if (isConnectionFailure(error))
      return new S3Error('SlowDown', 'The database cannot be reached; try again in a moment')
    this.#options.log.error('a request to the object store failed', { error })
    return new S3Error('InternalError', 'The server failed; its log tells more')
  }
}

async function send(
  response: ServerResponse,
  request: IncomingMessage,
  { status = 200, headers = {}, body = '' }: S3Reply,
  requestId: string,
): Promise<void> {
  const length = typeof body === 'string' && status !== 204 && status !== 304 ? Buffer.byteLength(body) : undefined
  response.writeHead(status, {
    ...(length !== undefined && { 'Content-Length': length }),
    'x-amz-request-id': requestId,
    ...corsHeaders(request),
    ...headers,
  })
  if (typeof body === 'string') response.end(request.method === 'HEAD' ? undefined : body)
  else await pipeline(body, response)
}
