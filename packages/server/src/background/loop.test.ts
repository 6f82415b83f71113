import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Db } from '@colonies/database'
import type { Replica } from '../handler.js'
import { createLog } from '../log.js'
import { Alarm, backoffMs, type Loop, restOf, runLoops } from './loop.js'

/** Loops here touch neither. */
const db = {} as Db
const replica = {} as Replica

function deferred<Value>() {
  let resolve: (value: Value) => void = () => {}
  const promise = new Promise<Value>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

function start(runOnce: Loop['runOnce'], everyMs = 1) {
  const lines: string[] = []
  const log = createLog({ level: 'info', write: (line) => lines.push(line) })
  return { lines, stop: runLoops([{ name: 'counting', everyMs, runOnce }], { db, replica, log }) }
}

test('a loop comes back, at once while there is more to do', async () => {
  const { promise, resolve } = deferred<void>()
  let runs = 0
  const { stop } = start(async () => {
    runs++
    if (runs === 50) resolve()
    return runs % 10 === 0 ? 'rest' : 'again'
  })
  await promise
  await stop()
})

test('a run that throws is logged once, and the loop goes on', async () => {
  const { promise, resolve } = deferred<void>()
  let runs = 0
  const { stop, lines } = start(async () => {
    runs++
    if (runs <= 2) throw new Error('no luck')
    if (runs === 4) resolve()
    return 'rest'
  })
  await promise
  await stop()
  assert.equal(lines.filter((line) => line.includes('no luck')).length, 1)
  assert.equal(lines.filter((line) => line.includes('a loop works')).length, 1)
})

test('however long the database was away, loops that come each second are back within two', () => {
  assert.deepEqual([0, 1, 2, 100].map(backoffMs), [0, 500, 1_000, 1_000])
})

test('a loop never overlaps itself', async () => {
  const { promise, resolve } = deferred<void>()
  let running = 0
  let most = 0
  let runs = 0
  const { stop } = start(async () => {
    most = Math.max(most, ++running)
    await new Promise((next) => setImmediate(next))
    running--
    if (++runs === 20) resolve()
    return 'again'
  })
  await promise
  await stop()
  assert.equal(most, 1)
})

test('stopping wakes a loop that rests', async () => {
  const { promise, resolve } = deferred<void>()
  const { stop } = start(async () => {
    resolve()
    return 'rest'
  }, 5)
  await promise
  const before = performance.now()
  await stop()
  assert.ok(performance.now() - before < 500)
})

test('stopping tells a long run, and does not wait for one that does not listen', async () => {
  const { promise, resolve } = deferred<AbortSignal>()
  const { stop } = start(({ signal }) => {
    resolve(signal)
    return new Promise(() => {})
  })
  const signal = await promise
  const before = performance.now()
  await stop()
  assert.ok(signal.aborted)
  assert.ok(performance.now() - before < 2_000)
})

test('an alarm ends the rest of a loop, also one that rings while the loop runs', async () => {
  const alarm = new Alarm()
  const hour = 3_600_000
  const log = createLog({ level: 'info', write: () => {} })
  let runs = 0
  const { promise, resolve } = deferred<void>()
  const loop: Loop = {
    name: 'hourly',
    everyMs: hour,
    alarm,
    async runOnce() {
      runs += 1
      if (runs === 1) alarm.ring()
      if (runs === 2) alarm.ringIn(1)
      if (runs === 3) resolve()
      return 'rest'
    },
  }
  const stop = runLoops([loop], { db, replica, log })
  alarm.ring()
  await promise
  await stop()
  alarm.ring()
  assert.equal(runs, 3)
})

test('a loop that looks through much rests longer, as far as it may', () => {
  assert.equal(restOf({ everyMs: 2_000 }, 500), 2_000)
  assert.equal(restOf({ everyMs: 2_000, restMsMax: 5_000 }, 20), 2_000)
  assert.equal(restOf({ everyMs: 2_000, restMsMax: 5_000 }, 80), 4_000)
  assert.equal(restOf({ everyMs: 2_000, restMsMax: 5_000 }, 500), 4_500)
  assert.equal(restOf({ everyMs: 2_000, restMsMax: 5_000 }, 6_000), 2_000)
})

test('in a quiet replica a loop rests for longer, until somebody comes', async () => {
  const rouse: ((isQuiet: boolean) => void)[] = []
  const activity = { isQuiet: true, follow: (changed: (isQuiet: boolean) => void) => void rouse.push(changed) }
  const runs = { seldom: 0, often: 0 }
  const waiting = new Map<string, () => void>()
  const loop = (name: keyof typeof runs, of: Partial<Loop>): Loop => ({
    name,
    everyMs: 1,
    ...of,
    async runOnce() {
      runs[name]++
      waiting.get(`${name} ${runs[name]}`)?.()
      return 'rest'
    },
  })
  const run = (name: keyof typeof runs, count: number) =>
    new Promise<void>((resolve) => waiting.set(`${name} ${count}`, resolve))
  const awaited = { first: run('seldom', 1), second: run('seldom', 2), often: run('often', 20) }
  const stop = runLoops(
    [loop('seldom', { quietMs: 3_600_000 }), loop('often', {})],
    { db, replica, log: createLog({ level: 'error' }) },
    activity,
  )
  await Promise.all([awaited.first, awaited.often])
  assert.equal(runs.seldom, 1)
  activity.isQuiet = false
  const again = run('seldom', 20)
  for (const changed of rouse) changed(false)
  await Promise.all([awaited.second, again])
  await stop()
})

test('how long a loop rests while the replica is quiet', () => {
  const loop = { everyMs: 1_000, quietMs: 4_000 }
  assert.deepEqual([restOf(loop, 1), restOf(loop, 1, true), restOf({ everyMs: 1_000 }, 1, true)], [1_000, 4_000, 1_000])
})
