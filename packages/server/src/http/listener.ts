import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { AnswerRequest } from '../answer.js'
import { ConfigError, type HttpConfig } from '../config.js'
import { ApiEndpoint } from './api.js'
import { Arrivals } from './arrivals.js'
import { isCrossOrigin, preflightHeaders } from './cors.js'
import type { Metrics } from './metrics.js'
import { localMetrics } from './metrics-page.js'
import { openPort } from './open-port.js'
import { type Reply, writeReply } from './write-reply.js'

/** What a GET of one path gives; undefined: there is no such thing. */
export type Page = (path: string, request: IncomingMessage) => Reply | undefined | Promise<Reply | undefined>

export interface ListenerOptions {
  config: HttpConfig
  metrics: Metrics
  answer: AnswerRequest
  /** @returns why this replica should get no requests now; undefined when it should */
  unready(): string | undefined
  /** Takes over a connection that asks to become a WebSocket at `/pubsub`. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** By path; a path that ends with a slash stands for all below it. */
  pages?: ReadonlyMap<string, Page>
  /** Speaks another protocol on the same port. */
  guest?: Guest
}

/** Takes over the requests that are its own, whatever their path is. */
export interface Guest {
  claims(request: IncomingMessage): boolean
  /** Never throws. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
}

export interface Listener {
  readonly port: number
  /** Takes no connection any more, answers held requests, and waits for the others at most this long. */
  stop(graceMs: number): Promise<void>
}

const serverOptions: ServerOptions = {
  keepAliveTimeout: 120_000,
  headersTimeout: 10_000,
  // Of bodies: each endpoint has a bound of its own, and a large object may take long.
  requestTimeout: 0,
  connectionsCheckingInterval: 2_000,
  // TCP finds out about callers on hold that vanished without a word.
  keepAlive: true,
  keepAliveInitialDelay: 30_000,
}

/** For the first byte of a connection; whoever needs half as long again may be dropped. */
const FIRST_BYTE_MS = 10_000
/** For connections to end that were cut. */
const CUT_MS_MAX = 100

const notFound: Reply = { status: 404, body: '404 page not found' }

/** Opens the port. @throws ConfigError when the address is taken or not ours, or the TLS files are not usable */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const { config, metrics } = options
  const arrivals = new Arrivals()
  const api = new ApiEndpoint({ config, metrics, answer: options.answer, arrivals })
  const server = await createHttpServer(config)
  server.on('connection', () => arrivals.came())
  server.maxConnections = config.connectionsMax
  countConnections(server, metrics)
  const dropAllSilent = dropSilent(server)
  const pages = withOwnPages(options)
  const { guest } = options
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (guest?.claims(request)) void guest.handle(request, response)
    else route(api, pages, request, response)
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {}) // a caller that leaves in between is no event
    if (pathOf(request) === '/pubsub') options.upgrade(request, socket, head)
    else refuseUpgrade(socket)
  })
  await openPort(server, config, { host: 'COLONIES_SERVER_HTTP_HOST', port: 'COLONIES_SERVER_HTTP_PORT' })
  return {
    port: (server.address() as AddressInfo).port,
    async stop(graceMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      api.stop()
      dropAllSilent()
      await Promise.race([closed, sleep(graceMs, undefined, { ref: false })])
      server.closeAllConnections()
      await Promise.race([closed, sleep(CUT_MS_MAX, undefined, { ref: false })])
      // Replies that were cut hear of that, and give back what they gave out, a turn after the server counts their connections as closed.
      await nextTurn()
      await nextTurn()
    },
  }
}

async function createHttpServer({ tls }: HttpConfig): Promise<Server> {
  if (!tls) return createServer(serverOptions)
  const key = await readPem('COLONIES_TLSKEY', tls.keyFile)
  const cert = await readPem('COLONIES_TLSCERT', tls.certFile)
  try {
    return createTlsServer({ ...serverOptions, key, cert })
  } catch (error) {
    throw new ConfigError(
      `COLONIES_TLSKEY (${tls.keyFile}) and COLONIES_TLSCERT (${tls.certFile}) are not a key and its certificate in PEM: ` +
        `${(error as Error).message}.`,
      { cause: error },
    )
  }
}

