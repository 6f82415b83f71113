import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Pace, Paces } from './pace.js'

/** A pace in a time that goes on when it is told to. */
function scene(t: TestContext, { isAlone = true } = {}) {
  let nowMs = 1_000
  t.mock.timers.enable({ apis: ['setTimeout'] })
  t.mock.method(performance, 'now', () => nowMs)
  const pace = new Pace(() => isAlone)
  const pass = (ms: number) => {
    nowMs += ms
    t.mock.timers.tick(ms)
  }
  /** So many have asked. @returns whether a statement for them is sent by now */
  async function gather(count: number) {
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
  }
  return {
    pace,
    pass,
    /** A statement that so many are answered by. */
    statement(answered: number, tookMs: number) {
      pace.begin()
      pass(tookMs)
      pace.end(answered)
    },
    /** So many ask, one after the other. @returns whether a statement for them is sent by now */
    async ask(count: number) {
      for (let one = 1; one <= count; one++) pace.came(one)
      return gather(count)
    },
    gather,
  }
}

test('where a line was idle, and where callers are few altogether, nobody waits', async (t) => {
  const { statement, ask, pass } = scene(t)
  assert.equal(await (await ask(1))(), true, 'the first one')
  statement(1, 5)
  assert.equal(await (await ask(1))(), true, 'one after the other')
  statement(11, 5)
  assert.equal(await (await ask(1))(), true, 'eleven, of whom one has come back')
  pass(50)
  statement(12, 5)
  pass(41)
  assert.equal(await (await ask(1))(), true, 'those who were answered have gone')
})

test('few wait for others twice as long as the last statement took, and no longer than 8 ms', async (t) => {
  const { statement, ask, pass } = scene(t)
  statement(12, 3)
  const isSent = await ask(3)
  pass(5)
  assert.equal(await isSent(), false)
  pass(1)
  assert.equal(await isSent(), true)
  statement(12, 200)
  const isSentAfterSlow = await ask(3)
  pass(7)
  assert.equal(await isSentAfterSlow(), false)
  pass(1)
  assert.equal(await isSentAfterSlow(), true)
})

test('twelve do not wait, nor do half of a larger crowd', async (t) => {
  const { pace, statement, ask, pass } = scene(t)
  statement(40, 5)
  assert.equal(await (await ask(12))(), true, 'twelve of forty')
  pass(50)
  statement(18, 5)
  assert.equal(await (await ask(9))(), true, 'nine of eighteen')
  pass(50)
  statement(14, 5)
  const isSent = await ask(7)
  assert.equal(await isSent(), false, 'seven of fourteen')
  pace.came(8)
  assert.equal(await isSent(), true, 'eight of fourteen')
  pass(50)
  statement(20, 5)
  const isHalfSent = await ask(8)
  assert.equal(await isHalfSent(), false, 'eight of twenty')
  pace.came(9)
  assert.equal(await isHalfSent(), false, 'nine of twenty')
  pace.came(10)
  assert.equal(await isHalfSent(), true, 'ten of twenty')
})

test('one call for several is expected to come back as one', async (t) => {
  const { pace, statement, gather } = scene(t)
  statement(11, 5)
  pace.came(11, 11)
  assert.equal(await (await gather(11))(), true, 'all eleven come with one call')
  statement(16, 5)
  pace.came(4, 4)
  assert.equal(await (await gather(4))(), false, 'four of sixteen')
})

test('those who wait go when all are there, or when they are told to', async (t) => {
  const { pace, statement, ask } = scene(t)
  statement(12, 5)
  const isSent = await ask(3)
  for (let count = 4; count <= 11; count++) pace.came(count)
  assert.equal(await isSent(), false)
  pace.came(12)
  assert.equal(await isSent(), true)
  statement(12, 5)
  const isHurried = await ask(1)
  assert.equal(await isHurried(), false)
  pace.hurry()
  assert.equal(await isHurried(), true)
})

test('with other replicas six are a crowd, and when all of them are there they go', async (t) => {
  const { pace, statement, ask, pass } = scene(t, { isAlone: false })
  statement(5, 5)
  assert.equal(await (await ask(1))(), true, 'five')
  pass(50)
  statement(6, 5)
  const isSent = await ask(1)
  for (let count = 2; count <= 5; count++) pace.came(count)
  assert.equal(await isSent(), false)
  pace.came(6)
  assert.equal(await isSent(), true)
})

test('a line has its pace back when somebody comes again, and the number of paces is bounded', () => {
  const paces = new Paces<number>(() => true)
  const first = paces.of(1)
  assert.equal(paces.of(1), first)
  for (let key = 2; key <= 10_001; key++) paces.of(key)
  assert.notEqual(paces.of(1), first)
})
