import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  connect,
  type Database,
  type DatabaseConfig,
  ensureDatabase,
  ensureServerOwner,
  isConnectionFailure,
  migrate,
  newestMigration,
  readServerOwner,
  requireServed,
  SchemaTooNew,
  settleRestored,
  spreadDatabase,
} from '@colonies/database'
import { cryptography, newId } from '@colonies/identity'
import { ColoniesError, writeRefusal } from '@colonies/protocol'
import { Activity } from './activity.js'
import { type Answer, type Answering, createAnswering } from './answer.js'
import { type Loop, runLoops } from './background/loop.js'
import { makePartitionsAhead } from './background/partitions.js'
import { type Config, ConfigError, type HttpConfig } from './config.js'
import { Directory } from './directory/rights.js'
import { startEmbedded } from './embedded-database.js'
import { createHints } from './hints.js'
import { type Guest, type Listener, type ListenerOptions, listen, type Page } from './http/listener.js'
import { Metrics } from './http/metrics.js'
import { listenForMetrics } from './http/metrics-page.js'
import { createPubSub, type PubSub } from './http/pubsub.js'
import { writeReply } from './http/write-reply.js'
import { createLog, type Log } from './log.js'
import { createReplica } from './replica.js'
import type { Parts, Wire } from './shell.js'
import { openStore } from './store/open-store.js'
import { S3Endpoint } from './store/s3-endpoint.js'
import { isS3Request } from './store/s3-signature.js'

export interface ServerOptions {
  /** Makes the parts of the replica; `createReplica` when left out. */
  wire?: Wire
  /** Standard error when left out. */
  log?: Log
  /** More that GET gives, by path; a path that ends with a slash stands for all below it. */
  pages?: ReadonlyMap<string, Page>
  /** Gives up a start that is still waiting for its database. */
  signal?: AbortSignal
}

export interface RunningServer {
  /** For clients on this machine. */
  readonly url: string
  readonly port: number
  /** Where the metrics have a port of their own. */
  readonly metricsPort: number | undefined
  /** Resolves when this version must not go on: a newer one has changed the tables beyond what it understands. */
  readonly outdated: Promise<Error>
  /** Takes no requests any more, answers those on hold, finishes the others, and leaves within ten seconds. */
  stop(): Promise<void>
}

/** Of the ten seconds, what requests under way get; the rest is for the database. */
const REQUESTS_GRACE_MS = 6_000
const STOP_MS_MAX = 9_500
const BACKOFF_MS_MAX = 5_000
/** Loops ask it something each second, those of a quiet replica every few; without an answer for so long it is taken for away. */
const SILENCE_MS_MAX = 1_500

/**
 * Starts one replica: opens its port at once, then waits for the database, however long that takes, and serves. A worker
 * beside others opens the port last, so that requests go to the others until then.
 *
 * Losing the database later never ends the process: requests are refused with 503, and those on hold stay so.
 *
 * @throws ConfigError, and Error with a sentence for whoever runs the server: port taken, password wrong, database too new
 */
export async function startServer(config: Config, options: ServerOptions = {}): Promise<RunningServer> {
  requireCryptography(config)
  const log = options.log ?? logOf(config)
  const metrics = new Metrics()
  const front = new Front()
  const open = () => openFront(front, { config: config.http, metrics, ...(options.pages && { pages: options.pages }) })
  let listener = config.worker?.isFirst === false ? undefined : await open()
  const activity = new Activity()
  activity.follow((isQuiet) => metrics.rest(isQuiet))
  const closers: Closer[] = [async () => metrics.close(), async () => activity.close()]
  try {
    const metricsPort = await openMetrics(config, { metrics, log, closers })
    const database = await openDatabase(config, { log, closers, signal: options.signal })
    listener ??= await open()
    const { port } = listener
    const running = await startParts({
      config,
      log,
      metrics,
      activity,
      front,
      port,
      wire: options.wire ?? createReplica,
      closers,
      signal: options.signal,
      ...database,
    })
    const url = urlOf(config.http, port)
    log.info('the server is ready', { url })
    const stopping = { front, listener, ...running, log, closers }
    return { url, port, metricsPort, outdated: running.outdated, stop: () => (front.stopped ??= stopServer(stopping)) }
  } catch (error) {
    await listener?.stop(0)
    await closeAll(closers, log)
    throw error
  }
}

/** What has been opened is closed in reverse order. */
type Closer = () => Promise<unknown>

/** What a replica says about itself, to whoever reads the log of several. */
function logOf({ logLevel, worker }: Config): Log {
  return createLog({ level: logLevel, ...(worker && { fields: { worker: worker.number } }) })
}

