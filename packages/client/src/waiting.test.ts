import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { generatePrivateKey } from '@colonies/identity'
import { type JsonValue, State, zeroTime } from '@colonies/protocol'
import { WebSocket } from 'ws'
import { type ClientOptions, createClient } from './client.js'
import { AbortedError, NotFoundError } from './errors.js'
import { type Answer, fakeServer, type Request } from './server.fake.js'
import { ProcessCancelledError, ProcessFailedError } from './waiting.js'

const processid = 'a'.repeat(64)
const wish = { funcname: 'echo', conditions: { colonyname: 'dev', executortype: 'cli' } }
const endtime = '2026-11-21T00:10:56Z'

function showing(state: State, rest: Record<string, JsonValue> = {}): { reply: JsonValue } {
  const ended = state === State.waiting || state === State.running ? zeroTime : endtime
  return { reply: { processid, state, endtime: ended, spec: wish, ...rest } }
}

function client(url: string, options: ClientOptions = {}) {
  return createClient({ endpoint: url, privateKey: generatePrivateKey(), ...options })
}

test('without a WebSocket the process is asked for until it has ended, in whatever state', async (t) => {
  for (const state of [State.success, State.failed, State.cancelled]) {
    const server = await fakeServer(t, {
      answer: (_, count) => showing(count < 3 ? State.running : state),
    })
    assert.equal((await client(server.url).run(wish)).state, state)
    assert.deepEqual(typesOf(server.requests), ['submitfuncspecmsg', 'getprocessmsg', 'getprocessmsg'])
  }
})

test('with a WebSocket the last frame is the answer', async (t) => {
  const server = await fakeServer(t, {
    answer: () => showing(State.waiting),
    frames: (_, send) => {
      send(showing(State.success, { out: ['hi'] }))
    },
  })
  assert.deepEqual(await client(server.url, { WebSocket }).result(wish), ['hi'])
  assert.deepEqual(typesOf(server.requests), ['submitfuncspecmsg'])
})

test('a frame that shows the process before its close makes it be read', async (t) => {
  const server = await fakeServer(t, {
    answer: ({ payloadtype }) =>
      payloadtype === 'getprocessmsg' ? showing(State.success, { out: ['hi'] }) : showing(State.waiting),
    frames: (_, send) => send(showing(State.success, { endtime: zeroTime })),
  })
  assert.deepEqual(await client(server.url, { WebSocket }).result(wish), ['hi'])
})

test('when the connection drops or the subscription is refused, waiting goes on by asking', async (t) => {
  const dropping = await fakeServer(t, {
    answer: (_, count) => showing(count < 3 ? State.running : State.success),
    frames: () => dropping.dropSockets(),
  })
  assert.equal((await client(dropping.url, { WebSocket }).run(wish)).state, State.success)

  const refusing = await fakeServer(t, {
    answer: (_, count) => showing(count < 3 ? State.running : State.success),
    frames: (_, send) => send({ status: 429, message: 'Too much is waiting for this already', code: 'too_many' }),
  })
  assert.equal((await client(refusing.url, { WebSocket }).run(wish)).state, State.success)
})

test('an abort ends the waiting', async (t) => {
  const controller = new AbortController()
  const server = await fakeServer(t, {
    answer: () => showing(State.running),
    frames: () => controller.abort(),
  })
  const { signal } = controller
  await assert.rejects(client(server.url, { WebSocket }).waitFor(processid, { signal }), AbortedError)
})

test('for a process that has ended already no connection is opened', async (t) => {
  const opened: string[] = []
  class Counted extends WebSocket {
    constructor(url: string) {
      opened.push(url)
      super(url)
    }
  }
  const server = await fakeServer(t, { answer: () => showing(State.success), frames: () => {} })
  assert.equal((await client(server.url, { WebSocket: Counted }).waitFor(processid)).state, State.success)
  assert.deepEqual(opened, [])
})

test('a process that is not there ends the waiting', async (t) => {
  const server = await fakeServer(t, {
    answer: () => ({ status: 404, message: 'There is no such thing', code: 'not_found' }),
    frames: () => {},
  })
  await assert.rejects(client(server.url, { WebSocket }).waitFor(processid), NotFoundError)
})

test('a result is thrown where there is none', async (t) => {
  const cases = [
    [State.failed, ProcessFailedError, /echo failed: no disk; no hope/],
    [State.cancelled, ProcessCancelledError, /echo was cancelled/],
  ] as const
  for (const [state, kind, message] of cases) {
    const server = await fakeServer(t, { answer: () => showing(state, { errors: ['no disk', 'no hope'] }) })
    const { endpoint, privateKey } = { endpoint: server.url, privateKey: generatePrivateKey() }
    await assert.rejects(
      createClient({ endpoint, privateKey }).result(wish),
      (error) => error instanceof kind && message.test(error.message) && error.process.processid === processid,
    )
  }
})

