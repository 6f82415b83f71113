import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConflictError, ConnectionError, InvalidError, ServerError } from '@colonies/client'
import { CloseQueue } from './close-queue.js'
import { FakeColony } from './colony.fake.js'

/** Closes all these at once. @returns what became of each, in their order */
function closeAll(colony: FakeColony, processids: readonly string[], failed: readonly string[] = []) {
  const queue = new CloseQueue(colony.client, 'dev')
  const closes = processids.map((processid) => {
    const ending = failed.includes(processid) ? { errors: ['no'] } : { out: [processid] }
    return queue.close({ processid, attempt: 1, ending }).then(
      () => 'closed',
      (error: unknown) => (error as Error).message,
    )
  })
  return Promise.all(closes)
}

const callsOf = (colony: FakeColony) => colony.calls.map(({ name }) => name)

test('what ends while two closes are on their way goes together', async () => {
  const colony = new FakeColony()
  assert.deepEqual(await closeAll(colony, ['a', 'b', 'c', 'd', 'e'], ['b', 'd']), Array(5).fill('closed'))
  assert.deepEqual(callsOf(colony), ['closeSuccessful', 'closeFailed', 'closeMany'])
  assert.deepEqual(colony.callsOf('closeMany')[0]?.items, [
    { processid: 'c', attempt: 1, out: ['c'], failed: false },
    { processid: 'd', attempt: 1, errors: ['no'], failed: true },
    { processid: 'e', attempt: 1, out: ['e'], failed: false },
  ])
})

test('each of them has an outcome of its own', async () => {
  const late = new ConflictError('too late', { status: 403, code: 'lease_lost' })
  const colony = new FakeColony({ closeMany: () => [{ error: undefined }, { error: late }] })
  assert.deepEqual(await closeAll(colony, ['a', 'b', 'c', 'd']), ['closed', 'closed', 'closed', 'too late'])
})

test('what a request cannot carry for one of them, or fails the server, is not held against the others', async () => {
  for (const error of [
    new InvalidError('out[0] is a function'),
    new ServerError('The server failed', { status: 500, code: 'internal', retryable: true }),
  ]) {
    const colony = new FakeColony({
      closeMany: () => [{ error }, { error }, { error }],
      closeSuccessful: ({ processid }) => {
        if (processid === 'd') throw error
      },
    })
    const outcomes = ['closed', 'closed', 'closed', error.message, 'closed']
    assert.deepEqual(await closeAll(colony, ['a', 'b', 'c', 'd', 'e']), outcomes)
  }
})

test('when there is nobody to hand them in to, each of them hears of it once', async () => {
  const error = new ConnectionError('nobody there')
  const colony = new FakeColony({ closeMany: () => [{ error }, { error }] })
  const outcomes = ['closed', 'closed', 'nobody there', 'nobody there']
  assert.deepEqual(await closeAll(colony, ['a', 'b', 'c', 'd']), outcomes)
  assert.deepEqual(callsOf(colony), ['closeSuccessful', 'closeSuccessful', 'closeMany'])
})
