import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Claimed } from '@colonies/database'
import { anyShape } from '@colonies/testkit'
import { LowWater } from './low-water.js'
import { LOWEST } from './name-marks.js'

const SECOND = 1_000_000_000n

interface ClaimOptions {
  all?: boolean
  meanwhile?(): void
  shape?: typeof anyShape
  takesMs?: number
  again?: boolean
  /** Executors that claim; what is claimed goes to them by turns. */
  names?: readonly string[]
  /** Whether what is claimed wanted its executor by name. */
  named?: boolean
}

/** A queue whose claims take so long, and what they were told to begin at. */
function queue(usualMs: number) {
  let nowMs = 0
  let namedBegins: bigint[] = []
  const lowWater = new LowWater(() => nowMs)
  return {
    lowWater,
    pass: (ms: number) => void (nowMs += ms),
    /** From where the last claim looked for what wants its executors by name. */
    namedBegins: () => namedBegins,
    /** @param times priority times of what is claimed @returns from where it looked */
    async claim(times: readonly bigint[], options: ClaimOptions = {}) {
      const { all = false, meanwhile, shape = anyShape, takesMs = usualMs, names = ['e1'] } = options
      const { again = false, named = false } = options
      let begins: bigint | undefined
      await lowWater.claim(shape, { names, looksAtAll: all }, async (from, namedFrom) => {
        begins = from
        namedBegins = names.map((name) => namedFrom(name))
        nowMs += takesMs
        meanwhile?.()
        return times.map(
          (priority_time, nth) => ({ priority_time, again, named, place: nth % names.length }) as Claimed,
        )
      })
      return begins
    },
  }
}

/** One that was slow once already. */
async function slowQueue() {
  const slow = queue(20)
  await slow.claim([])
  return slow
}

test('while claims are quick, each looks at all of the queue', async () => {
  const { claim } = queue(2)
  await claim([100n * SECOND])
  assert.equal(await claim([101n * SECOND]), undefined)
})

test('one slow claim is none: the machine may have been busy', async () => {
  const { claim } = queue(20)
  await claim([100n * SECOND])
  assert.equal(await claim([101n * SECOND]), undefined)
  assert.equal(await claim([]), 99n * SECOND)
})

test('slow claims begin a little before what was claimed last, until all is looked at again', async () => {
  const { claim, pass } = await slowQueue()
  await claim([90n * SECOND, 100n * SECOND])
  assert.equal(await claim([101n * SECOND]), 98n * SECOND)
  assert.equal(await claim([]), 99n * SECOND)
  pass(1_000)
  assert.equal(await claim([]), undefined)
  assert.equal(await claim([]), 99n * SECOND)
})

test('a claim of a new shape, and one that has to be certain, look at all', async () => {
  const { claim } = await slowQueue()
  await claim([100n * SECOND])
  assert.equal(await claim([], { all: true }), undefined)
  assert.equal(await claim([], { shape: { ...anyShape, location: 'x' } }), undefined)
})

test('what an executor is given again, which it had before, does not raise the mark', async () => {
  const { claim } = await slowQueue()
  await claim([100n * SECOND])
  await claim([200n * SECOND], { again: true })
  assert.equal(await claim([]), 98n * SECOND)
})

test('each shape has a mark of its own, so that executors of two kinds do not look at all by turns', async () => {
  const { claim } = await slowQueue()
  const shape = { ...anyShape, location: 'x' }
  await claim([100n * SECOND])
  await claim([], { shape })
  await claim([50n * SECOND], { shape })
  assert.equal(await claim([]), 98n * SECOND)
  assert.equal(await claim([], { shape }), 48n * SECOND)
})

test('marks are of use while claims are slow, and for some seconds after the last', async () => {
  const quick = queue(2)
  await quick.claim([100n * SECOND])
  assert.equal(quick.lowWater.isOfUse, false)
  const { lowWater, pass } = await slowQueue()
  pass(9_000)
  assert.equal(lowWater.isOfUse, true)
  pass(2_000)
  assert.equal(lowWater.isOfUse, false)
})

test('what becomes ready before the mark lowers it, also while a claim is under way', async () => {
  const { claim, lowWater } = await slowQueue()
  await claim([100n * SECOND])
  lowWater.fallTo(50n * SECOND)
  assert.equal(await claim([]), 50n * SECOND)
  await claim([200n * SECOND], { meanwhile: () => lowWater.fallTo(60n * SECOND) })
  assert.equal(await claim([]), 60n * SECOND)
})

test('what becomes ready at an unknown place is looked for soon, however slow that is not all of the time', async () => {
  const { claim, lowWater, pass } = await slowQueue()
  await claim([100n * SECOND])
  lowWater.fallTo(undefined)
  assert.equal(await claim([]), 98n * SECOND)
  pass(380)
  assert.equal(await claim([]), undefined)
})

test('after claims that took seconds, as when the database was away, all is looked at again within a second', async () => {
  const { claim, lowWater, pass } = queue(2)
  for (const _ of [1, 2]) await claim([100n * SECOND], { takesMs: 3_000 })
  lowWater.fallTo(undefined)
  assert.equal(await claim([]), 98n * SECOND)
  pass(1_000)
  assert.equal(await claim([]), undefined)
  assert.equal(await claim([]), undefined)
})

