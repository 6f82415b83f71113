import assert from 'node:assert/strict'
import { test } from 'node:test'
import { identityOf } from '@colonies/identity'
import { ConfigError, configFrom } from './config.js'

const privateKey = '1'.repeat(64)

test('with no variables at all, a server listens on 50080 and brings its own database', () => {
  const config = configFrom({})
  assert.equal(config.http.port, 50_080)
  assert.equal(config.http.host, '0.0.0.0')
  assert.equal(config.http.tls, undefined)
  assert.equal(config.database, undefined)
  assert.equal(config.databaseName, 'colonies')
  assert.equal(config.serverId, undefined)
  assert.equal(config.staleExecutorSeconds, undefined)
  assert.equal(config.retentionSeconds, undefined)
  assert.equal(config.logLevel, 'info')
  assert.equal(config.allowSlowCryptography, false)
})

test('the variables of the original are understood', () => {
  const config = configFrom({
    COLONIES_SERVER_PORT: '1',
    COLONIES_SERVER_HTTP_PORT: '8080',
    COLONIES_DB_HOST: 'db',
    COLONIES_DB_PORT: '5433',
    COLONIES_DB_USER: 'ada',
    COLONIES_DB_PASSWORD: 'secret',
    COLONIES_DB_TYPE: 'postgresql',
    COLONIES_DB_MAX_OPEN_CONNS: '7',
    COLONIES_SERVER_ID: 'a'.repeat(64),
    COLONIES_ALLOW_EXECUTOR_REREGISTER: 'T',
    COLONIES_STALE_EXECUTOR_DURATION: '600',
    COLONIES_RETENTION: '1',
    COLONIES_RETENTION_POLICY: '86400',
    COLONIES_VERBOSE: 'true',
    COLONIES_TLS: 'false',
    BUILD_VERSION: 'v9',
  })
  assert.equal(config.http.port, 8080)
  assert.deepEqual(config.database, {
    host: 'db',
    port: 5433,
    user: 'ada',
    password: 'secret',
    database: 'colonies',
    ssl: false,
    maxConnections: 7,
  })
  assert.equal(config.serverId, 'a'.repeat(64))
  assert.equal(config.allowExecutorReregister, true)
  assert.equal(config.staleExecutorSeconds, 600)
  assert.equal(config.retentionSeconds, 86_400)
  assert.equal(config.logLevel, 'debug')
  assert.equal(config.build.version, 'v9')
})

test('the connection that listens may go around a PgBouncer', () => {
  const pooled = { COLONIES_DB_HOST: 'bouncer', COLONIES_DB_PORT: '6432' }
  const listenAt = (env: Record<string, string>) => configFrom({ ...pooled, ...env }).database?.listenAt
  assert.equal(listenAt({}), undefined)
  assert.deepEqual(listenAt({ COLONIES_DB_LISTEN_HOST: 'db' }), { host: 'db', port: 5432 })
  assert.deepEqual(listenAt({ COLONIES_DB_LISTEN_PORT: '5433' }), { host: 'bouncer', port: 5433 })
})

test('the server owner may be given as a private key', () => {
  assert.equal(configFrom({ COLONIES_SERVER_PRVKEY: privateKey }).serverId, identityOf(privateKey))
})

test('TLS takes its files under either name', () => {
  const { http } = configFrom({
    COLONIES_TLS: 'true',
    COLONIES_TLSKEY: 'k.pem',
    COLONIES_SERVER_HTTP_TLS_CERT: 'c.pem',
  })
  assert.deepEqual(http.tls, { keyFile: 'k.pem', certFile: 'c.pem' })
})

const wrong: [variable: string, value: string][] = [
  ['COLONIES_SERVER_PORT', 'http'],
  ['COLONIES_SERVER_HTTP_PORT', '65536'],
  ['COLONIES_DB_PORT', '0'],
  ['COLONIES_DB_PORT', '1e3'],
  ['COLONIES_DB_MAX_OPEN_CONNS', '-1'],
  ['COLONIES_DB_TYPE', 'mysql'],
  ['COLONIES_SERVER_ID', 'A'.repeat(64)],
  ['COLONIES_SERVER_PRVKEY', '0'.repeat(64)],
  ['COLONIES_STALE_EXECUTOR_DURATION', '0'],
  ['COLONIES_STALE_EXECUTOR_DURATION', '10m'],
  ['COLONIES_ALLOW_EXECUTOR_REREGISTER', 'yes'],
  ['COLONIES_CRYPTO', 'fast'],
  ['COLONIES_HTTP_BODY_BYTES', '1'],
  ['COLONIES_CRON_CHECKER_PERIOD', '0'],
]

for (const [variable, value] of wrong) {
  test(`${variable}=${value} is refused with a sentence that names it`, () => {
    const env = { COLONIES_DB_HOST: 'db', [variable]: value }
    assert.throws(
      () => configFrom(env),
      (error) => error instanceof ConfigError && error.message.startsWith(variable),
    )
  })
}

test('a private key that cannot be used is not shown', () => {
  const env = { COLONIES_SERVER_PRVKEY: `${privateKey}2` }
  assert.throws(
    () => configFrom(env),
    (error: Error) => !error.message.includes('1111'),
  )
})

test('half of a setting is refused, naming the other half', () => {
  assert.throws(() => configFrom({ COLONIES_TLS: 'true' }), /COLONIES_TLSKEY/)
  assert.throws(() => configFrom({ COLONIES_TLS: 'true', COLONIES_TLSKEY: 'k' }), /COLONIES_TLSCERT/)
  assert.throws(() => configFrom({ COLONIES_RETENTION: 'true' }), /COLONIES_RETENTION_POLICY/)
})

test('metrics are local, off, or at an address', () => {
  const read = (value: string) => configFrom({ COLONIES_METRICS: value }).http.metrics
  assert.equal(read(''), 'local')
  assert.equal(read('off'), 'off')
  assert.deepEqual(read('0.0.0.0:9090'), { host: '0.0.0.0', port: 9090 })
  assert.deepEqual(read('metrics.local:1'), { host: 'metrics.local', port: 1 })
  assert.deepEqual(read('[::1]:9090'), { host: '::1', port: 9090 })
  for (const value of ['on', '9090', ':9090', 'host:', 'host:65536', '::1:9090'])
    assert.throws(() => read(value), /COLONIES_METRICS must be local, off, or an address/, value)
})
