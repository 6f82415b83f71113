import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { readRefusal, readReply } from '@colonies/protocol'
import type { Answer, AnswerRequest } from '../answer.js'
import { configFrom } from '../config.js'
import { listen } from './listener.js'
import { Metrics } from './metrics.js'
import { listenForMetrics, localMetrics } from './metrics-page.js'

const ok = { status: 200, body: '{"answered":true}', payloadtype: 'testmsg', onUnsent: undefined } satisfies Answer

interface Reply {
  status: number
  headers: IncomingMessage['headers']
  body: string
}

async function start(t: TestContext, answer: AnswerRequest, env: Record<string, string> = {}) {
  const { http } = configFrom({ COLONIES_SERVER_HTTP_HOST: '127.0.0.1', COLONIES_SERVER_PORT: '0', ...env })
  const metrics = new Metrics()
  let unready: string | undefined
  const listener = await listen({
    config: http,
    metrics,
    answer,
    unready: () => unready,
    upgrade: (_request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n'),
    pages: new Map([
      ['/sdk/', (path) => (path === '/sdk/x.js' ? { status: 200, body: '1', type: 'text/javascript' } : undefined)],
    ]),
  })
  const agent = new Agent({ keepAlive: true })
  t.after(async () => {
    agent.destroy()
    metrics.close()
    await listener.stop(1_000)
  })

  const begin = (method: string, path: string, { body = '', headers = {} } = {}) => {
    const sent = request({
      port: listener.port,
      method,
      path,
      headers: { connection: 'keep-alive', ...headers },
      agent,
    })
    const reply = new Promise<Reply>((resolve, reject) => {
      sent.on('error', reject)
      sent.on('response', async (response) => {
        let text = ''
        for await (const chunk of response.setEncoding('utf8')) text += chunk
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text })
      })
    })
    reply.catch(() => {})
    sent.end(body)
    return { sent, reply }
  }
  return {
    listener,
    metrics,
    begin,
    send: (...asked: Parameters<typeof begin>) => begin(...asked).reply,
    setUnready: (reason: string | undefined) => {
      unready = reason
    },
  }
}

/** An answer that waits until the test lets it go. */
function gate() {
  const waiting: { open: (answer: Answer) => void; exchange: Parameters<AnswerRequest>[1] }[] = []
  const arrivals: (() => void)[] = []
  const answer: AnswerRequest = (_body, exchange) =>
    new Promise((open) => {
      waiting.push({ open, exchange })
      arrivals.shift()?.()
    })
  const arrived = async (count: number) => {
    while (waiting.length < count) await new Promise<void>((resolve) => arrivals.push(resolve))
    return waiting[count - 1] as (typeof waiting)[number]
  }
  return { answer, arrived }
}

function refusal(reply: Reply) {
  const envelope = readReply(reply.body)
  assert.equal(envelope.error, true)
  return readRefusal(Buffer.from(envelope.payload, 'base64').toString())
}

test('a request is answered as plain text, whatever its content type', async (t) => {
  const bodies: string[] = []
  const { send } = await start(t, async (body) => {
    bodies.push(body)
    return ok
  })
  for (const headers of [{}, { 'content-type': 'application/json' }, { 'content-type': 'plain/text' }]) {
    const reply = await send('POST', '/api', { body: '{"é":1}', headers })
    assert.equal(reply.status, 200)
    assert.equal(reply.headers['content-type'], 'text/plain; charset=utf-8')
    assert.equal(reply.body, ok.body)
  }
  assert.deepEqual(bodies, Array(3).fill('{"é":1}'))
})

const routes: [method: string, path: string, status: number, body: string][] = [
  ['GET', '/health', 200, ''],
  ['GET', '/health/ready', 200, 'ready'],
  ['HEAD', '/health', 404, ''],
  ['GET', '/api', 404, '404 page not found'],
  ['GET', '/', 404, '404 page not found'],
  ['OPTIONS', '/api', 404, '404 page not found'],
  ['POST', '/other', 404, '404 page not found'],
  ['POST', '/api/', 307, ''],
  ['POST', '/api?trace=1', 200, ok.body],
  ['GET', '/pubsub', 400, 'Bad Request'],
  ['GET', '/sdk/x.js', 200, '1'],
  ['GET', '/sdk/../health', 404, '404 page not found'],
  ['GET', '/sdk/y.js', 404, '404 page not found'],
]

test('each path gives what the original gives', async (t) => {
  const { send } = await start(t, async () => ok)
  for (const [method, path, status, body] of routes) {
    const reply = await send(method, path)
    assert.deepEqual([method, path, reply.status, reply.body], [method, path, status, body])
  }
  assert.equal((await send('POST', '/api/')).headers.location, '/api')
})

test('a replica that is not ready says why', async (t) => {
  const { send, setUnready } = await start(t, async () => ok)
  setUnready('The server is stopping.')
  const reply = await send('GET', '/health/ready')
  assert.deepEqual([reply.status, reply.body], [503, 'The server is stopping.'])
})