function openFront(front: Front, options: Pick<ListenerOptions, 'config' | 'metrics' | 'pages'>): Promise<Listener> {
  return listen({
    ...options,
    answer: (body, exchange) => front.answering?.answer(body, exchange) ?? Promise.resolve(notYet()),
    unready: () => front.unready(),
    upgrade: (request, socket, head) => {
      if (front.pubsub) front.pubsub.upgrade(request, socket, head)
      else socket.destroy()
    },
    guest: front,
  })
}

/** Each worker has a port of its own for its numbers: the first that of the address, the others those that follow. */
async function openMetrics(
  { http: { metrics: where }, worker }: Config,
  { metrics, log, closers }: { metrics: Metrics; log: Log; closers: Closer[] },
): Promise<number | undefined> {
  if (typeof where === 'string') return undefined
  const ownPort = where.port === 0 ? 0 : where.port + (worker?.number ?? 1) - 1
  const { port, stop } = await listenForMetrics({ host: where.host, port: ownPort }, metrics)
  closers.push(stop)
  log.info('metrics have a port of their own', { host: where.host, port })
  return port
}

/** What stands between the listener and parts that are not there yet, or not any more. */
class Front implements Guest {
  answering: Answering | undefined
  pubsub: PubSub | undefined
  db: Database | undefined
  objects: S3Endpoint | undefined
  stopped: Promise<void> | undefined

  claims(request: IncomingMessage): boolean {
    return isS3Request(request)
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.objects) return this.objects.handle(request, response)
    const why = this.answering ? 'This server has no object store' : 'The server is starting; try again in a moment'
    writeReply(request, response, { status: 503, body: why, headers: { 'Retry-After': 1, Connection: 'close' } })
  }

  /** @returns why this replica should get no requests now */
  unready(): string | undefined {
    if (this.stopped !== undefined) return 'The server is stopping.'
    if (!this.answering || !this.db) return 'The server is starting: it waits for its database.'
    if (this.db.silentMs > SILENCE_MS_MAX) return 'The database cannot be reached.'
    return undefined
  }
}

function notYet(): Answer {
  const { status, message, code } = new ColoniesError('unavailable', 'The server is starting; try again in a moment')
  return { status, body: writeRefusal(status, message, code), payloadtype: 'unknown', onUnsent: undefined }
}

function requireCryptography(config: Config): void {
  if (cryptography === 'native' || config.allowSlowCryptography) return
  throw new ConfigError(
    'The native build of secp256k1 does not load on this machine, and without it each request takes 30 times as long. ' +
      'Run `npm rebuild secp256k1` (it needs a C compiler), or set COLONIES_CRYPTO=javascript to go on without it.',
  )
}

interface OpenDatabase {
  db: Database
  databaseConfig: DatabaseConfig
}

/** Waits until there is a database, then brings its tables and its owner up to date. */
async function openDatabase(
  config: Config,
  { log, closers, signal }: { log: Log; closers: Closer[]; signal: AbortSignal | undefined },
): Promise<OpenDatabase> {
  const databaseConfig = config.database ?? (await ownDatabase(config, log, closers))
  let db = connect(databaseConfig)
  closers.push(() => db.close())
  await onceReachable({ log, signal }, async () => {
    await ensureDatabase(databaseConfig, { isOurs: !config.database })
    const say = (line: string) => log.warn(line)
    for (const name of await migrate(db, { say })) log.info('migrated the database', { name })
    db = await spreadDatabase(db, databaseConfig)
    if (db.nodes) log.info('the tables are spread by Citus', { servers: db.nodes.length })
    else if (await settleRestored(db))
      log.info('the database comes from another PostgreSQL; its events were put in order')
    await settleOwner(db, config.serverId, log)
    await makePartitionsAhead(db, config.retentionSeconds, log)
  })
  return { db, databaseConfig }
}

/** Does something with the database, again and again until it can be reached; what was done before may be done once more. */
async function onceReachable(
  { log, signal }: { log: Log; signal: AbortSignal | undefined },
  work: () => Promise<void>,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!isConnectionFailure(error)) throw error
      const waitMs = Math.min(BACKOFF_MS_MAX, 250 * 2 ** attempt)
      log.warn('waiting for the database', { reason: (error as Error).message, waitMs })
      await sleep(waitMs, undefined, signal && { signal })
    }
  }
}

async function ownDatabase(config: Config, log: Log, closers: Closer[]): Promise<DatabaseConfig> {
  const { database, stop } = await startEmbedded(config, log)
  closers.push(stop)
  return database
}

async function settleOwner(db: Database, configured: string | undefined, log: Log): Promise<void> {
  const owner = configured ? await ensureServerOwner(db, configured) : await readServerOwner(db)
  if (owner === undefined) {
    throw new ConfigError(
      'This database has no server owner yet: set COLONIES_SERVER_ID to the id of the key that may add colonies, or ' +
        'COLONIES_SERVER_PRVKEY to the key itself. `colonies key generate` makes one.',
    )
  }
  if (configured && owner !== configured) {
    log.warn('the server owner in the database is another one than configured, and stays', { owner, configured })
  }
}

