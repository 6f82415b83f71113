import type { IncomingMessage, ServerResponse } from 'node:http'
import { ColoniesError, writeRefusal } from '@colonies/protocol'
import type { Answer, AnswerRequest, Exchange } from '../answer.js'
import type { HttpConfig } from '../config.js'
import { type Linked, LinkedSet } from '../linked-set.js'
import { refusalOf, retryAfterSeconds } from '../refusal.js'
import { reuseBody } from '../reply-body.js'
import type { Arrivals } from './arrivals.js'
import { keepOnlyOrigin } from './cors.js'
import type { Metrics } from './metrics.js'
import { writeReply } from './write-reply.js'

/** Bodies up to here are always read: with one per connection they are few bytes, and nearly all requests are so. */
const SMALL_BODY_BYTES = 16 * 1024
/** Bytes of larger bodies that are kept at once, of all requests together. */
const LARGE_BODIES_BYTES_MAX = 512 * 1024 * 1024
/** Characters of larger replies that callers have not taken yet, of all requests together. */
const LARGE_REPLIES_MAX = 512 * 1024 * 1024
/** For a whole body to arrive. */
const BODY_MS_MAX = 120_000
/** For a whole reply to be taken. */
const REPLY_MS_MAX = 600_000
/** Requests that one connection may send before it has its answers. No client of ours sends a second one. */
const PIPELINED_MAX = 16

/** Why the end of a request is wanted. */
const disconnected = new ColoniesError('unavailable', 'The caller is gone')
const stopping = new ColoniesError('unavailable', 'The server is stopping; ask again, or ask another one')

const ignore = () => {}

export interface ApiOptions {
  readonly config: HttpConfig
  readonly metrics: Metrics
  readonly answer: AnswerRequest
  readonly arrivals: Arrivals
}

/** `POST /api`: reads the body, lets `answer` do the rest, and writes the reply. Everything here has a bound. */
export class ApiEndpoint {
  readonly config: HttpConfig
  readonly metrics: Metrics
  readonly answer: AnswerRequest
  readonly arrivals: Arrivals
  /** Requests that are being answered, without those on hold. */
  working = 0
  /** Bytes of large bodies. */
  largeBytes = 0
  /** Characters of large replies. */
  largeReplies = 0
  readonly held = new LinkedSet<OpenRequest>()
  #stopping = false
  readonly #pipelined = new WeakMap<object, number>()

  constructor({ config, metrics, answer, arrivals }: ApiOptions) {
    this.config = config
    this.metrics = metrics
    this.answer = answer
    this.arrivals = arrivals
    metrics.addGauge('colonies_requests_working', 'Requests that are being answered now.', () => this.working)
    metrics.addGauge('colonies_requests_held', 'Requests that wait for a process.', () => this.held.size)
  }

  get stopping(): boolean {
    return this.#stopping
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const open = new OpenRequest(this, request, response)
    if (this.pipeline(request.socket, 1) > PIPELINED_MAX) {
      open.refuse('too_many', 'This connection has too many requests under way already')
    } else open.read()
  }

  /** @returns how many requests of this connection are under way now */
  pipeline(socket: object, change: 1 | -1): number {
    const pipelined = (this.#pipelined.get(socket) ?? 0) + change
    if (pipelined > 0) this.#pipelined.set(socket, pipelined)
    else this.#pipelined.delete(socket)
    return pipelined
  }

  /** Held requests are answered at once; new ones are refused. */
  stop(): void {
    this.#stopping = true
    for (const open of [...this.held]) open.abort(stopping)
  }
}

/** One request, from its first byte to the last of its reply. */
class OpenRequest implements Exchange, Linked<OpenRequest> {
  set: LinkedSet<OpenRequest> | undefined
  before: OpenRequest | undefined
  after: OpenRequest | undefined
  readonly #endpoint: ApiEndpoint
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #startedAt = performance.now()
  /** Until the body is whole. */
  #chunks: Buffer[] | undefined = []
  #bytes = 0
  /** Bytes of this request in `largeBytes`. */
  #reserved = 0
  /** Why the caller is to be answered at once, or will never be. */
  #why: ColoniesError | undefined
  /** What a request on hold does then. */
  #end: ((why: ColoniesError) => void) | undefined
  #controller: AbortController | undefined
  /** Characters of the reply in `largeReplies`. */
  #replied = 0
  #late: NodeJS.Timeout | undefined
  #onHold = false
  #refused = false
  /** All of the reply was handed to the system. */
  #sent = false
  #onUnsent: (() => void) | undefined

  constructor(endpoint: ApiEndpoint, request: IncomingMessage, response: ServerResponse) {
    this.#endpoint = endpoint
    this.#request = request
    this.#response = response
    response.on('close', () => this.#closed())
  }

  // Made when somebody asks: it is larger than the rest of this class.
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#why) this.#controller.abort(this.#why)
    }
    return this.#controller.signal
  }

  get aborted(): boolean {
    return this.#why !== undefined
  }

