import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Client, DeniedError, InvalidError, type Outcome } from '@colonies/client'
import { limits } from '@colonies/protocol'
import type { Line } from './read-lines.js'
import { type LineOutcome, submitLines } from './submit-lines.js'

const text = '{"funcname":"f","conditions":{"executortype":"cli"}}'

/** A client for what a real server does not do on demand. @param submit gets the request ids of one batch */
function clientThat(submit: (requestids: readonly string[]) => Promise<Outcome[]>): Client {
  const client: Pick<Client, 'submitMany'> = {
    submitMany: (_colonyname, _specs, { requestids = [] } = {}) => submit(requestids),
  }
  return client as Client
}

const submitted = (requestid: string): Outcome => ({ processid: requestid, error: undefined })
const options = { name: 'many', lenient: false, label: '', colonyname: 'dev', resume: 'run', keepGoing: false }

async function* linesUpTo(count: number, read: (number: number) => void = () => {}): AsyncGenerator<Line> {
  for (let number = 1; number <= count; number++) {
    read(number)
    yield { number, text }
  }
}

test('however long the file is, only some batches are held, and results keep its order', async () => {
  const count = 20 * limits.batchItemsMax
  let [read, done, farthest, underWay, most] = [0, 0, 0, 0, 0]
  const client = clientThat(async (requestids) => {
    underWay += 1
    most = Math.max(most, underWay)
    await new Promise((resolve) => setImmediate(resolve))
    underWay -= 1
    return requestids.map(submitted)
  })
  const lines = linesUpTo(count, (number) => {
    read = number
  })
  for await (const outcomes of submitLines(lines, { ...options, client })) {
    assert.deepEqual([outcomes[0]?.line, outcomes.length], [done + 1, limits.batchItemsMax])
    farthest = Math.max(farthest, read - done)
    done += outcomes.length
  }
  assert.deepEqual([done, most], [count, 4])
  assert.ok(farthest <= 5 * limits.batchItemsMax, `${farthest} lines were read ahead`)
})

test('a line that only the server refuses is named as in the file', async () => {
  const refusal = new InvalidError('items[1].spec.funcname is not liked', { status: 400 })
  const client = clientThat(async (ids) =>
    ids.map((id, place) => (place === 1 ? { processid: undefined, error: refusal } : submitted(id))),
  )
  const [, second] = await all(submitLines(linesUpTo(3), { ...options, client }))
  assert.equal(second?.error?.message, 'many:2: spec.funcname is not liked')
})

test('whoever stops reading ends it once all that was sent has been answered', async () => {
  let [begun, ended] = [0, 0]
  const denied = new DeniedError('Access denied', { status: 403 })
  const client = clientThat(async (requestids) => {
    begun += 1
    await new Promise((resolve) => setImmediate(resolve))
    ended += 1
    return requestids.map(() => ({ processid: undefined, error: denied }))
  })
  for await (const [first] of submitLines(linesUpTo(20 * limits.batchItemsMax), { ...options, client })) {
    assert.equal(first?.error, denied)
    break
  }
  assert.deepEqual([begun, ended], [4, 4])
})

async function all(batches: AsyncIterable<LineOutcome[]>): Promise<LineOutcome[]> {
  const outcomes: LineOutcome[] = []
  for await (const batch of batches) outcomes.push(...batch)
  return outcomes
}