test('no process to execute is no error, no colony is one', async (t) => {
  const answers: [Answer, boolean][] = [
    [{ status: 404, message: 'No process available for assignment' }, true],
    [{ status: 404, message: 'No process available for assignment', code: 'none_available' }, true],
    [{ status: 408, message: 'Assignment timeout: colony assignments are paused' }, true],
    [{ status: 503, message: 'No processes available', code: 'assignments_paused_now' }, true],
    [{ status: 404, message: 'There is no such thing', code: 'not_found' }, false],
  ]
  for (const [answer, isNone] of answers) {
    const server = await fakeServer(t, { answer: () => answer })
    const waited = client(server.url).waitForProcess({ colonyname: 'dev', timeout: 1 })
    if (isNone) assert.equal(await waited, undefined)
    else await assert.rejects(waited, NotFoundError)
  }
})

test('a wait that is longer than fetch can is made of polls that are shorter', async (t) => {
  const none: Answer = { status: 404, message: 'No process available for assignment' }
  const server = await fakeServer(t, { answer: () => none })
  assert.equal(await client(server.url).waitForProcess({ colonyname: 'dev', timeout: 600 }), undefined)
  assert.deepEqual(
    server.requests.map(({ input }) => Number(input.timeout)),
    [240, 240, 120],
  )
  assert.equal(new Set(server.requests.map(({ input }) => input.assignid)).size, 1)
  const pausing = await fakeServer(t, {
    answer: () => ({ status: 503, message: 'paused', code: 'assignments_paused_now' }),
  })
  assert.equal(await client(pausing.url).waitForProcess({ colonyname: 'dev', timeout: 600 }), undefined)
  assert.equal(pausing.requests.length, 1, 'a paused colony answers at once: asking again would be a storm')
})

test('frames of a subscription come in order, and leaving the loop closes the connection', async (t) => {
  const server = await fakeServer(t, {
    answer: () => 'hang',
    frames: (_, send) => {
      send(showing(State.waiting))
      send(showing(State.running))
    },
  })
  const frames = client(server.url, { WebSocket }).subscribeProcess({ processid, state: State.running, timeout: 60 })
  const states: number[] = []
  for await (const frame of frames) {
    states.push(frame.state)
    if (frame.state === State.running) break
  }
  assert.deepEqual(states, [State.waiting, State.running])
  assert.equal((await frames.next()).done, true)
})

test('a subscription that is not answered, and one that outlives its end, break off', async (t) => {
  const mute = createServer(() => {}).listen(0, '127.0.0.1')
  t.after(() => mute.close())
  await once(mute, 'listening')
  const sockets = new Set<Socket>()
  mute.on('connection', (socket) => sockets.add(socket))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  const ask = { processid, state: State.success, timeout: 0 }
  const options = { WebSocket, timeoutMs: 200 }
  const port = (mute.address() as AddressInfo).port
  await assert.rejects(client(`http://127.0.0.1:${port}`, options).subscribeProcess(ask).next(), /did not answer/)
  const forgetful = await fakeServer(t, { answer: () => 'hang', frames: () => {} })
  await assert.rejects(client(forgetful.url, options).subscribeProcess(ask).next(), /did not end/)
})

test('a workflow with a failed leaf has not ended while another branch runs on', async (t) => {
  const [leaf, failed, slow] = ['1', '2', '3'].map((digit) => digit.repeat(64)) as [string, string, string]
  const edges = [failed, slow].map((source) => ({ id: source, source, target: leaf, animated: false }))
  const graph = { processgraphid: processid, processids: [failed, slow, leaf], nodes: [], edges }
  const looks = new Map<JsonValue | undefined, number>()
  const server = await fakeServer(t, {
    answer({ payloadtype, input }) {
      if (payloadtype === 'getprocessgraphmsg') return { reply: graph }
      const look = (looks.get(input.processid) ?? 0) + 1
      looks.set(input.processid, look)
      if (input.processid === slow) return showing(look < 3 ? State.running : State.success)
      return showing(State.failed)
    },
  })
  const { leaves } = await client(server.url).waitForGraph(processid)
  assert.equal(leaves.length, 1)
  assert.equal(looks.get(slow), 3)
})

function typesOf(requests: Request[]): string[] {
  return requests.map(({ payloadtype }) => payloadtype)
}
