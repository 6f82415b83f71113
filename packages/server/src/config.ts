import { homedir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseConfig } from '@colonies/database'
import { identityOf, isId, isPrivateKey } from '@colonies/identity'
import { limits } from '@colonies/protocol'
import type { LogLevel } from './log.js'

/** All that can be set about one replica. Made once at its start, never changed. */
export interface Config {
  readonly http: HttpConfig
  /** How many replicas share the port, each a process of its own. */
  readonly workers: number
  /** Which of several this one is; undefined for the only one. */
  readonly worker: WorkerConfig | undefined
  /** Undefined: an embedded PostgreSQL in `dataDir`. */
  readonly database: DatabaseConfig | undefined
  readonly databaseName: string
  readonly databaseConnectionsMax: number
  /** Folder of the embedded database. */
  readonly dataDir: string
  /** The embedded object store; undefined: this replica has none. */
  readonly store: StoreConfig | undefined
  /** Who owns a server whose database has no owner yet; undefined: the database has to know. */
  readonly serverId: string | undefined
  readonly build: { readonly version: string; readonly time: string }
  /** Whether adding an executor whose name exists replaces it. */
  readonly allowExecutorReregister: boolean
  /** After this silence an executor that never sent a heartbeat loses what it holds; undefined: it keeps it. */
  readonly staleExecutorSeconds: number | undefined
  /** After this long, ended processes are removed; undefined: never. */
  readonly retentionSeconds: number | undefined
  /** How many revisions of a file are kept; undefined: all of them. */
  readonly fileRevisions: number | undefined
  readonly cronPeriodMs: number
  readonly generatorPeriodMs: number
  /** Of crons that name no zone: that of this process, as `TZ` sets it. */
  readonly timeZone: string
  readonly logLevel: LogLevel
  /** Without native code, a signature takes 30 times as long. */
  readonly allowSlowCryptography: boolean
}

export interface WorkerConfig {
  /** From 1 on. */
  readonly number: number
  /** Nobody else has the port open yet: then it is opened at once, to say that the server is starting. */
  readonly isFirst: boolean
}

export interface HttpConfig {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Files in PEM; undefined: plain HTTP. */
  readonly tls: { readonly keyFile: string; readonly certFile: string } | undefined
  readonly bodyBytesMax: number
  readonly connectionsMax: number
  /** Requests under way at once, apart from those that wait for a process. */
  readonly requestsMax: number
  readonly websocketsMax: number
  /** `local`: on the same port, for callers on this machine; an address: on a port of their own, in plain HTTP. */
  readonly metrics: 'local' | 'off' | { readonly host: string; readonly port: number }
}

export interface StoreConfig {
  /** The same, shared, for all replicas on one database. */
  readonly folder: string
  /** Most bytes of one colony. */
  readonly quotaBytes: number
}

/** Variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A variable has a value that cannot be used. The sentence names it and says what it may be. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/** The settings of this process. @throws ConfigError */
export function readConfig(): Config {
  return configFrom(process.env)
}

/** @throws ConfigError */
export function configFrom(env: Environment): Config {
  const read = readerOf(env)
  const databaseName = read.text('COLONIES_DB_NAME') ?? 'colonies'
  const dataDir = read.text('COLONIES_DATA_DIR') ?? join(homedir(), '.colonies', 'data')
  const databaseConnectionsMax = read.integer('COLONIES_DB_MAX_OPEN_CONNS', { min: 2, max: 10_000, otherwise: 20 })
  return {
    http: httpConfig(read),
    workers: read.integer('COLONIES_WORKERS', { min: 1, max: 128, otherwise: 1 }),
    worker: undefined,
    database: databaseConfig(read, databaseName, databaseConnectionsMax),
    databaseName,
    databaseConnectionsMax,
    dataDir,
    store: storeConfig(read, dataDir),
    serverId: serverId(read),
    build: {
      version: read.text('BUILD_VERSION') ?? 'dev',
      time: read.text('BUILD_TIME') ?? new Date().toISOString(),
    },
    allowExecutorReregister: read.flag('COLONIES_ALLOW_EXECUTOR_REREGISTER') ?? false,
    staleExecutorSeconds: read.optionalInteger('COLONIES_STALE_EXECUTOR_DURATION', { min: 1, max: 2 ** 31 - 1 }),
    retentionSeconds: retentionSeconds(read),
    fileRevisions: read.optionalInteger('COLONIES_FILE_REVISIONS', { min: 1, max: 1_000_000 }),
    cronPeriodMs: read.integer('COLONIES_CRON_CHECKER_PERIOD', { min: 10, max: 3_600_000, otherwise: 1_000 }),
    generatorPeriodMs: read.integer('COLONIES_GENERATOR_CHECKER_PERIOD', { min: 10, max: 3_600_000, otherwise: 1_000 }),
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'UTC',
    logLevel: read.flag('COLONIES_VERBOSE') ? 'debug' : 'info',
    allowSlowCryptography: read.choice('COLONIES_CRYPTO', ['native', 'javascript']) === 'javascript',
  }
}

