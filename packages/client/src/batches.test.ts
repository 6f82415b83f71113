import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generatePrivateKey } from '@colonies/identity'
import { limits } from '@colonies/protocol'
import { createBatchMethods } from './batches.js'
import { createClient } from './client.js'
import type { Clock } from './clock.js'
import { DeniedError, InvalidError } from './errors.js'
import type { Methods } from './methods.js'
import { type Answer, fakeServer, type Request } from './server.fake.js'

test('many submits travel in requests of bounded length, each with its outcome', async (t) => {
  const server = await fakeServer(t, { answer: acceptAllBut('bad') })
  const names = Array.from({ length: limits.batchItemsMax + 2 }, (_, index) => (index === 1 ? 'bad' : `f${index}`))
  const outcomes = await submit(server.url, names)
  assert.deepEqual(
    server.requests.map(namesIn).map((sent) => sent.length),
    [limits.batchItemsMax, 2],
  )
  assert.deepEqual(
    outcomes.map(({ processid }) => processid).filter((id, index) => id !== names[index]),
    [undefined],
  )
  assert.ok(outcomes[1]?.error instanceof InvalidError)
})

test('an item has the request id that its caller gave, and one of its own without', async (t) => {
  const server = await fakeServer(t, { answer: acceptAllBut('') })
  const client = createClient({ endpoint: server.url, privateKey: generatePrivateKey() })
  await client.submitMany('dev', [{ funcname: 'a' }, { funcname: 'b' }], { requestids: ['mine'] })
  const [first, second] = (server.requests[0]?.input.items ?? []) as { requestid: string }[]
  assert.equal(first?.requestid, 'mine')
  assert.match(second?.requestid ?? '', /^[0-9a-f]{64}$/)
})

test('a request that is too large is sent in halves', async (t) => {
  const server = await fakeServer(t, {
    answer: (request) =>
      namesIn(request).length > 2
        ? { status: 413, message: 'too large', code: 'too_large' }
        : acceptAllBut('')(request),
  })
  const outcomes = await submit(server.url, ['a', 'b', 'c', 'd', 'e'])
  assert.deepEqual(
    outcomes.map(({ processid }) => processid),
    ['a', 'b', 'c', 'd', 'e'],
  )
})

test('an item that is too large by itself fails alone', async (t) => {
  const server = await fakeServer(t, {
    answer: (request) =>
      namesIn(request).includes('huge')
        ? { status: 413, message: 'too large', code: 'too_large' }
        : acceptAllBut('')(request),
  })
  const outcomes = await submit(server.url, ['a', 'huge', 'c', 'd'])
  assert.deepEqual(
    outcomes.map(({ processid, error }) => processid ?? error?.status),
    ['a', 413, 'c', 'd'],
  )
})

test('a request that fails whole fails all its items, and those behind it', async (t) => {
  const server = await fakeServer(t, { answer: () => ({ status: 403, message: 'Access denied', code: 'not_allowed' }) })
  const outcomes = await submit(
    server.url,
    Array.from({ length: limits.batchItemsMax + 1 }, () => 'f'),
  )
  assert.equal(server.requests.length, 1)
  assert.ok(outcomes.every(({ error, processid }) => error instanceof DeniedError && processid === undefined))
  assert.equal(outcomes.length, limits.batchItemsMax + 1)
})

test('an item that the server could not take just then is sent again under its id, the others are not', async (t) => {
  const server = await fakeServer(t, {
    answer: (request, count) => ({
      reply: namesIn(request).map((name) => (name === 'b' && count < 3 ? busy : { processid: name })),
    }),
  })
  const outcomes = await submit(server.url, ['a', 'b', 'c'])
  assert.deepEqual(
    outcomes.map(({ processid }) => processid),
    ['a', 'b', 'c'],
  )
  assert.deepEqual(server.requests.map(namesIn), [['a', 'b', 'c'], ['b'], ['b']])
  const [first, ...again] = server.requests.map(({ input }) => input.items as { requestid: string }[])
  for (const [item] of again) assert.equal(item?.requestid, first?.[1]?.requestid)
})

test('closes are sent again for as long as a single one, and none after that', async () => {
  const { closeMany, pauses, requests } = closing(() => busy)
  const [a, b] = await closeMany('dev', [{ processid: 'a' }, { processid: 'b' }])
  assert.deepEqual([a?.error, b?.error?.code], [undefined, 'unavailable'])
  assert.deepEqual(pauses, [100, 200, 400]) // 800 are too many
  assert.deepEqual(requests, [['a', 'b'], ['b'], ['b'], ['b']])
})

test('closes that are refused when they are sent again leave the others done', async () => {
  const gone = new DeniedError('Access denied', { status: 403, code: 'not_allowed' })
  const { closeMany, requests } = closing((request) => {
    if (request > 1) throw gone
    return busy
  })
  const outcomes = await closeMany('dev', [{ processid: 'a' }, { processid: 'b' }])
  assert.deepEqual(
    outcomes.map(({ error }) => error),
    [undefined, gone],
  )
  assert.equal(requests.length, 2)
})

test('whoever tries again by himself hears of each item at once', async () => {
  const { closeMany, pauses } = closing(() => busy)
  const [, b] = await closeMany('dev', [{ processid: 'a' }, { processid: 'b' }], { retryItems: false })
  assert.deepEqual([b?.error?.code, pauses], ['unavailable', []])
})

const busy = { processid: '', status: 503, message: 'The server cannot take this request now', code: 'unavailable' }

/** Closes for a second, with a clock that only pauses move. @param answer is what becomes of `b`, by the number of the request */
function closing(answer: (request: number) => typeof busy) {
  const pauses: number[] = []
  const requests: string[][] = []
  let passedMs = 0
  const clock: Clock = {
    now: () => passedMs,
    random: () => 0.999_999,
    async pause(ms) {
      pauses.push(Math.round(ms))
      passedMs += ms
    },
  }
  const closeBatch: Methods['closeBatch'] = async ({ items }) => {
    requests.push(items.map(({ processid }) => processid))
    return items.map(({ processid }) =>
      processid === 'b' ? answer(requests.length) : { processid, status: 0, message: '', code: '' },
    )
  }
  const retry = { forMs: 1_000, baseMs: 100, maxMs: 5_000 }
  const { closeMany } = createBatchMethods({ retry, clock }, { closeBatch } as Methods)
  return { closeMany, pauses, requests }
}

function submit(endpoint: string, names: string[]) {
  const client = createClient({ endpoint, privateKey: generatePrivateKey() })
  return client.submitMany(
    'dev',
    names.map((funcname) => ({ funcname })),
  )
}

function acceptAllBut(bad: string): (request: Request) => Answer {
  return (request) => ({
    reply: namesIn(request).map((name) =>
      name === bad ? { processid: '', status: 400, message: 'priority is out of range' } : { processid: name },
    ),
  })
}

function namesIn({ input }: Request): string[] {
  return (input.items as { spec: { funcname: string } }[]).map(({ spec }) => spec.funcname)
}