async function readPem(variable: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    throw new ConfigError(`${variable} names ${file}, which cannot be read: ${(error as Error).message}.`, {
      cause: error,
    })
  }
}

function countConnections(server: Server, metrics: Metrics): void {
  let connections = 0
  let dropped = 0
  const closed = () => connections--
  server.on('connection', (socket: Duplex) => {
    connections++
    socket.on('close', closed) // one function for all, and no `once`, which makes two objects for each
  })
  server.on('drop', () => dropped++)
  metrics.addGauge('colonies_connections', 'Open connections.', () => connections)
  metrics.addGauge('colonies_connections_refused', 'Connections over the limit, since the start.', () => dropped)
}

/**
 * Who connects and says nothing would keep the connection: Node has limits for requests, but few for what comes before them,
 * such as the beginning of TLS.
 *
 * @returns what drops all that are silent at the moment: clients open connections ahead, and these must not delay a stop
 */
function dropSilent(server: Server): () => void {
  let newest: Socket[] = []
  let older: Socket[] = []
  let oldest: Socket[] = []
  const watch = (socket: Socket) => newest.push(socket)
  server.on('connection', watch)
  server.on('secureConnection', watch)
  // One timer for all: one for each would keep its connection for ten seconds, also when that is long closed.
  const turns = setInterval(() => {
    for (const socket of oldest.filter(isSilent)) socket.destroy()
    oldest = older.filter(isSilent)
    older = newest.filter(isSilent)
    newest = []
  }, FIRST_BYTE_MS / 2).unref()
  server.on('close', () => clearInterval(turns))
  return () => {
    for (const socket of [...newest, ...older, ...oldest].filter(isSilent)) socket.destroy()
  }
}

function isSilent({ destroyed, bytesRead }: Socket): boolean {
  return !destroyed && bytesRead === 0
}

function withOwnPages({ config, unready, metrics, pages = new Map() }: ListenerOptions): ReadonlyMap<string, Page> {
  const own = new Map<string, Page>([
    ...pages,
    ['/health', () => ({ status: 200, body: '' })],
    ['/health/ready', () => readinessReply(unready())],
    ['/pubsub', () => ({ status: 400, body: 'Bad Request' })], // without an upgrade
  ])
  if (config.metrics === 'local') own.set('/metrics', (_, request) => localMetrics(metrics, request))
  return own
}

function readinessReply(reason: string | undefined): Reply {
  return reason === undefined ? { status: 200, body: 'ready' } : { status: 503, body: reason }
}

function route(
  api: ApiEndpoint,
  pages: ReadonlyMap<string, Page>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const path = pathOf(request)
  if (request.method === 'POST' && path === '/api') return api.handle(request, response)
  if (request.method === 'POST' && path === '/api/') {
    return writeReply(request, response, { status: 307, body: '', headers: { Location: '/api' } })
  }
  if (request.method === 'OPTIONS' && isCrossOrigin(request)) {
    response.writeHead(204, preflightHeaders).end()
    return
  }
  const page = request.method === 'GET' ? findPage(pages, path) : undefined
  if (page) void writePage(page, path, request, response)
  else writeReply(request, response, notFound)
}

function findPage(pages: ReadonlyMap<string, Page>, path: string): Page | undefined {
  const exact = pages.get(path)
  if (exact) return exact
  for (const [prefix, page] of pages) {
    if (prefix.endsWith('/') && path.startsWith(prefix)) return page
  }
  return undefined
}

async function writePage(page: Page, path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let reply: Reply
  try {
    reply = (await page(path, request)) ?? notFound
  } catch {
    reply = { status: 500, body: 'This page could not be read' }
  }
  if (!response.destroyed) writeReply(request, response, reply)
}

/** Of whole URLs, which proxies may send (RFC 9112, 3.2.2), what stands before the path. */
const origin = /^https?:\/\/[^/?]*/i

function pathOf(request: IncomingMessage): string {
  const url = (request.url ?? '/').replace(origin, '')
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}

function refuseUpgrade(socket: Duplex): void {
  socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
}