  hold(end?: (why: ColoniesError) => void): void {
    if (this.#onHold) return
    this.#onHold = true
    this.#endpoint.working--
    this.#endpoint.held.add(this)
    this.#end = end
    keepOnlyOrigin(this.#request)
    if (this.#endpoint.stopping) this.abort(stopping)
    else if (this.#why) end?.(this.#why)
  }

  abort(why: ColoniesError): void {
    if (this.#why) return
    this.#why = why
    this.#controller?.abort(why)
    this.#end?.(why)
  }

  read(): void {
    const { bodyBytesMax } = this.#endpoint.config
    if (Number(this.#request.headers['content-length']) > bodyBytesMax) return this.#refuseLarge()
    this.#expect(BODY_MS_MAX)
    const request = this.#request
    const take = (chunk: Buffer) => this.#take(chunk)
    const whole = () => {
      // It may hang for long now. One by one: `removeAllListeners` leaves a larger object than there was.
      request.off('data', take).off('end', whole)
      this.#whole()
    }
    // The end of a connection is seen by the response; without a listener the event `error` would end the process.
    request.on('data', take).on('end', whole).on('error', ignore)
  }

  refuse(code: 'too_many' | 'too_large' | 'unavailable', sentence: string): void {
    this.#refused = true
    this.#release()
    // What else the caller sends of this request is not read, so the connection is of no further use.
    if (!this.#request.complete) this.#response.shouldKeepAlive = false
    const { status, message } = refusalOf(new ColoniesError(code, sentence))
    this.#count('none', status)
    this.#send(status, writeRefusal(status, message, code))
  }

  #refuseLarge(): void {
    const { bodyBytesMax } = this.#endpoint.config
    this.refuse('too_large', `The request body is larger than the ${bodyBytesMax} bytes that this server reads`)
  }

  #take(chunk: Buffer): void {
    if (this.#refused) return
    this.#bytes += chunk.length
    if (this.#bytes > this.#endpoint.config.bodyBytesMax) return this.#refuseLarge()
    if (this.#bytes > SMALL_BODY_BYTES) {
      this.#endpoint.largeBytes += this.#bytes - this.#reserved
      this.#reserved = this.#bytes
      if (this.#endpoint.largeBytes > LARGE_BODIES_BYTES_MAX) {
        return this.refuse('unavailable', 'The server is reading too many large requests; try again in a moment')
      }
    }
    this.#chunks?.push(chunk)
  }

  #whole(): void {
    this.#onTime()
    if (!this.#refused) this.#endpoint.arrivals.after(() => this.#answer())
  }

  // Not async: its frame would keep the body until there is an answer.
  #answer(): void {
    const endpoint = this.#endpoint
    if (endpoint.stopping) return this.refuse('unavailable', stopping.message)
    if (endpoint.working >= endpoint.config.requestsMax) {
      return this.refuse('unavailable', 'The server is overloaded; try again in a moment')
    }
    endpoint.working++
    void endpoint.answer(this.#body(), this).then((answer) => this.#answered(answer))
  }

  /** @returns the whole body, which is not kept here any longer */
  #body(): string {
    const chunks = this.#chunks ?? []
    this.#chunks = undefined
    const [first] = chunks
    return (chunks.length === 1 && first ? first : Buffer.concat(chunks)).toString('utf8')
  }

  #answered(answer: Answer): void {
    if (this.#onHold) this.#endpoint.held.delete(this)
    else this.#endpoint.working--
    this.#release()
    this.#reply(answer)
  }

  #reply(answer: Answer): void {
    if (this.#response.destroyed) {
      this.#count(answer.payloadtype, 'gone')
      answer.onUnsent?.()
      return
    }
    const large = answer.body.length > SMALL_BODY_BYTES ? answer.body.length : 0
    if (this.#endpoint.largeReplies + large > LARGE_REPLIES_MAX) {
      answer.onUnsent?.()
      return this.refuse('unavailable', 'Too many large replies have not been taken yet; try again in a moment')
    }
    this.#replied = large
    this.#endpoint.largeReplies += large
    if (large > 0) this.#expect(REPLY_MS_MAX)
    this.#onUnsent = answer.onUnsent
    this.#count(answer.payloadtype, answer.status)
    this.#send(answer.status, answer.body)
  }

  #expect(withinMs: number): void {
    this.#late = setTimeout(() => this.#request.socket.destroy(), withinMs)
  }

  #onTime(): void {
    clearTimeout(this.#late)
    this.#late = undefined
  }

  #send(status: number, body: string | Uint8Array): void {
    this.#response.on('finish', () => {
      // Also comes when the connection broke while the reply was being written.
      this.#sent = !this.#request.socket.destroyed
      if (this.#sent) reuseBody(body)
    })
    if (this.#endpoint.stopping) this.#response.shouldKeepAlive = false
    const retryAfter = retryAfterSeconds(status)
    writeReply(this.#request, this.#response, {
      status,
      body,
      ...(retryAfter !== undefined && { headers: { 'Retry-After': retryAfter } }),
    })
  }

  /** Reply and connection are done with each other: either all was handed over, or the caller is gone. */
  #closed(): void {
    this.#endpoint.pipeline(this.#request.socket, -1)
    this.#onTime()
    this.#endpoint.largeReplies -= this.#replied
    if (this.#sent) return
    this.#chunks = undefined
    this.#release()
    this.#refused = true
    this.abort(disconnected)
    this.#onUnsent?.()
  }

  #release(): void {
    this.#endpoint.largeBytes -= this.#reserved
    this.#reserved = 0
  }

  #count(payloadtype: string, outcome: number | 'gone'): void {
    this.#endpoint.metrics.countRequest(payloadtype, outcome, (performance.now() - this.#startedAt) / 1000)
  }
}