test('when looking at all of the queue stays slow, it is done more and more seldom, down to a twentieth of the time', async () => {
  const { claim, lowWater, pass } = queue(300)
  await claim([])
  for (const restMs of [1_000, 2_000, 4_000, 6_000, 6_000]) {
    assert.equal(await claim([100n * SECOND]), undefined)
    lowWater.fallTo(undefined)
    pass(restMs - 301)
    assert.equal(await claim([], { takesMs: 1 }), 98n * SECOND)
    pass(300)
  }
})

test('slow claims that have to be certain, one after the other, count as one', async () => {
  const { claim, lowWater, pass } = queue(500)
  for (let nth = 0; nth < 10; nth++) await claim([100n * SECOND], { all: true })
  lowWater.fallTo(undefined)
  pass(1_000)
  assert.equal(await claim([]), undefined)
})

test('a place that was never known is not made up by what becomes ready', async () => {
  const { claim, lowWater } = await slowQueue()
  await claim([])
  lowWater.fallTo(50n * SECOND)
  assert.equal(await claim([]), undefined)
})

test('after a look at all, behind whose last process more may be left, claims begin there, though it is before the mark', async () => {
  const { claim, pass } = await slowQueue()
  await claim([200n * SECOND])
  pass(1_000)
  assert.equal(await claim([50n * SECOND, 51n * SECOND], { names: ['e1', 'e2'] }), undefined)
  assert.equal(await claim([52n * SECOND]), 49n * SECOND)
  assert.equal(await claim([], { names: ['e1', 'e2'] }), 50n * SECOND)
})

test('a look at all that finds too little for all who ask leaves the mark where it was', async () => {
  const { claim, pass } = await slowQueue()
  await claim([200n * SECOND])
  pass(1_000)
  assert.equal(await claim([50n * SECOND], { names: ['e1', 'e2'] }), undefined)
  assert.equal(await claim([]), 198n * SECOND)
})

test('looks from a mark on that take far longer than a look at all are given up', async () => {
  const { claim } = await slowQueue()
  await claim([100n * SECOND])
  assert.equal(await claim([], { takesMs: 41 }), 98n * SECOND)
  assert.equal(await claim([]), undefined)
})

test('a hint without a time that comes during a look at all asks for the next one', async () => {
  const { claim, lowWater, pass } = await slowQueue()
  await claim([100n * SECOND], { meanwhile: () => lowWater.fallTo(undefined) })
  pass(380)
  assert.equal(await claim([], { takesMs: 1 }), 98n * SECOND, 'it still rests')
  pass(20)
  assert.equal(await claim([]), undefined)
})

test('a look at all that fails, as by the limit of its time, is not tried again at once', async () => {
  const { claim, lowWater, pass } = await slowQueue()
  await claim([100n * SECOND])
  pass(1_000)
  const names = ['e1']
  await assert.rejects(
    lowWater.claim(anyShape, { names, looksAtAll: false }, async () => Promise.reject(new Error('too late'))),
  )
  assert.equal(await claim([]), 98n * SECOND)
})

/** Both executors have had a look at all of a slow queue, and `e2` goes on while `e1` is busy. */
async function busyExecutor() {
  const slow = await slowQueue()
  await slow.claim([100n * SECOND], { names: ['e1', 'e2'] })
  await slow.claim([200n * SECOND], { names: ['e2'] })
  return slow
}

test('for who was busy while others went on, what wants it by name is looked for where it was left behind', async () => {
  const { claim, namedBegins } = await busyExecutor()
  assert.equal(await claim([201n * SECOND], { names: ['e1', 'e2'] }), 198n * SECOND)
  assert.deepEqual(namedBegins(), [98n * SECOND, 198n * SECOND])
  await claim([], { names: ['e1', 'e2'] })
  assert.deepEqual(namedBegins(), [199n * SECOND, 199n * SECOND])
})

test('who gets by its name all that it asked for may have more of that left', async () => {
  const { claim, namedBegins } = await busyExecutor()
  await claim([150n * SECOND], { names: ['e1'], named: true })
  assert.equal(await claim([], { names: ['e1', 'e2'] }), 198n * SECOND, 'which tells nothing of all others')
  assert.deepEqual(namedBegins(), [148n * SECOND, 198n * SECOND])
})

test('what becomes ready lowers the marks of all executors', async () => {
  const { claim, lowWater, namedBegins } = await busyExecutor()
  lowWater.fallTo(50n * SECOND)
  await claim([300n * SECOND], { names: ['e2'] })
  await claim([], { names: ['e1', 'e2'] })
  assert.deepEqual(namedBegins(), [50n * SECOND, 298n * SECOND])
})

test('all that wants an executor by name is looked at when it is new, and each second', async () => {
  const { claim, pass, namedBegins } = await busyExecutor()
  await claim([210n * SECOND], { names: ['e2', 'e3', 'e4'] })
  assert.deepEqual(namedBegins(), [198n * SECOND, LOWEST, LOWEST])
  pass(945)
  await claim([211n * SECOND], { names: ['e2', 'e3', 'e4'], takesMs: 1 })
  assert.deepEqual(namedBegins(), [LOWEST, 208n * SECOND, 208n * SECOND])
})
