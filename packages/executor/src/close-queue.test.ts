import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { ConflictError, ConnectionError, InvalidError, ServerError } from '@colonies/client'
import { CloseQueue } from './close-queue.js'
import { FakeColony } from './colony.fake.js'

/** Closes all these at once. @returns what became of each, in their order */
function closeAll(colony: FakeColony, processids: readonly string[], failed: readonly string[] = []) {
  return closeIn(queueOf(colony), processids, failed)
}

const queueOf = (colony: FakeColony) => new CloseQueue(colony.client, 'dev', colony.clock)

function closeIn(queue: CloseQueue, processids: readonly string[], failed: readonly string[] = []) {
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

test('requests that hang hold back no others after a second, and there are never more than twenty', async () => {
  const ends: (() => void)[] = []
  const hang = () => new Promise<void>((resolve) => void ends.push(resolve))
  const colony = new FakeColony({ closeSuccessful: hang })
  const queue = queueOf(colony)
  const closes: Promise<unknown>[] = []
  const close = async (processid: string) => {
    closes.push(closeIn(queue, [processid]))
    await settle()
  }
  for (const id of ['a', 'b', 'c']) await close(id)
  assert.equal(colony.calls.length, 2)
  colony.clock.pass(999)
  await settle()
  assert.equal(colony.calls.length, 2)
  colony.clock.pass(1)
  await settle()
  assert.deepEqual(idsOf(colony), ['a', 'b', 'c'])
  for (let number = 4; number <= 30; number++) {
    await close(`${number}`)
    colony.clock.pass(1_000)
    await settle()
  }
  assert.equal(colony.calls.length, 20)
  // Each that ends makes room, however long it took.
  ends[0]?.()
  await settle()
  assert.deepEqual(
    colony.calls.slice(20).map(({ name, input }) => [name, (input.items as unknown[]).length]),
    [['closeMany', 10]],
  )
  for (const end of ends) end()
  await Promise.all(closes)
})

test('requests that end in time leave no timer behind', async () => {
  const colony = new FakeColony()
  await closeAll(colony, ['a', 'b', 'c', 'd', 'e'])
  await settle()
  assert.equal(colony.clock.pausing, 0)
})

test('what was refused together goes one by one, a few at a time', async () => {
  const error = new InvalidError('no such executor')
  let underWay = 0
  let most = 0
  const count = async () => {
    most = Math.max(most, ++underWay)
    await settle()
    underWay -= 1
  }
  const colony = new FakeColony({
    closeMany: ({ items }) => (items as unknown[]).map(() => ({ error })),
    closeSuccessful: count,
  })
  const ids = Array.from({ length: 102 }, (_, place) => `p${place}`)
  assert.deepEqual(await closeAll(colony, ids), Array(102).fill('closed'))
  assert.equal(colony.callsOf('closeSuccessful').length, 102)
  assert.ok(most <= 10, `${most} at once`)
})

const idsOf = (colony: FakeColony) => colony.callsOf('closeSuccessful').map(({ processid }) => processid)

/** Lets everything happen that waits for no time and no network. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await setImmediate()
}