interface StartOptions extends OpenDatabase {
  config: Config
  log: Log
  metrics: Metrics
  activity: Activity
  front: Front
  port: number
  wire: Wire
  closers: Closer[]
  signal: AbortSignal | undefined
}

async function startParts(options: StartOptions): Promise<Running> {
  const { config, log, metrics, activity, front, port, wire, closers, signal, db, databaseConfig } = options
  const directory = new Directory(db, () => activity.touch())
  // The database may be gone again since it was opened.
  await onceReachable({ log, signal }, () => directory.refresh())
  const store = await openStore(db, config.store)
  const replicaId = newId()
  const refresh = () => void directory.refresh().catch(() => {}) // the loop below does it again
  const hints = createHints({
    db,
    config: databaseConfig,
    replicaId,
    log,
    metrics,
    receiver: {
      heard: () => activity.touch(),
      directory: refresh,
      changed: (colony) => parts.changed(colony),
      appended: (colony, tags) => parts.appended(colony, tags),
      ready: (colony, lines) => parts.ready(colony, lines),
      missed() {
        activity.touch()
        refresh()
        parts.missed()
      },
    },
  })
  closers.push(() => hints.close())
  const parts = wire({
    config,
    db,
    log,
    metrics,
    activity,
    replicaId,
    port,
    hints,
    store,
    directoryChanged() {
      directory.changed()
      hints.directory()
    },
  })
  const { replica, handlers, subscriptions, heard } = parts
  await onceReachable({ log, signal }, () => parts.join())
  const answering = createAnswering({ db, replica, rights: directory, handlers, subscriptions, log, heard })
  front.pubsub = createPubSub({ ...answering, metrics, connectionsMax: config.http.websocketsMax })
  front.db = db
  front.objects = store && new S3Endpoint({ db, store, rights: directory, log })
  front.answering = answering
  let tellOutdated: (error: Error) => void = () => {}
  const outdated = new Promise<Error>((resolve) => {
    tellOutdated = resolve
  })
  const loops = [...parts.loops, readDirectory(directory), watchSchema(tellOutdated)]
  return { parts, stopLoops: runLoops(loops, { db, replica, log }, activity), outdated }
}

type Running = Pick<StopOptions, 'parts' | 'stopLoops'> & Pick<RunningServer, 'outdated'>

/** Migrations that old replicas cannot work with run when these are gone; this one may have slept meanwhile. */
function watchSchema(tellOutdated: (error: Error) => void): Loop {
  const known = newestMigration()
  return {
    name: 'schema',
    everyMs: 5_000,
    quietMs: 25_000, // after a sleep of thirty seconds, after which it is taken for gone, it looks at once
    async runOnce({ db }) {
      await requireServed(db, known).catch((error: unknown) => {
        if (!(error instanceof SchemaTooNew)) throw error
        tellOutdated(error)
      })
      return 'rest'
    },
  }
}

/** More than twice a second while there are requests, so that no remembered right is ever older than one. */
function readDirectory(directory: Directory): Loop {
  return {
    name: 'directory',
    everyMs: 350,
    quietMs: 30_000, // nobody asks
    async runOnce() {
      if (directory.isDue) await directory.refresh()
      return 'rest'
    },
  }
}

interface StopOptions {
  front: Front
  listener: Listener
  parts: Parts
  stopLoops: () => Promise<void>
  log: Log
  closers: Closer[]
}

async function stopServer({ front, listener, parts, stopLoops, log, closers }: StopOptions): Promise<void> {
  log.info('the server is stopping')
  const stopped = (async () => {
    // Side by side: requests under way may wait for batches, and those on hold for the hot path to send them away.
    await Promise.all([
      listener.stop(REQUESTS_GRACE_MS),
      front.pubsub?.stop(REQUESTS_GRACE_MS),
      stopLoops().then(() => closeAll([() => parts.close()], log)),
    ])
    await closeAll([...closers, () => parts.drained()], log)
    return true
  })()
  const inTime = await Promise.race([stopped, sleep(STOP_MS_MAX, false, { ref: false })])
  if (inTime) log.info('the server has stopped')
  else log.warn('the server stops without waiting for its database any longer')
}

/** Closes all, also after one that could not: its database may be away. */
async function closeAll(closers: readonly Closer[], log: Log): Promise<void> {
  for (const close of [...closers].reverse()) {
    try {
      await close()
    } catch (error) {
      log.warn('something could not be closed properly', { error })
    }
  }
}

function urlOf({ host, tls }: HttpConfig, port: number): string {
  const shown = ['0.0.0.0', '::'].includes(host) ? 'localhost' : host
  return `${tls ? 'https' : 'http'}://${shown.includes(':') ? `[${shown}]` : shown}:${port}`
}
