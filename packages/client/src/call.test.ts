import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createSigner, generatePrivateKey } from '@colonies/identity'
import { operations } from '@colonies/protocol'
import { type Caller, type Connection, call } from './call.js'
import { systemClock } from './clock.js'
import { Endpoints } from './endpoints.js'
import {
  AbortedError,
  ConflictError,
  ConnectionError,
  DeniedError,
  InvalidError,
  NotFoundError,
  ServerError,
  TimeoutError,
} from './errors.js'
import { type Answer, fakeServer } from './server.fake.js'

const processid = 'a'.repeat(64)
const unavailable: Answer = { status: 503, message: 'The server cannot take this request now', code: 'unavailable' }

test('a reading is sent again when the connection breaks or the server is unavailable', async (t) => {
  const server = await fakeServer(t, {
    answer: (_, count) => (count === 1 ? 'drop' : count === 2 ? unavailable : { reply: { processid } }),
  })
  const process = await call(callerOf(server.url), operations.getProcess, { processid })
  assert.equal((process as { processid: string }).processid, processid)
  assert.equal(server.requests.length, 3)
})

test('pauses are random, grow, and never are shorter than the server asks', async (t) => {
  const server = await fakeServer(t, {
    answer: (_, count) =>
      count === 4 ? { ...unavailable, retryAfter: '3' } : count < 6 ? unavailable : { reply: { processid } },
  })
  const pauses: number[] = []
  await call(callerOf(server.url, { pauses, random: () => 0.5 }), operations.getProcess, { processid })
  assert.deepEqual(pauses, [50, 100, 200, 3000, 800])
})

test('a call is given up when its time for retries is over, with the last error', async (t) => {
  const server = await fakeServer(t, { answer: () => unavailable })
  const caller = callerOf(server.url, { pauses: [], forMs: 1_000 })
  await assert.rejects(call(caller, operations.getProcess, { processid }), ServerError)
  assert.equal(server.requests.length, 4) // after pauses of 100, 200, 400 ms; 800 are too many
})

test('where nothing listens, a call may be given up earlier than where a server says that it cannot now', async (t) => {
  const server = await fakeServer(t, { answer: () => unavailable })
  const nobody = await addressOfNobody(t)
  for (const [urls, expected] of [
    [nobody, [100]],
    [server.url, [100, 200, 400]],
    [
      [nobody, server.url],
      [0, 100, 0, 200, 0, 400, 0],
    ], // the other one is asked at once
  ] as [string | string[], number[]][]) {
    const pauses: number[] = []
    const caller = callerOf(urls, { pauses, forMs: 1_000, unreachableForMs: 200 })
    await assert.rejects(call(caller, operations.getProcess, { processid }))
    assert.deepEqual(pauses, expected)
  }
})

test('a server that asks for more patience than there is gets none', async (t) => {
  const server = await fakeServer(t, { answer: () => ({ ...unavailable, retryAfter: '3600' }) })
  await assert.rejects(
    call(callerOf(server.url), operations.getProcess, { processid }),
    (error) => error instanceof ServerError && error.retryAfterMs === 3_600_000,
  )
  assert.equal(server.requests.length, 1)
})

test('a repeated submit carries the request id of the first, a repeated assign its assign id', async (t) => {
  const server = await fakeServer(t, {
    answer: (_, count) => (count % 2 === 1 ? 'drop' : { reply: { processid } }),
  })
  const caller = callerOf(server.url)
  await call(caller, operations.submit, { spec: { conditions: { colonyname: 'dev' } } })
  await call(caller, operations.submit, { spec: { conditions: { colonyname: 'dev' } } })
  const [first, again, other] = server.requests.map(({ input }) => input.requestid)
  assert.match(String(first), /^[0-9a-f]{64}$/)
  assert.equal(first, again)
  assert.notEqual(first, other)

  await call(caller, operations.assign, { colonyname: 'dev', timeout: 1 })
  assert.equal(server.requests[4]?.input.assignid, server.requests[5]?.input.assignid)
})

test('items of a batch get a request id each', async (t) => {
  const server = await fakeServer(t, { answer: () => ({ reply: [] }) })
  const items = [{ spec: {} }, { spec: {}, requestid: 'mine' }]
  await call(callerOf(server.url), operations.submitBatch, { colonyname: 'dev', items })
  const sent = server.requests[0]?.input.items as { requestid: string }[]
  assert.match(String(sent[0]?.requestid), /^[0-9a-f]{64}$/)
  assert.equal(sent[1]?.requestid, 'mine')
})

