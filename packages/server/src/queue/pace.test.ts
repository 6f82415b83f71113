import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Pace, Paces } from './pace.js'

/** A pace in a time that goes on when it is told to. */
function scene(t: TestContext) {
  let nowMs = 1_000
  t.mock.timers.enable({ apis: ['setTimeout'] })
  t.mock.method(performance, 'now', () => nowMs)
  const pace = new Pace()
  const pass = (ms: number) => {
    nowMs += ms
    t.mock.timers.tick(ms)
  }
  return {
    pace,
    pass,
    /** A statement for so many. */
    statement(count: number, tookMs: number) {
      pace.begin(count)
      pass(tookMs)
      pace.end()
    },
    /** @returns whether a statement for so many is sent by now */
    async gather(count: number) {
      let isSent = false
      void pace.gathered(count).then(() => {
        isSent = true
      })
      const look = async () => {
        await new Promise((resolve) => setImmediate(resolve))
        return isSent
      }
      await look()
      return look
    },
  }
}

test('where a line was idle, and after a statement for one, nobody waits', async (t) => {
  const { pace, statement, gather, pass } = scene(t)
  assert.equal(await (await gather(1))(), true, 'the first one')
  statement(1, 5)
  assert.equal(await (await gather(1))(), true, 'one after the other')
  statement(4, 5)
  pass(31)
  assert.equal(await (await gather(1))(), true, 'those who were answered have gone')
  pace.came(100) // nobody waits, so nothing happens
})

test('few wait for others as long as the last statement took, and no longer than 8 ms', async (t) => {
  const { statement, gather, pass } = scene(t)
  statement(4, 5)
  const isSent = await gather(3)
  pass(4)
  assert.equal(await isSent(), false)
  pass(1)
  assert.equal(await isSent(), true)
  statement(4, 200)
  const isSentAfterSlow = await gather(3)
  pass(7)
  assert.equal(await isSentAfterSlow(), false)
  pass(1)
  assert.equal(await isSentAfterSlow(), true)
})

test('enough of them do not wait, and those who wait go when there are enough', async (t) => {
  const { pace, statement, gather } = scene(t)
  statement(4, 5)
  assert.equal(await (await gather(8))(), true)
  statement(4, 5)
  const isSent = await gather(3)
  pace.came(7)
  assert.equal(await isSent(), false)
  pace.came(8)
  assert.equal(await isSent(), true)
})

test('a line has its pace back when somebody comes again, and the number of paces is bounded', () => {
  const paces = new Paces<number>()
  const first = paces.of(1)
  assert.equal(paces.of(1), first)
  for (let key = 2; key <= 10_001; key++) paces.of(key)
  assert.notEqual(paces.of(1), first)
})
