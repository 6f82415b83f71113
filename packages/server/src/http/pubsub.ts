import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { ColoniesError, type Envelope, limits, readEnvelope, writeRefusal } from '@colonies/protocol'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import type { Exchange, OpenSubscription } from '../answer.js'
import type { Report } from '../refusal.js'
import type { Outlet } from '../subscriber.js'
import type { Metrics } from './metrics.js'

export interface PubSubOptions {
  subscribe: OpenSubscription
  subscriptionType(payloadtype: string): string
  report: Report
  metrics: Metrics
  connectionsMax: number
}

/** The WebSocket endpoint. */
export interface PubSub {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Ends all subscriptions, and all connections within this time. */
  stop(graceMs: number): Promise<void>
}

/** What is asked for fits in far less. */
const FRAME_BYTES_MAX = 1024 * 1024
/** What one slow reader may leave unread, unless it is one frame; the largest message of a channel fits beside others. */
const UNREAD_BYTES_MAX = 24 * 1024 * 1024
/** With more than this unread, who can wait sends nothing. */
const UNREAD_BYTES_FULL = 1024 * 1024
/** A peer that has not answered one ping when the next is due is gone. */
const PING_MS = 30_000

/** Close codes of RFC 6455. */
const closing = { done: 1000, goingAway: 1001, notAnEnvelope: 1008, slowReader: 1013 } as const

export function createPubSub(options: PubSubOptions): PubSub {
  const { metrics, connectionsMax } = options
  const connections = new Set<Connection>()
  let stopping = false
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: FRAME_BYTES_MAX,
  })
  metrics.addGauge('colonies_websockets', 'Open WebSocket connections.', () => connections.size)
  metrics.addGauge('colonies_subscriptions', 'Subscriptions on all connections.', () =>
    [...connections].reduce((count, connection) => count + connection.size, 0),
  )
  const pings = setInterval(() => {
    for (const connection of connections) connection.check()
  }, PING_MS).unref()

  return {
    upgrade(request, socket, head) {
      // After the goodbye to those who are connected, another one would hold up the stop.
      if (stopping || connections.size >= connectionsMax) {
        socket.end(
          'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
        )
        return
      }
      server.handleUpgrade(request, socket, head, (webSocket) => {
        const connection = new Connection(webSocket, options)
        connections.add(connection)
        webSocket.once('close', () => connections.delete(connection))
      })
    },
    async stop(graceMs) {
      stopping = true
      clearInterval(pings)
      for (const connection of connections) connection.end(closing.goingAway, 'the server is stopping')
      const deadline = performance.now() + graceMs
      while (connections.size > 0 && performance.now() < deadline) await sleep(20)
      for (const connection of connections) connection.cut()
      server.close()
    },
  }
}

/** One peer with its subscriptions. */
class Connection {
  readonly #socket: WebSocket
  readonly #options: PubSubOptions
  readonly #gone = new AbortController()
  /** What stops each subscription. */
  readonly #subscriptions = new Set<() => void>()
  /** Wait until the peer has read on. */
  readonly #waiting: (() => void)[] = []
  /** Frames whose access is being settled. */
  #opening = 0
  #alive = true
  /** Whether it had a subscription, or asked for one, since the last check. */
  #used = true

  constructor(socket: WebSocket, options: PubSubOptions) {
    this.#socket = socket
    this.#options = options
    socket.on('message', (data: RawData, binary: boolean) => void this.#receive(data.toString(), binary))
    socket.on('pong', () => {
      this.#alive = true
    })
    socket.on('error', () => {}) // a broken frame or connection; `close` follows
    socket.on('close', () => this.#stopAll())
  }

  get size(): number {
    return this.#subscriptions.size
  }

  /** Asks whether anybody is there. Ends connections where nobody is, or that nobody has a use for. */
  check(): void {
    if (!this.#alive) return this.cut()
    if (!this.#used) return this.end(closing.done, 'nothing was asked for')
    this.#alive = false
    this.#used = this.size > 0
    this.#socket.ping()
  }

  end(code: number, reason: string): void {
    this.#stopAll()
    this.#socket.close(code, reason)
  }

  cut(): void {
    this.#socket.terminate()
  }

  async #receive(text: string, binary: boolean): Promise<void> {
    this.#used = true
    let envelope: Envelope
    try {
      envelope = readEnvelope(text)
    } catch (error) {
      this.#refuse(error, { payloadtype: '', binary })
      // Whoever speaks another language is not going to be understood later.
      this.end(closing.notAnEnvelope, 'this is not a Colonies envelope')
      return
    }
    const { payloadtype } = envelope
    try {
      await this.#subscribe(envelope, binary)
      this.#count(payloadtype, 'subscribed')
    } catch (error) {
      this.#refuse(error, { payloadtype, binary })
    }
  }

  async #subscribe(envelope: Envelope, binary: boolean): Promise<void> {
    if (this.size + this.#opening >= limits.subscriptionsPerConnectionMax) {
      const { subscriptionsPerConnectionMax: most } = limits
      throw new ColoniesError('too_many', `One connection has at most ${most} subscriptions; open another one`)
    }
    const { signal } = this.#gone
    const exchange: Exchange = { signal, aborted: signal.aborted, hold: () => {} }
    let stop: (() => void) | undefined
    let ended: 'with the connection' | 'alone' | undefined
    const outlet: Outlet = {
      send: (frame) => {
        if (!ended) this.#send(frame, binary)
      },
      isFull: () => this.#isFull(),
      whenRoom: (work) => void this.#waiting.push(work),
      done: (refusal, connection) => {
        if (ended) return
        ended = connection === 'stays' ? 'alone' : 'with the connection'
        if (refusal) this.#refuse(refusal, { payloadtype: envelope.payloadtype, binary })
        if (stop) this.#subscriptions.delete(stop)
        if (ended !== 'alone') this.#endWhenDone()
      },
    }
    this.#opening++
    try {
      stop = await this.#options.subscribe(envelope, exchange, outlet)
    } finally {
      this.#opening--
    }
    if (ended === 'alone') return
    if (ended) this.#endWhenDone()
    else if (this.#gone.signal.aborted) stop()
    else this.#subscriptions.add(stop)
  }

  #endWhenDone(): void {
    if (this.size === 0 && this.#opening === 0) this.end(closing.done, 'all subscriptions have ended')
  }

  #refuse(error: unknown, { payloadtype, binary }: { payloadtype: string; binary: boolean }): void {
    const { status, message, code } = this.#options.report(error, 'pubsub')
    this.#count(payloadtype, status)
    this.#send(writeRefusal(status, message, code), binary)
  }

  #count(payloadtype: string, outcome: number | 'subscribed'): void {
    const { metrics, subscriptionType } = this.#options
    metrics.countSubscription(subscriptionType(payloadtype), outcome)
  }

  #send(frame: string, binary: boolean): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return
    if (this.#socket.bufferedAmount > 0 && this.#socket.bufferedAmount + frame.length > UNREAD_BYTES_MAX) {
      this.end(closing.slowReader, 'frames are not read fast enough')
      return
    }
    this.#socket.send(frame, { binary }, () => this.#readOn()) // an error is followed by `close`
  }

  #isFull(): boolean {
    return this.#socket.bufferedAmount > UNREAD_BYTES_FULL
  }

  #readOn(): void {
    if (this.#waiting.length === 0 || this.#isFull()) return
    for (const work of this.#waiting.splice(0)) work()
  }

  #stopAll(): void {
    this.#gone.abort()
    for (const stop of this.#subscriptions) stop()
    this.#subscriptions.clear()
  }
}