test('pages of other origins may ask, and pages of ours get no word about it', async (t) => {
  const { send, listener } = await start(t, async () => ok)
  const foreign = { origin: 'https://example.org' }
  const own = { origin: `http://localhost:${listener.port}`, host: `localhost:${listener.port}` }

  const { headers } = await send('POST', '/api', { headers: foreign })
  assert.equal(headers['access-control-allow-origin'], '*')
  assert.equal(headers['access-control-expose-headers'], 'Retry-After')
  assert.equal((await send('POST', '/api', { headers: own })).headers['access-control-allow-origin'], undefined)
  assert.equal((await send('GET', '/nowhere', { headers: foreign })).headers['access-control-allow-origin'], '*')

  const preflight = await send('OPTIONS', '/api', { headers: { ...foreign, 'access-control-request-method': 'POST' } })
  assert.equal(preflight.status, 204)
  assert.equal(preflight.headers['access-control-allow-origin'], '*')
  assert.equal(preflight.headers['access-control-allow-methods'], 'GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS')
  assert.equal(preflight.headers['access-control-allow-headers'], 'Origin,Content-Length,Content-Type')
  assert.equal(preflight.headers['access-control-max-age'], '43200')
  assert.equal((await send('OPTIONS', '/api', { headers: own })).status, 404)
})

test('a body over the limit is refused, announced or not, and a body at the limit is not', async (t) => {
  const { send } = await start(t, async () => ok, { COLONIES_HTTP_BODY_BYTES: '2048' })
  const chunked = { 'transfer-encoding': 'chunked' }
  for (const headers of [{}, chunked]) {
    const reply = await send('POST', '/api', { body: 'x'.repeat(2049), headers })
    assert.equal(reply.status, 413)
    assert.match(refusal(reply).message, /2048 bytes/)
    assert.equal((await send('POST', '/api', { body: 'x'.repeat(2048), headers })).status, 200)
  }
})

test('beyond so many requests at once the server asks to come back, and those on hold do not count', async (t) => {
  const { answer, arrived } = gate()
  const { begin, send } = await start(t, answer, { COLONIES_HTTP_REQUESTS: '1' })
  const held = begin('POST', '/api')
  const first = await arrived(1)
  first.exchange.hold()

  const working = begin('POST', '/api')
  const second = await arrived(2)
  const refused = await send('POST', '/api')
  assert.equal(refused.status, 503)
  assert.equal(refused.headers['retry-after'], '1')
  assert.match(refusal(refused).message, /overloaded/)

  second.open(ok)
  assert.equal((await working.reply).status, 200)
  first.open(ok)
  assert.equal((await held.reply).status, 200)
})

test('a caller that goes away aborts its request, and hears of a reply that it never got', async (t) => {
  const { answer, arrived } = gate()
  const { begin } = await start(t, answer)
  const { sent } = begin('POST', '/api')
  const { exchange, open } = await arrived(1)
  exchange.hold()
  const aborted = once(exchange.signal, 'abort')
  sent.destroy()
  await aborted
  assert.ok(exchange.aborted)
  await new Promise<void>((resolve) => open({ ...ok, onUnsent: resolve }))
})

test('a reply that was handed over is not taken back when the caller goes away later', async (t) => {
  let unsent = 0
  const { begin } = await start(t, async () => ({ ...ok, onUnsent: () => unsent++ }))
  const { sent, reply } = begin('POST', '/api')
  await reply
  sent.destroy()
  assert.equal((await begin('POST', '/api').reply).status, 200)
  assert.equal(unsent, 0)
})

