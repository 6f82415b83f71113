import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type DatabaseConfig, sql } from '@colonies/database'
import { generatePrivateKey, identityOf, sign } from '@colonies/identity'
import { encodeBase64, readRefusal, readReply, writeRequest } from '@colonies/protocol'
import { onOneServer, testDatabase } from '@colonies/testkit'
import { WebSocket } from 'ws'
import { type Config, configFrom } from './config.js'
import { createLog } from './log.js'
import { startServer } from './server.js'

const keys = {
  serverOwner: generatePrivateKey(),
  colonyOwner: generatePrivateKey(),
  executor: generatePrivateKey(),
  user: generatePrivateKey(),
  stranger: generatePrivateKey(),
}

function configOf(database: DatabaseConfig): Config {
  const base = configFrom({
    COLONIES_SERVER_HTTP_HOST: '127.0.0.1',
    COLONIES_SERVER_PORT: '0',
    COLONIES_SERVER_PRVKEY: keys.serverOwner,
    COLONIES_STORE: 'false', // its folder belongs to one database
  })
  return { ...base, database: { ...database, maxConnections: 10 } }
}

/** A log whose lines can be waited for. */
function listeningLog() {
  const lines: string[] = []
  const waiting = new Set<() => void>()
  const write = (line: string) => {
    lines.push(line)
    for (const look of waiting) look()
  }
  const said = (part: string) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (lines.some((line) => line.includes(part))) resolve()
      }
      waiting.add(look)
      look()
    })
  return { lines, said, log: createLog({ level: 'info', write }) }
}

interface Reply {
  status: number
  payload: string
  headers: Headers
}

function envelopeOf(payloadtype: string, payload: object, key: string): string {
  const base64 = encodeBase64(JSON.stringify({ msgtype: payloadtype, ...payload }))
  return writeRequest(payloadtype, base64, sign(base64, key))
}

async function post(url: string, body: string, signal?: AbortSignal): Promise<Reply> {
  const response = await fetch(`${url}/api`, { method: 'POST', body, ...(signal && { signal }) })
  const { payload, error } = readReply(await response.text())
  assert.equal(error, response.status !== 200)
  return { status: response.status, payload: Buffer.from(payload, 'base64').toString(), headers: response.headers }
}

async function start(t: TestContext, config: Config) {
  const { log, lines, said } = listeningLog()
  const server = await startServer(config, { log })
  t.after(() => server.stop())
  const ask = (payloadtype: string, payload: object, key: string, signal?: AbortSignal) =>
    post(server.url, envelopeOf(payloadtype, payload, key), signal)
  return { server, ask, lines, said }
}

type Ask = Awaited<ReturnType<typeof start>>['ask']

/** A colony `dev` with one approved executor of type `cli`. */
async function populate(ask: Ask): Promise<void> {
  const colony = { colonyid: identityOf(keys.colonyOwner), name: 'dev' }
  const executor = {
    executorid: identityOf(keys.executor),
    executorname: 'e1',
    executortype: 'cli',
    colonyname: 'dev',
  }
  const user = { colonyname: 'dev', userid: identityOf(keys.user), name: 'ada' }
  const replies = [
    await ask('addcolonymsg', { colony }, keys.serverOwner),
    await ask('addexecutormsg', { executor }, keys.colonyOwner),
    await ask('approveexecutormsg', { colonyname: 'dev', executorname: 'e1' }, keys.colonyOwner),
    await ask('addusermsg', { user }, keys.colonyOwner),
  ]
  assert.deepEqual(
    replies.map(({ status, payload }) => (status === 200 ? 200 : payload)),
    [200, 200, 200, 200],
  )
}

const spec = { funcname: 'f', conditions: { colonyname: 'dev', executortype: 'cli' } }
const assignRequest = (timeout: number) => ({ colonyname: 'dev', timeout })

async function held(url: string, count: number): Promise<void> {
  const deadline = Date.now() + 10_000
  for (;;) {
    const text = await (await fetch(`${url}/metrics`)).text()
    if (text.includes(`colonies_requests_held ${count}\n`)) return
    assert.ok(Date.now() < deadline, `${count} requests were not on hold in time`)
  }
}