test('what must not happen twice is sent once, unless it never left', async (t) => {
  const server = await fakeServer(t, { answer: () => 'drop' })
  await assert.rejects(call(callerOf(server.url), operations.cancelProcess, { processid }), ConnectionError)
  assert.equal(server.requests.length, 1)

  const good = await fakeServer(t, { answer: () => ({ reply: {} }) })
  await call(callerOf([await addressOfNobody(t), good.url]), operations.cancelProcess, { processid })
  assert.equal(good.requests.length, 1)
})

test('the endpoint that answers is kept until it fails', async (t) => {
  const first = await fakeServer(t, { answer: () => ({ reply: { processid } }) })
  const second = await fakeServer(t, { answer: () => ({ reply: { processid } }) })
  const pauses: number[] = []
  const caller = callerOf([await addressOfNobody(t), first.url, second.url], { pauses })
  for (let count = 0; count < 3; count++) await call(caller, operations.getProcess, { processid })
  assert.deepEqual([first.requests.length, second.requests.length], [3, 0])

  await first.stop()
  for (let count = 0; count < 3; count++) await call(caller, operations.getProcess, { processid })
  assert.equal(second.requests.length, 3)
  assert.ok(pauses.every((ms) => ms === 0)) // others are tried at once
})

test('while a request waits for an answer, others go to another endpoint; in the end it does, too', async (t) => {
  const { first, second, caller, reached } = await twoOfWhichOneHangs(t, 'getprocessmsg')
  const ask = () => call(caller, operations.getProcess, { processid }, { timeoutMs: 30_000 })
  const hanging = ask()
  await reached
  t.mock.timers.tick(5_000)
  await ask()
  assert.deepEqual([first.requests.length, second.requests.length], [1, 1])
  t.mock.timers.tick(25_000)
  await hanging
  assert.deepEqual([first.requests.length, second.requests.length], [1, 2])
})

test('an endpoint that was asked to wait is not left for it', async (t) => {
  const { first, caller, reached } = await twoOfWhichOneHangs(t, 'assignprocessmsg')
  const controller = new AbortController()
  const held = call(
    caller,
    operations.assign,
    { colonyname: 'dev', timeout: 60 },
    { timeoutMs: 30_000, signal: controller.signal },
  )
  await reached
  t.mock.timers.tick(64_999)
  await call(caller, operations.getProcess, { processid })
  assert.equal(first.requests.length, 2)
  controller.abort()
  await assert.rejects(held, AbortedError)
})

test('an abort ends a held request, and its reason is the cause', async (t) => {
  const controller = new AbortController()
  const server = await fakeServer(t, {
    answer: () => {
      controller.abort('enough')
      return 'hang'
    },
  })
  const aborted = call(
    callerOf(server.url),
    operations.assign,
    { colonyname: 'dev', timeout: 60 },
    { signal: controller.signal },
  )
  await assert.rejects(aborted, (error) => error instanceof AbortedError && error.cause === 'enough')
  await assert.rejects(
    call(callerOf(server.url), operations.getProcess, { processid }, { signal: AbortSignal.abort() }),
    AbortedError,
  )
  assert.equal(server.requests.length, 1)
})

test('silence is an error after the time of the call, beyond the time that it asks the server to hold it', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const server = await fakeServer(t, {
    answer: ({ payloadtype }) => {
      t.mock.timers.tick(payloadtype === 'assignprocessmsg' ? 70_000 : 10_000)
      return 'hang'
    },
  })
  const caller = callerOf(server.url, { forMs: 0 })
  const options = { timeoutMs: 10_000 }
  await assert.rejects(call(caller, operations.getProcess, { processid }, options), /within 10000 ms/)
  await assert.rejects(
    call(caller, operations.assign, { colonyname: 'dev', timeout: 60 }, options),
    (error) => error instanceof TimeoutError && /within 70000 ms/.test(error.message),
  )
})

