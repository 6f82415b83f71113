import assert from 'node:assert/strict'
import { test } from 'node:test'
import { History } from '../history.js'
import { slowerOf } from './slower.js'

/** A run of 400 calls, one each millisecond, that take so long. */
function run(tookMs: (at: number) => number, operation = 'submit'): History {
  const history = new History()
  const of = { client: 'a', colony: 'c', operation, ids: [], labels: [], attempt: undefined, detail: undefined }
  history.add(
    Array.from({ length: 400 }, (_, at) => {
      return { ...of, started: at, ended: at + tookMs(at), outcome: 'ok', code: undefined, tries: [] } as const
    }),
  )
  return history
}

const judged = (history: History) => slowerOf(history, 0, 400)

test('what becomes slower is seen, and the warm-up is left out', () => {
  assert.deepEqual(judged(run((at) => (at < 100 ? 500 : 10))), { first: 10, last: 10 })
  assert.deepEqual(judged(run((at) => (at < 300 ? 10 : 14))), { first: 10, last: 14 })
})

test('what is slow in the middle belongs to neither end, and other calls do not count', () => {
  assert.deepEqual(judged(run((at) => (at >= 200 && at < 300 ? 500 : 10))), { first: 10, last: 10 })
  assert.deepEqual(judged(run(() => 10, 'assign')), { first: 0, last: 0 })
})