function httpConfig(read: Reader): HttpConfig {
  const portName = read.text('COLONIES_SERVER_HTTP_PORT') ? 'COLONIES_SERVER_HTTP_PORT' : 'COLONIES_SERVER_PORT'
  return {
    host: read.text('COLONIES_SERVER_HTTP_HOST') ?? '0.0.0.0',
    port: read.integer(portName, { min: 0, max: 65_535, otherwise: 50_080 }),
    tls: tlsConfig(read),
    bodyBytesMax: read.integer('COLONIES_HTTP_BODY_BYTES', {
      min: 1024,
      max: 256 * 1024 * 1024,
      otherwise: limits.bodyBytesMax,
    }),
    connectionsMax: read.integer('COLONIES_HTTP_CONNECTIONS', { min: 1, max: 1_000_000, otherwise: 20_000 }),
    requestsMax: read.integer('COLONIES_HTTP_REQUESTS', { min: 1, max: 1_000_000, otherwise: 4_000 }),
    websocketsMax: read.integer('COLONIES_HTTP_WEBSOCKETS', { min: 0, max: 1_000_000, otherwise: 5_000 }),
    metrics: metricsConfig(read.text('COLONIES_METRICS') ?? 'local'),
  }
}

function metricsConfig(value: string): HttpConfig['metrics'] {
  if (value === 'local' || value === 'off') return value
  const [, bracketed, plain, digits] = /^(?:\[([\da-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(value) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host !== undefined && port <= 65_535) return { host, port }
  throw new ConfigError(
    `COLONIES_METRICS must be local, off, or an address to listen on, as 127.0.0.1:9090 or [::1]:9090; it is "${value}".`,
  )
}

function tlsConfig(read: Reader): HttpConfig['tls'] {
  if (!read.flag('COLONIES_TLS')) return undefined
  const keyFile = read.text('COLONIES_TLSKEY') ?? read.text('COLONIES_SERVER_HTTP_TLS_KEY')
  const certFile = read.text('COLONIES_TLSCERT') ?? read.text('COLONIES_SERVER_HTTP_TLS_CERT')
  if (keyFile && certFile) return { keyFile, certFile }
  throw new ConfigError(
    `COLONIES_TLS is true, so ${keyFile ? 'COLONIES_TLSCERT' : 'COLONIES_TLSKEY'} must name a file in PEM. ` +
      'Set COLONIES_TLS=false when something in front of the server does TLS.',
  )
}

function databaseConfig(read: Reader, database: string, maxConnections: number): DatabaseConfig | undefined {
  read.choice('COLONIES_DB_TYPE', ['postgresql'])
  const host = read.text('COLONIES_DB_HOST')
  if (host === undefined) return undefined
  return {
    host,
    port: read.integer('COLONIES_DB_PORT', { min: 1, max: 65_535, otherwise: 5432 }),
    user: read.text('COLONIES_DB_USER') ?? 'postgres',
    password: read.text('COLONIES_DB_PASSWORD') ?? '',
    database,
    ssl: read.flag('COLONIES_DB_TLS') ?? false,
    maxConnections,
    ...listenConfig(read, host),
  }
}

/** Behind PgBouncer in transaction mode nobody hears anything: the one connection that listens goes around it. */
function listenConfig(read: Reader, host: string): Pick<DatabaseConfig, 'listenAt'> {
  const listenHost = read.text('COLONIES_DB_LISTEN_HOST')
  const listenPort = read.optionalInteger('COLONIES_DB_LISTEN_PORT', { min: 1, max: 65_535 })
  if (listenHost === undefined && listenPort === undefined) return {}
  return { listenAt: { host: listenHost ?? host, port: listenPort ?? 5432 } }
}

/** On by itself beside an embedded database only: replicas on several machines have to be told which folder they share. */
function storeConfig(read: Reader, dataDir: string): StoreConfig | undefined {
  const folder = read.text('COLONIES_STORE_DIR')
  const embedded = read.text('COLONIES_DB_HOST') === undefined
  if ((read.flag('COLONIES_STORE') ?? (embedded || folder !== undefined)) === false) return undefined
  return {
    folder: folder ?? join(dataDir, 'objects'),
    quotaBytes: read.integer('COLONIES_STORE_QUOTA', { min: 0, max: 2 ** 49, otherwise: 100 * 2 ** 30 }),
  }
}

function serverId(read: Reader): string | undefined {
  const id = read.text('COLONIES_SERVER_ID')
  if (id !== undefined) {
    if (isId(id)) return id
    throw new ConfigError(`COLONIES_SERVER_ID must be the id of a key, 64 hex digits in lower case; it is "${id}".`)
  }
  const privateKey = read.text('COLONIES_SERVER_PRVKEY')
  if (privateKey === undefined) return undefined
  if (isPrivateKey(privateKey)) return identityOf(privateKey)
  // The value is not shown: this may be a key with one digit too many.
  throw new ConfigError(
    'COLONIES_SERVER_PRVKEY must be a private key: 64 hex digits, as made by `colonies key generate`.',
  )
}

/** Zero is no policy: in the original it removes everything at once, which nobody can mean. */
function retentionSeconds(read: Reader): number | undefined {
  if (!read.flag('COLONIES_RETENTION')) return undefined
  const seconds = read.optionalInteger('COLONIES_RETENTION_POLICY', { min: 1, max: 2 ** 31 - 1 })
  if (seconds !== undefined) return seconds
  throw new ConfigError('COLONIES_RETENTION is true, so COLONIES_RETENTION_POLICY must say after how many seconds.')
}

interface Range {
  min: number
  max: number
}

interface Reader {
  /** Undefined when the variable is not set, or empty. */
  text(name: string): string | undefined
  flag(name: string): boolean | undefined
  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined
  integer(name: string, range: Range & { otherwise: number }): number
  optionalInteger(name: string, range: Range): number | undefined
}

const truths = new Map([
  ...['1', 't', 'true'].map((text) => [text, true] as const),
  ...['0', 'f', 'false'].map((text) => [text, false] as const),
])

function readerOf(env: Environment): Reader {
  const text = (name: string) => env[name]?.trim() || undefined

  const optionalInteger = (name: string, { min, max }: Range) => {
    const value = text(name)
    if (value === undefined) return undefined
    const number = /^-?\d{1,15}$/.test(value) ? Number(value) : Number.NaN
    if (number >= min && number <= max) return number
    throw new ConfigError(`${name} must be a whole number from ${min} to ${max}; it is "${value}".`)
  }

  return {
    text,
    optionalInteger,
    integer: (name, { otherwise, ...range }) => optionalInteger(name, range) ?? otherwise,
    flag(name) {
      const value = text(name)
      if (value === undefined) return undefined
      const truth = truths.get(value.toLowerCase())
      if (truth === undefined) throw new ConfigError(`${name} must be true or false; it is "${value}".`)
      return truth
    },
    choice(name, choices) {
      const value = text(name)
      const choice = choices.find((one) => one === value)
      if (value === choice) return choice
      throw new ConfigError(`${name} must be ${choices.join(' or ')}; it is "${value}".`)
    },
  }
}