test('a reply that the caller does not read to its end counts as unsent', async (t) => {
  const { answer, arrived } = gate()
  const { listener } = await start(t, answer)
  const socket = connect(listener.port, '127.0.0.1').pause()
  socket.write('POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
  const { open } = await arrived(1)
  const unsent = new Promise<void>((resolve) => open({ ...ok, body: 'x'.repeat(64 * 1024 * 1024), onUnsent: resolve }))
  setImmediate(() => socket.destroy())
  await unsent
})

test('a stop is over when it is known which replies were not sent', async (t) => {
  const { answer, arrived } = gate()
  const { listener } = await start(t, answer)
  const socket = connect(listener.port, '127.0.0.1').pause()
  socket.write('POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
  const { open } = await arrived(1)
  let unsent = 0
  open({ ...ok, body: 'x'.repeat(64 * 1024 * 1024), onUnsent: () => unsent++ })
  await listener.stop(10)
  assert.equal(unsent, 1)
  socket.destroy()
})

test('one connection cannot have requests without number under way', async (t) => {
  const { answer, arrived } = gate()
  const { listener } = await start(t, answer)
  const socket = connect(listener.port, '127.0.0.1')
  socket.write('POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'.repeat(100))
  await arrived(16)
  for (let place = 1; place <= 16; place++) (await arrived(place)).open(ok)
  let text = ''
  for await (const chunk of socket.setEncoding('utf8')) text += chunk
  assert.equal(text.match(/HTTP\/1.1 200/g)?.length, 16)
  assert.match(text, /HTTP\/1.1 429/)
})

test('stopping answers what is on hold, lets the rest finish, and takes nothing new', async (t) => {
  const { answer, arrived } = gate()
  const { begin, listener } = await start(t, answer)
  const held = begin('POST', '/api')
  const first = await arrived(1)
  first.exchange.hold()
  first.exchange.signal.addEventListener('abort', () => first.open({ ...ok, status: 404 }))
  const working = begin('POST', '/api')
  const second = await arrived(2)

  const stopped = listener.stop(5_000)
  assert.equal((await held.reply).status, 404)
  assert.equal(second.exchange.aborted, false)
  await assert.rejects(begin('POST', '/api', { headers: { connection: 'close' } }).reply)
  second.open(ok)
  const last = await working.reply
  assert.deepEqual([last.status, last.headers.connection], [200, 'close'])
  await stopped
})

test('the numbers of a replica are there for Prometheus', async (t) => {
  const { send } = await start(t, async () => ok)
  await send('POST', '/api')
  const { body, headers } = await send('GET', '/metrics')
  assert.match(headers['content-type'] ?? '', /version=0.0.4/)
  assert.match(body, /^colonies_requests_total\{payloadtype="testmsg",outcome="200"\} 1$/m)
  assert.match(body, /^colonies_request_seconds_count\{payloadtype="testmsg"\} 1$/m)
  assert.match(body, /^colonies_requests_held 0$/m)
  assert.match(body, /^colonies_connections 1$/m)
  for (const line of body.trim().split('\n')) assert.match(line, /^(# (HELP|TYPE) \S+ .+|\w+(\{.*\})? [-+.\de]+)$/)
})

test('the numbers are not for those for whom a proxy asks, and can be elsewhere or nowhere', async (t) => {
  const { send } = await start(t, async () => ok)
  for (const header of ['forwarded', 'x-forwarded-for', 'x-real-ip'])
    assert.equal((await send('GET', '/metrics', { headers: { [header]: '10.0.0.1' } })).status, 403)
  for (const where of ['off', '127.0.0.1:0']) {
    const { send } = await start(t, async () => ok, { COLONIES_METRICS: where })
    assert.equal((await send('GET', '/metrics')).status, 404)
  }
})

test('a port of their own gives the numbers and nothing else', async (t) => {
  const metrics = new Metrics()
  const { port, stop } = await listenForMetrics({ host: '127.0.0.1', port: 0 }, metrics)
  t.after(async () => {
    metrics.close()
    await stop()
  })
  const page = await fetch(`http://127.0.0.1:${port}/metrics`)
  assert.match(await page.text(), /^colonies_uptime_seconds /m)
  for (const [method, path] of [
    ['POST', '/metrics'],
    ['POST', '/api'],
    ['GET', '/'],
  ])
    assert.equal((await fetch(`http://127.0.0.1:${port}${path}`, { method: method ?? '' })).status, 404)
  await assert.rejects(listenForMetrics({ host: '127.0.0.1', port }, metrics), /taken.*COLONIES_METRICS/)
})

test('only addresses of this machine may read the numbers on the port of the server', () => {
  const metrics = new Metrics()
  const statusFor = (remoteAddress: string | undefined) =>
    localMetrics(metrics, { socket: { remoteAddress }, headers: {} } as IncomingMessage).status
  for (const address of ['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1'])
    assert.equal(statusFor(address), 200, address)
  for (const address of ['10.0.0.1', '128.0.0.1', '::ffff:10.0.0.1', 'fe80::1', '::', undefined])
    assert.equal(statusFor(address), 403, address)
  metrics.close()
})

test('a port that is taken and a key that is not there are told with the variable to correct', async (t) => {
  const noAnswer: AnswerRequest = async () => ok
  const { listener } = await start(t, noAnswer)
  const cases: readonly [env: Record<string, string>, sentence: RegExp][] = [
    [
      { COLONIES_SERVER_PORT: String(listener.port) },
      /^Port \d+ is taken by another program: .* COLONIES_SERVER_HTTP_PORT\.$/,
    ],
    [
      { COLONIES_SERVER_HTTP_HOST: '192.0.2.1' },
      /^This machine has no address 192\.0\.2\.1: .*COLONIES_SERVER_HTTP_HOST\.$/,
    ],
    [
      { COLONIES_TLS: 'true', COLONIES_TLSKEY: '/no/key', COLONIES_TLSCERT: '/no/cert' },
      /^COLONIES_TLSKEY names \/no\/key,/,
    ],
    [
      { COLONIES_TLS: 'true', COLONIES_TLSKEY: '/dev/null', COLONIES_TLSCERT: '/dev/null' },
      /not a key and its certificate/,
    ],
  ]
  for (const [env, message] of cases) await assert.rejects(start(t, noAnswer, env), { name: 'ConfigError', message })
})
