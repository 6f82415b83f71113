import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generatePrivateKey } from '@colonies/identity'
import { limits } from '@colonies/protocol'
import { createClient } from './client.js'
import { DeniedError, InvalidError } from './errors.js'
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
