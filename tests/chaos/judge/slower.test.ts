import assert from 'node:assert/strict'
import { test } from 'node:test'
import { History } from '../history.js'
import { findSlower, quartersOf } from './slower.js'

/** A run of 400 submits, one each millisecond, that take so long, and as many closes. */
function run(tookMs: (at: number) => number, isDone: (at: number) => boolean = () => true): History {
  const history = new History()
  const times = Array.from({ length: 400 }, (_, at) => at).filter(isDone)
  const of = { client: 'a', colony: 'c', ids: [], labels: [], attempt: undefined, detail: undefined }
  const ok = { outcome: 'ok', code: undefined, tries: [] } as const
  history.add(
    times.flatMap((at) => [
      { ...of, ...ok, operation: 'submit', started: at, ended: at + tookMs(at) },
      { ...of, ...ok, operation: 'closeSuccessful', started: at, ended: at },
      { ...of, ...ok, operation: 'assign', started: at, ended: at + 9_000 },
    ]),
  )
  return history
}

const judged = (history: History) =>
  findSlower(quartersOf(history, 0, 400), { perSecondMin: 950, p99GrowthMax: 1.3 }).join()

test('what becomes slower is seen; the warm-up, the middle and other calls do not count', () => {
  assert.equal(judged(run(() => 10)), '')
  assert.equal(judged(run((at) => (at < 100 ? 500 : 10))), '')
  assert.equal(judged(run((at) => (at >= 200 && at < 300 ? 500 : 10))), '')
  assert.equal(judged(run((at) => (at < 300 ? 10 : 14))), 'p99 went from 10 to 14 ms')
})

test('a quarter that did less than promised is seen, and one that did nothing', () => {
  assert.equal(
    judged(
      run(
        () => 10,
        (at) => at < 100 || at >= 200 || at % 10 > 0,
      ),
    ),
    'quarter 2 closed 900.0 a second, not 950.0',
  )
  assert.match(
    judged(
      run(
        () => 10,
        (at) => at < 300,
      ),
    ),
    /^nothing was submitted in quarter 4,quarter 4 closed 0\.0 a second/,
  )
  assert.match(judged(new History()), /quarter 1.*quarter 4/)
})
