import type { IncomingMessage, ServerResponse } from 'node:http'
import { finished, pipeline } from 'node:stream/promises'
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
/** Of one colony, whose slow members shall not keep all others waiting. */
const COLONY_REQUESTS_MAX = 128
/** What a client sends after it was refused is taken for so long. */
const DISCARD_MS = 2_000
/** A connection that moves no byte for so long is closed. */
const IDLE_MS_MAX = 60_000

/** Answers requests that speak S3, on the port of the server. */
export class S3Endpoint {
  readonly #options: S3EndpointOptions
  #working = 0
  readonly #ofColony = new Map<ColonyKey, number>()

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
    let colony: ColonyKey | undefined
    try {
      if (this.#working > REQUESTS_MAX) throw tooMany()
      const verified = await this.#verified(request)
      colony = verified.colony
      if (this.#count(colony, 1) > COLONY_REQUESTS_MAX) throw tooMany()
      const { db, store } = this.#options
      await send(response, request, await findOperation(verified)({ db, store, request: verified }), requestId)
    } catch (error) {
      await this.#refuse(error, { request, response, requestId })
    } finally {
      this.#working--
      if (colony !== undefined) this.#count(colony, -1)
      socket.off('timeout', drop)
      // Between requests the bound of the HTTP server counts; where the reply is out already, it has set that.
      if (!response.writableFinished) socket.setTimeout(0)
    }
  }

  #count(colony: ColonyKey, change: 1 | -1): number {
    const count = (this.#ofColony.get(colony) ?? 0) + change
    if (count === 0) this.#ofColony.delete(colony)
    else this.#ofColony.set(colony, count)
    return count
  }

  async #verified(request: IncomingMessage): Promise<S3Request> {
    const { store } = this.#options
    const signed = { method: request.method ?? '', url: request.url ?? '', headers: request.headers }
    const credential = readCredential(signed)
    const colony = await this.#colonyOf(credential.accessKey)
    const key = signingKey(store.secretKey(credential.accessKey), credential.scope)
    verifySignature(signed, credential, key)
    return new S3Request(request, colony, { credential, key })
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
    const reply = { status: refusal.status, headers, body }
    if (request.complete) return send(response, request, reply, requestId)
    response.shouldKeepAlive = false
    // Closing at once would break the connection under a client that still sends, before it has read why.
    await send(response, request, { ...reply, beforeEnd: () => discard(request) }, requestId)
  }

  #unexpected(error: unknown): S3Error {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      this.#options.log.error('the object store has no space left', { error })
      return new S3Error('StorageFull', 'The store has no space left; its owner has to make room')
    }
    if (isConnectionFailure(error))
      return new S3Error('SlowDown', 'The database cannot be reached; try again in a moment')
    this.#options.log.error('a request to the object store failed', { error })
    return new S3Error('InternalError', 'The server failed; its log tells more')
  }
}

function tooMany(): S3Error {
  return new S3Error('SlowDown', 'Too many requests at once; try again in a moment')
}

/** Reads on for a moment without looking. */
async function discard(request: IncomingMessage): Promise<void> {
  request.resume()
  const signal = AbortSignal.timeout(DISCARD_MS)
  await finished(request, { signal, writable: false }).catch(() => {}) // it goes on sending, or has left
}

interface Sent extends S3Reply {
  /** Waited for once all is written, with the connection still open. */
  beforeEnd?: () => Promise<void>
}

async function send(
  response: ServerResponse,
  request: IncomingMessage,
  { status = 200, headers = {}, body = '', beforeEnd }: Sent,
  requestId: string,
): Promise<void> {
  const length = typeof body === 'string' && status !== 204 && status !== 304 ? Buffer.byteLength(body) : undefined
  response.writeHead(status, {
    ...(length !== undefined && { 'Content-Length': length }),
    'x-amz-request-id': requestId,
    ...corsHeaders(request),
    ...headers,
  })
  if (typeof body !== 'string') return pipeline(body, response)
  const text = request.method === 'HEAD' ? '' : body
  if (!beforeEnd) return void response.end(text)
  response.write(text)
  await beforeEnd()
  response.end()
}
