import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { ColoniesError, type Envelope, limits, readRefusal, readReply, writeRequest } from '@colonies/protocol'
import { WebSocket } from 'ws'
import type { Exchange, OpenSubscription } from '../answer.js'
import { configFrom } from '../config.js'
import { createLog } from '../log.js'
import { createReporter } from '../refusal.js'
import type { Outlet } from '../subscriber.js'
import { listen } from './listener.js'
import { Metrics } from './metrics.js'
import { createPubSub } from './pubsub.js'

interface Opened extends Outlet {
  envelope: Envelope
  exchange: Exchange
  stopped: Promise<void>
}

/** A server whose subscriptions are in the hands of the test. */
async function start(
  t: TestContext,
  { connectionsMax = 10, refuse }: { connectionsMax?: number; refuse?: Error } = {},
) {
  const opened: Opened[] = []
  const waiting: (() => void)[] = []
  const subscribe: OpenSubscription = async (envelope, exchange, outlet) => {
    if (refuse) throw refuse
    let stop = () => {}
    const stopped = new Promise<void>((resolve) => {
      stop = resolve
    })
    opened.push({ envelope, exchange, ...outlet, stopped })
    // After the caller has noted that this one is open.
    setImmediate(() => waiting.shift()?.())
    return stop
  }
  const metrics = new Metrics()
  const report = createReporter(createLog({ level: 'error' }))
  const pubsub = createPubSub({
    subscribe,
    subscriptionType: () => 'subscribetestmsg',
    report,
    metrics,
    connectionsMax,
  })
  const listener = await listen({
    config: configFrom({ COLONIES_SERVER_HTTP_HOST: '127.0.0.1', COLONIES_SERVER_PORT: '0' }).http,
    metrics,
    answer: async () => assert.fail('nothing is posted here'),
    unready: () => undefined,
    upgrade: pubsub.upgrade,
  })
  t.after(async () => {
    metrics.close()
    await Promise.all([pubsub.stop(0), listener.stop(0)])
  })
  const open = async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${listener.port}/pubsub`)
    socket.on('error', () => {})
    await once(socket, 'open')
    return socket
  }
  const subscription = async (place: number) => {
    while (opened.length <= place) await new Promise<void>((resolve) => waiting.push(resolve))
    return opened[place] as Opened
  }
  return { open, subscription, pubsub, metrics, listener }
}

const frame = writeRequest('subscribetestmsg', 'e30=', '')

async function nextFrame(socket: WebSocket): Promise<{ text: string; binary: boolean }> {
  const [data, binary] = await once(socket, 'message')
  return { text: String(data), binary }
}

async function nextRefusal(socket: WebSocket): Promise<ReturnType<typeof readRefusal>> {
  const reply = readReply((await nextFrame(socket)).text)
  assert.equal(reply.error, true)
  return readRefusal(Buffer.from(reply.payload, 'base64').toString())
}

async function closeCode(socket: WebSocket): Promise<number> {
  const [code] = await once(socket, 'close')
  return code
}

test('frames come as the request came, as text or as bytes', async (t) => {
  const { open, subscription } = await start(t)
  const socket = await open()
  for (const binary of [false, true]) {
    socket.send(frame, { binary })
    const { send, envelope } = await subscription(binary ? 1 : 0)
    assert.equal(envelope.payloadtype, 'subscribetestmsg')
    send('{"n":1}')
    assert.deepEqual(await nextFrame(socket), { text: '{"n":1}', binary })
  }
})

test('the connection ends properly with its last subscription, not before', async (t) => {
  const { open, subscription } = await start(t)
  const socket = await open()
  socket.send(frame)
  socket.send(frame)
  const [first, second] = [await subscription(0), await subscription(1)]
  first.done(new ColoniesError('not_found', 'It was removed'))
  assert.deepEqual(await nextRefusal(socket), { status: 404, message: 'It was removed', code: 'not_found' })
  second.send('still here')
  assert.equal((await nextFrame(socket)).text, 'still here')
  second.done()
  assert.equal(await closeCode(socket), 1000)
})

test('a connection stays for the next request where its last subscription says so', async (t) => {
  const { open, subscription } = await start(t)
  const socket = await open()
  for (const place of [0, 1]) {
    socket.send(frame)
    const { send, done } = await subscription(place)
    send(`frame ${place}`)
    done(undefined, 'stays')
    assert.equal((await nextFrame(socket)).text, `frame ${place}`)
  }
})

test('who can wait is told when a peer has read on', async (t) => {
  const { open, subscription } = await start(t)
  const socket = await open()
  socket.send(frame)
  const { send, isFull, whenRoom } = await subscription(0)
  assert.equal(isFull(), false)
  socket.pause()
  let sent = 0
  while (!isFull() && sent < 100) {
    send('x'.repeat(1024 * 1024))
    sent++
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(isFull())
  const room = new Promise<void>((resolve) => whenRoom(resolve))
  socket.resume()
  await room
  assert.equal(isFull(), false)
})

test('a refusal is a frame, and leaves the connection open', async (t) => {
  const { open } = await start(t, { refuse: new ColoniesError('not_allowed', 'Access denied, not yours') })
  const socket = await open()
  for (const _ of [1, 2]) {
    socket.send(frame)
    assert.deepEqual(await nextRefusal(socket), {
      status: 403,
      message: 'Access denied, not yours',
      code: 'not_allowed',
    })
  }
})

test('what is no envelope is refused, and the connection with it', async (t) => {
  const { open } = await start(t)
  for (const text of ['hello', '', '[]', 'null', '{"payloadtype":1}']) {
    const socket = await open()
    const closed = closeCode(socket)
    socket.send(text)
    assert.equal((await nextRefusal(socket)).status, 400)
    assert.equal(await closed, 1008)
  }
})

test('subscriptions end when their connection does', async (t) => {
  const { open, subscription } = await start(t)
  const socket = await open()
  socket.send(frame)
  const { stopped, exchange, send, done } = await subscription(0)
  socket.terminate()
  await stopped
  assert.ok(exchange.signal.aborted)
  send('into the void')
  done()
})

test('subscriptions are counted by their outcome', async (t) => {
  const refuse = new ColoniesError('not_allowed', 'Access denied, not yours')
  for (const [options, outcome] of [
    [{}, 'subscribed'],
    [{ refuse }, '403'],
  ] as const) {
    const { open, subscription, metrics } = await start(t, options)
    const socket = await open()
    socket.send(frame)
    await (outcome === '403' ? nextRefusal(socket) : subscription(0))
    const counted = `colonies_requests_total{payloadtype="subscribetestmsg",outcome="${outcome}"} 1`
    assert.ok(metrics.render().includes(counted))
  }
})

test('one connection has a bounded number of subscriptions', async (t) => {
  const { open, subscription } = await start(t)
  const socket = await open()
  for (let n = 0; n <= limits.subscriptionsPerConnectionMax; n++) socket.send(frame)
  const refusal = await nextRefusal(socket)
  assert.equal(refusal.status, 429)
  const { done } = await subscription(0)
  done()
  socket.send(frame)
  await subscription(limits.subscriptionsPerConnectionMax)
})

test('a reader that is too slow is told to come back later', async (t) => {
  const { open, subscription } = await start(t)
  const socket = await open()
  socket.send(frame)
  const { send, stopped } = await subscription(0)
  socket.pause()
  const megabyte = 'x'.repeat(1024 * 1024)
  let sent = 0
  let ended = false
  void stopped.then(() => {
    ended = true
  })
  while (!ended && sent < 1_000) {
    send(megabyte)
    sent++
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(ended, 'the server buffers without bound')
  socket.resume()
  assert.equal(await closeCode(socket), 1013)
})

test('there is a bounded number of connections', async (t) => {
  const { open, listener } = await start(t, { connectionsMax: 1 })
  await open()
  const second = new WebSocket(`ws://127.0.0.1:${listener.port}/pubsub`)
  const [error] = await once(second, 'error')
  assert.match(error.message, /503/)
})

test('a frame that is too large ends the connection', async (t) => {
  const { open } = await start(t)
  const socket = await open()
  socket.send('x'.repeat(2 * 1024 * 1024))
  assert.equal(await closeCode(socket), 1009)
})

test('a stopping replica says goodbye', async (t) => {
  const { open, subscription, pubsub } = await start(t)
  const socket = await open()
  socket.send(frame)
  const { stopped } = await subscription(0)
  const closed = closeCode(socket)
  await pubsub.stop(5_000)
  await stopped
  assert.equal(await closed, 1001)
})

test('who connects while the replica stops is sent elsewhere', async (t) => {
  const { open, pubsub, listener } = await start(t)
  const first = await open()
  const closed = once(first, 'close')
  const stopped = pubsub.stop(5_000)
  const late = new WebSocket(`ws://127.0.0.1:${listener.port}/pubsub`)
  const [error] = await once(late, 'error')
  assert.match(error.message, /503/)
  await Promise.all([closed, stopped])
})