test('a hold that is longer than timers reach does not end at once', async (t) => {
  const server = await fakeServer(t, { answer: () => ({ reply: { processid } }) })
  const { connection, signer } = callerOf(server.url, { forMs: 0 })
  const slowFetch: typeof connection.fetch = async (url, init) => {
    // sleeps: a timer that was asked for too much would end before this one
    await new Promise((resolve) => setTimeout(resolve, 20))
    return fetch(url, init)
  }
  const caller = { connection: { ...connection, fetch: slowFetch }, signer }
  const reply = await call(caller, operations.assign, { colonyname: 'dev', timeout: 3_000_000 })
  assert.equal((reply as { processid: string }).processid, processid)
})

test('refusals are errors of their kind', async (t) => {
  const cases = [
    [{ status: 400, message: 'what?', code: 'bad_request' }, InvalidError],
    [{ status: 400, message: 'it already exists', code: 'already_exists' }, ConflictError],
    [{ status: 403, message: 'Access denied', code: 'not_allowed' }, DeniedError],
    [{ status: 403, message: 'too late', code: 'lease_lost' }, ConflictError],
    [{ status: 404, message: 'No process available for assignment' }, NotFoundError],
    [{ status: 408, message: 'Assignment timeout: colony assignments are paused' }, TimeoutError],
    [{ status: 413, message: 'too large', code: 'too_large' }, InvalidError],
    [{ status: 500, message: 'oh', code: 'internal' }, ServerError],
    [{ status: 503, message: 'paused', code: 'assignments_paused_now' }, ServerError],
    [{ status: 404, raw: '404 page not found' }, ServerError],
    [{ status: 200, raw: '<html>' }, ServerError],
  ] as const
  for (const [answer, kind] of cases) {
    const server = await fakeServer(t, { answer: () => answer })
    await assert.rejects(
      call(callerOf(server.url), operations.assign, { colonyname: 'dev', timeout: 1 }),
      (error) => error instanceof kind && error.status === answer.status,
    )
    assert.equal(server.requests.length, 1, `${answer.status} is no reason to ask again`)
  }
})

test('what cannot be sent is refused here, with the name of the field', async () => {
  const caller = callerOf('http://127.0.0.1:1')
  await assert.rejects(call(caller, operations.getProcess, { processid: 7 }), /processid.* must be a string/)
  await assert.rejects(
    call({ ...caller, signer: undefined }, operations.getProcess, { processid }),
    (error) => error instanceof InvalidError && /privateKey/.test(error.message),
  )
  assert.throws(() => new Endpoints(['localhost:50080']), /write it as/)
})

test('lists that the server leaves null are empty', async (t) => {
  const server = await fakeServer(t, { answer: () => ({ reply: null }) })
  const input = { colonyname: 'dev', count: 1 }
  assert.deepEqual(await call(callerOf(server.url), operations.getProcesses, input), [])
})

interface Wishes {
  /** Takes the pauses that are asked for; none is really made. */
  pauses?: number[]
  random?: () => number
  forMs?: number
  unreachableForMs?: number
}

function callerOf(urls: string | string[], wishes: Wishes = {}): Caller {
  const { pauses, random = () => 0.999_999, forMs = 20_000, unreachableForMs } = wishes
  let passedMs = 0
  const connection: Connection = {
    endpoints: new Endpoints([urls].flat()),
    fetch,
    openSocket: undefined,
    timeoutMs: 5_000,
    retry: { forMs, unreachableForMs, baseMs: pauses ? 100 : 1, maxMs: 5_000 },
    clock: pauses
      ? {
          now: () => passedMs,
          random,
          async pause(ms) {
            pauses.push(Math.round(ms))
            passedMs += ms
          },
        }
      : systemClock,
    waitingSockets: { open: 0 },
  }
  return { connection, signer: createSigner(generatePrivateKey()) }
}

/** Two servers; the first never answers one payload type. Timers are the test's. @returns `reached` resolves at the first request */
async function twoOfWhichOneHangs(t: TestContext, payloadtype: string) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let tell = () => {}
  const reached = new Promise<void>((resolve) => {
    tell = resolve
  })
  const first = await fakeServer(t, {
    answer: (request) => {
      tell()
      return request.payloadtype === payloadtype ? 'hang' : { reply: { processid } }
    },
  })
  const second = await fakeServer(t, { answer: () => ({ reply: { processid } }) })
  return { first, second, caller: callerOf([first.url, second.url], { pauses: [] }), reached }
}

/** @returns an address at which nobody listens any more */
async function addressOfNobody(t: TestContext): Promise<string> {
  const server = await fakeServer(t, { answer: () => 'hang' })
  await server.stop()
  return server.url
}
