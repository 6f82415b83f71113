import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Agenda, type Db, sql } from '@colonies/database'
import { testDatabase } from '@colonies/testkit'
import { upkeepColony, upkeepContext } from '../testing/upkeep.js'
import { deadlines } from './deadlines.js'
import { Lookout } from './lookout.js'
import { Alarm, type Loop, restOf } from './loop.js'

const nothing: Agenda = {
  deadlines: false,
  crons: false,
  generators: false,
  lostExecutors: false,
  lostInstances: false,
}

/** A lookout with two loops, on a database that answers as told, in a time that goes on when it is told to. */
function scene(t: TestContext, answer: () => Promise<Agenda>) {
  let nowMs = 0
  t.mock.timers.enable({ apis: ['setTimeout'] })
  t.mock.method(performance, 'now', () => nowMs)
  const wait = (ms: number) => {
    nowMs += ms
    t.mock.timers.tick(ms)
  }
  const lookout = new Lookout()
  const watch = (what: keyof Agenda) => {
    const loop: Loop = { name: what, everyMs: 1_000, alarm: new Alarm(), runOnce: async () => 'rest' }
    return lookout.watch(what, loop)
  }
  const db = { all: async () => [await answer()] } as unknown as Db
  const look = () => lookout.runOnce({ db })
  return { lookout, look, wait, crons: watch('crons'), deadlines: watch('deadlines') }
}

/** Whether the loop is called from its rest. */
async function isCalled({ alarm }: Loop): Promise<boolean> {
  const stop = new AbortController()
  const rest = alarm?.rest(3_600_000, stop.signal).then(() => !stop.signal.aborted)
  await new Promise((resolve) => setImmediate(resolve))
  stop.abort()
  return (await rest) ?? false
}

test('a loop is called when there is something for it, and rests while there is not', async (t) => {
  let agenda = nothing
  const { lookout, look, crons, deadlines } = scene(t, async () => agenda)
  assert.equal(restOf(crons, 1), 1_000, 'nobody has looked yet')
  await look()
  assert.equal(restOf(lookout, 49), 1_000, 'others rely on it')
  assert.deepEqual([await isCalled(crons), await isCalled(deadlines)], [false, false])
  assert.equal(restOf(crons, 1), 30_000)
  agenda = { ...nothing, crons: true }
  await look()
  assert.deepEqual([await isCalled(crons), await isCalled(deadlines)], [true, false])
})

test('loops look for themselves as soon as an answer is late, and until one is quick', async (t) => {
  let answer: (agenda: Agenda) => void = () => {}
  let isQuick = true
  const { look, wait, crons, deadlines } = scene(t, () =>
    isQuick
      ? Promise.resolve(nothing)
      : new Promise((resolve) => {
          answer = resolve
        }),
  )
  await look()
  isQuick = false
  const late = look()
  assert.equal(await isCalled(crons), false)
  wait(50)
  assert.deepEqual([await isCalled(crons), await isCalled(deadlines)], [true, true])
  assert.equal(restOf(crons, 1), 1_000)
  answer(nothing)
  await late
  assert.equal(restOf(crons, 1), 1_000, 'the next one may be as late')
  isQuick = true
  await look()
  assert.equal(restOf(crons, 1), 30_000)
})

test('loops look for themselves after a look that failed', async (t) => {
  let fails = false
  const { look, crons, deadlines } = scene(t, async () => {
    if (fails) throw new Error('no database')
    return nothing
  })
  await look()
  fails = true
  await assert.rejects(look())
  assert.deepEqual([await isCalled(crons), await isCalled(deadlines)], [true, true])
  assert.equal(restOf(crons, 1), 1_000)
})

test('what the look finds, the loop finds', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', ['ada'])
  const context = upkeepContext(db)
  const lookout = new Lookout()
  const loop = lookout.watch('deadlines', deadlines())
  const processId = await colony.submit({ waitSeconds: 60 })
  await lookout.runOnce(context)
  assert.equal(await isCalled(loop), false)
  await db.run(sql`update live set deadline = now() - interval '1 second' where process_id = ${processId}`)
  await lookout.runOnce(context)
  assert.equal(await isCalled(loop), true)
  await loop.runOnce(context)
  assert.equal(await colony.stateOf(processId), 3)
  await lookout.runOnce(context)
  assert.equal(await isCalled(loop), false)
})