test('a process lives from submit to close', async (t) => {
  const { config } = await testDatabase(t)
  const { server, ask } = await start(t, configOf(config))
  await populate(ask)
  assert.equal((await fetch(`${server.url}/health/ready`)).status, 200)

  const assigning = ask('assignprocessmsg', assignRequest(20), keys.executor)
  await held(server.url, 1)
  const { processid } = JSON.parse((await ask('submitfuncspecmsg', { spec }, keys.user)).payload)
  const assigned = await assigning
  assert.deepEqual([assigned.status, JSON.parse(assigned.payload).processid], [200, processid])

  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/pubsub`)
  await once(socket, 'open')
  const wish = { processid, executortype: 'cli', state: 2, timeout: 20, colonyname: 'dev' }
  socket.send(envelopeOf('subscribeprocessmsg', wish, keys.user))
  const frame = once(socket, 'message')
  assert.equal((await ask('closesuccessfulmsg', { processid, out: [1] }, keys.executor)).status, 200)
  const event = readReply(String((await frame)[0]))
  assert.equal(JSON.parse(Buffer.from(event.payload, 'base64').toString()).state, 2)
})

test('nobody has to sign for the version, and some not even to ask', async (t) => {
  const { config } = await testDatabase(t)
  const { server } = await start(t, configOf(config))
  const version = await post(server.url, writeRequest('versionmsg', encodeBase64('{"msgtype":"versionmsg"}'), ''))
  assert.equal(version.status, 200)
  assert.equal((await post(server.url, writeRequest('getserverinfomsg', '', ''))).status, 200)
  assert.equal((await post(server.url, '{"payloadtype":"getserverinfomsg"}')).status, 200)
})

test('bad input gets a sentence that names it, one line in the log, and changes nothing', async (t) => {
  const { db, config } = await testDatabase(t)
  const { server, ask, lines } = await start(t, configOf(config))
  await populate(ask)
  const signed = (payloadtype: string, payload: string) => {
    const base64 = encodeBase64(payload)
    return writeRequest(payloadtype, base64, sign(base64, keys.executor))
  }
  const submit = (payload: string) => signed('submitfuncspecmsg', payload)
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  const table: [name: string, body: string, status: number, message: RegExp][] = [
    ['no JSON', 'hello', 400, /envelope is invalid JSON/],
    ['nothing', '', 400, /envelope is invalid JSON/],
    ['null', 'null', 400, /envelope must be an object/],
    ['a list', '[]', 400, /envelope must be an object/],
    ['an empty envelope', '{}', 403, /^Invalid signature length$/],
    ['deep nesting', `{"x":${deep}}`, 400, /nest|deep/],
    ['a strange prototype', '{"__proto__":{"payloadtype":"versionmsg"}}', 403, /Invalid signature length/],
    ['an unknown type', signed('nosuchmsg', '{}'), 403, /^invalid rpcMsg.PayloadType: nosuchmsg$/],
    ['an empty type', signed('', '{}'), 403, /^invalid rpcMsg.PayloadType: empty .*COLONIES_PRVKEY/],
    ['a type of its prototype', signed('constructor', '{}'), 403, /^invalid rpcMsg.PayloadType: constructor$/],
    ['a subscription', signed('subscribeprocessmsg', '{}'), 403, /PayloadType: subscribeprocessmsg .*\/pubsub/],
    [
      'a payload that is no base64',
      writeRequest('assignprocessmsg', '%%%', sign('%%%', keys.executor)),
      400,
      /payload is invalid JSON/,
    ],
    ['an empty payload', signed('assignprocessmsg', ''), 400, /payload is invalid JSON/],
    ['a null payload', submit('null'), 400, /payload must be an object/],
    ['another msgtype', submit('{"msgtype":"assignprocessmsg"}'), 400, /^msgtype must be "submitfuncspecmsg"/],
    ['no msgtype', submit('{}'), 400, /^msgtype must be "submitfuncspecmsg"/],
    [
      'a wrong type deep inside',
      submit('{"msgtype":"submitfuncspecmsg","spec":{"maxretries":"3"}}'),
      400,
      /^spec.maxretries must be/,
    ],
    ['a NUL', submit('{"msgtype":"submitfuncspecmsg","spec":{"funcname":"a\\u0000"}}'), 400, /^spec.funcname .*NUL/i],
    [
      'a foreign colony',
      submit('{"msgtype":"submitfuncspecmsg","spec":{"conditions":{"colonyname":"lab"}}}'),
      403,
      /^Access denied/,
    ],
  ]
  const before = lines.length
  for (const [name, body, status, message] of table) {
    const reply = await post(server.url, body)
    const refusal = readRefusal(reply.payload)
    assert.deepEqual([name, reply.status, refusal.status], [name, status, status])
    assert.match(refusal.message, message, name)
    assert.ok(refusal.message.length <= 1000)
  }
  assert.ok(lines.length - before <= table.length)
  assert.deepEqual(
    lines.filter((line) => line.includes('level=error')),
    [],
  )
  assert.deepEqual(await db.one(sql`select count(*)::int as count from process_specs where colony > 0`), { count: 0 })
})

test('an executor that hangs up while it waits gets nothing', async (t) => {
  const { config } = await testDatabase(t)
  const { server, ask } = await start(t, configOf(config))
  await populate(ask)
  const hangUp = new AbortController()
  const lost = ask('assignprocessmsg', assignRequest(60), keys.executor, hangUp.signal)
  await held(server.url, 1)
  hangUp.abort()
  await assert.rejects(lost)
  await held(server.url, 0)
  const { processid, state } = JSON.parse((await ask('submitfuncspecmsg', { spec }, keys.user)).payload)
  assert.equal(state, 0)
  const assigned = await ask('assignprocessmsg', assignRequest(20), keys.executor)
  assert.equal(JSON.parse(assigned.payload).processid, processid)
})

test('a rejected executor is refused at once', async (t) => {
  const { config } = await testDatabase(t)
  const { ask } = await start(t, configOf(config))
  await populate(ask)
  assert.equal((await ask('submitfuncspecmsg', { spec }, keys.executor)).status, 200)
  await ask('rejectexecutormsg', { colonyname: 'dev', executorname: 'e1' }, keys.colonyOwner)
  const refused = await ask('submitfuncspecmsg', { spec }, keys.executor)
  assert.equal(refused.status, 403)
  assert.match(readRefusal(refused.payload).message, /^Access denied/)
})

test('stopping answers those on hold, and is quick', async (t) => {
  const { config } = await testDatabase(t)
  const { server, ask } = await start(t, configOf(config))
  await populate(ask)
  const assigning = ask('assignprocessmsg', assignRequest(60), keys.executor)
  await held(server.url, 1)
  const before = performance.now()
  await server.stop()
  assert.ok(performance.now() - before < 5_000)
  const reply = await assigning
  assert.equal(reply.status, 404)
  assert.match(readRefusal(reply.payload).message, /^No process available/)
})

/** A way to the database that can be cut. */
async function detour(t: TestContext, { host, port }: DatabaseConfig) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    const onward = connectTo({ host, port })
    for (const one of [socket, onward]) {
      sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        sockets.delete(one)
        socket.destroy()
        onward.destroy()
      })
    }
    socket.pipe(onward).pipe(socket)
  })
  const open = async (at: number) => {
    server.listen(at, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    return typeof address === 'object' && address ? address.port : at
  }
  const cut = async () => {
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }
  const detourPort = await open(0)
  t.after(() => (server.listening ? cut() : undefined))
  return { port: detourPort, cut, mend: () => open(detourPort) }
}

test(
  'without its database the server refuses for a while, keeps those on hold, and recovers',
  onOneServer('it cuts the way to one of the servers'),
  async (t) => {
    const { config } = await testDatabase(t)
    const way = await detour(t, config)
    const { server, ask } = await start(t, configOf({ ...config, host: '127.0.0.1', port: way.port }))
    await populate(ask)
    const assigning = ask('assignprocessmsg', assignRequest(60), keys.executor)
    await held(server.url, 1)

    await way.cut()
    const refused = await ask('submitfuncspecmsg', { spec }, keys.user)
    assert.equal(refused.status, 503)
    assert.equal(refused.headers.get('retry-after'), '1')
    assert.match(readRefusal(refused.payload).message, /database/)
    assert.equal((await fetch(`${server.url}/health`)).status, 200)
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    assert.match(metrics, /^colonies_database_failures_total\{kind="connection"\} [1-9]/m)
    assert.match(metrics, /^colonies_database_failures_total\{kind="disk_full"\} 0$/m)

    await way.mend()
    const deadline = Date.now() + 20_000
    let submitted = await ask('submitfuncspecmsg', { spec }, keys.user)
    while (submitted.status === 503 && Date.now() < deadline)
      submitted = await ask('submitfuncspecmsg', { spec }, keys.user)
    assert.equal(submitted.status, 200)
    assert.equal((await assigning).status, 200)
  },
)

test('a server waits for its database, and serves when it is there', async (t) => {
  const { config } = await testDatabase(t)
  const way = await detour(t, config)
  await way.cut()
  const { log, said } = listeningLog()
  const starting = startServer(configOf({ ...config, host: '127.0.0.1', port: way.port }), { log })
  await said('waiting for the database')
  await way.mend()
  const server = await starting
  t.after(() => server.stop())
  assert.equal((await fetch(`${server.url}/health/ready`)).status, 200)
})

test('a server without an owner does not start, and says which variable to set', async (t) => {
  const { config } = await testDatabase(t)
  const starting = startServer({ ...configOf(config), serverId: undefined }, { log: listeningLog().log })
  await assert.rejects(starting, /COLONIES_SERVER_ID/)
})

test('metrics with an address of their own are there as long as the server', async (t) => {
  const { config } = await testDatabase(t)
  const base = configOf(config)
  const own = { ...base, http: { ...base.http, metrics: { host: '127.0.0.1', port: 0 } } }
  const server = await startServer(own, { log: createLog({ level: 'error' }) })
  const url = `http://127.0.0.1:${server.metricsPort}/metrics`
  try {
    assert.match(await (await fetch(url)).text(), /^colonies_requests_held 0$/m)
    assert.equal((await fetch(`${server.url}/metrics`)).status, 404)
  } finally {
    await server.stop()
  }
  await assert.rejects(fetch(url))
})
