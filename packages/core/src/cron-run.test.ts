import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type CronTiming, firstRun, nextRun } from './cron-run.js'

const start = Date.parse('2026-11-21T02:29:32Z')
const at = (seconds: number) => start + seconds * 1000

const timing = (changes: Partial<CronTiming>): CronTiming => ({
  expression: '',
  timeZone: 'UTC',
  interval: -1,
  random: false,
  catchup: false,
  ...changes,
})
const everySecond = timing({ expression: '* * * * * *' })
const everyTen = timing({ interval: 10 })

test('the first run comes at the first time of the expression, or when the first interval is over', () => {
  assert.equal(firstRun(timing({ expression: '0 30 2 * * *' }), start), at(28))
  assert.equal(firstRun(everyTen, start), at(10))
  assert.equal(firstRun(timing({ expression: '0 0 0 30 2 *' }), start), undefined)
  assert.equal(firstRun(timing({ expression: '0 30 3 * * *', timeZone: 'Europe/Stockholm' }), start), at(28))
})

test('looking a little late leaves no time out', () => {
  assert.equal(nextRun(everySecond, { plannedMs: start, nowMs: at(0.9) }), at(1))
  assert.equal(nextRun(everySecond, { plannedMs: start, nowMs: at(3.2) }), at(1))
  assert.equal(nextRun(everyTen, { plannedMs: start, nowMs: at(12) }), at(10))
})

test('what was missed is served by one run, or by one each with catchup', () => {
  assert.equal(nextRun(everySecond, { plannedMs: start, nowMs: at(3600.5) }), at(3601))
  assert.equal(nextRun(everyTen, { plannedMs: start, nowMs: at(3605) }), at(3610))
  assert.equal(nextRun({ ...everySecond, catchup: true }, { plannedMs: start, nowMs: at(3600) }), at(1))
  assert.equal(nextRun({ ...everyTen, catchup: true }, { plannedMs: start, nowMs: at(3600) }), at(10))
})

test('what is more than a day late is not caught up on', () => {
  const nowMs = at(10 * 86_400)
  assert.equal(nextRun({ ...everySecond, catchup: true }, { plannedMs: start, nowMs }), at(9 * 86_400 + 1))
  assert.equal(nextRun({ ...everyTen, catchup: true }, { plannedMs: start, nowMs }), at(9 * 86_400 + 10))
})

test('random pauses are whole seconds from 1 to the interval, each as likely as the others', () => {
  const random = timing({ interval: 5, random: true })
  const seconds = [0, 0.19, 0.2, 0.5, 0.999].map(
    (chance) => ((firstRun(random, start, () => chance) ?? 0) - start) / 1000,
  )
  assert.deepEqual(seconds, [1, 1, 2, 3, 5])
  const counts = [0, 0, 0, 0, 0]
  for (let turn = 0; turn < 5000; turn += 1) {
    const pause = ((nextRun(random, { plannedMs: start, nowMs: start }) ?? 0) - start) / 1000
    counts[pause - 1] = (counts[pause - 1] ?? 0) + 1
  }
  for (const count of counts) assert.ok(count > 800 && count < 1200, counts.join())
})

test('planned times only ever go forward', () => {
  const timings = fc.oneof(
    fc
      .constantFrom('* * * * * *', '*/7 * * * * *', '@hourly', '@every 3s', '0 30 2 * * *')
      .map((expression) => ({ expression })),
    fc.record({ interval: fc.integer({ min: 1, max: 100_000 }), random: fc.boolean() }),
  )
  const late = fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 40 * 86_400_000 }))
  fc.assert(
    fc.property(timings, fc.boolean(), late, (changes, catchup, lateMs) => {
      const cron = timing({ ...changes, catchup })
      const nowMs = start + lateMs
      const next = nextRun(cron, { plannedMs: start, nowMs }) ?? Number.POSITIVE_INFINITY
      assert.ok(next > start)
      assert.ok(next >= nowMs - (catchup ? 86_400_000 : 5_000))
    }),
  )
})
