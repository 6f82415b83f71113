import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Agenda, type Db, sql } from '@colonies/database'
import { testDatabase } from '@colonies/testkit'
import { upkeepColony, upkeepContext } from '../testing/upkeep.js'
import { deadlines } from './deadlines.js'
import { Lookout } from './lookout.js'
import { Alarm, type Loop, restOf, runLoops } from './loop.js'

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
  const activity = { isQuiet: false }
  const lookout = new Lookout(activity)
  const watch = (what: keyof Agenda) => {
    const loop: Loop = { name: what, everyMs: 1_000, alarm: new Alarm(), runOnce: async () => 'rest' }
    return lookout.watch(what, loop)
  }
  const db = { all: async () => [await answer()] } as unknown as Db
  const look = () => lookout.runOnce({ db })
  return { activity, lookout, look, wait, crons: watch('crons'), deadlines: watch('deadlines') }
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
  const lookout = new Lookout({ isQuiet: false })
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

test('in a quiet replica the next look is later when nothing comes', async (t) => {
  let agenda = nothing
  let answerMs = 1
  const { activity, lookout, look, wait, deadlines } = scene(t, async () => {
    wait(answerMs)
    return agenda
  })
  const restMs = () => restOf(lookout, 1, activity.isQuiet)
  await look()
  activity.isQuiet = true
  assert.equal(restMs(), 1_000, 'it has not looked ahead yet')
  await look()
  assert.equal(restMs(), 4_000)
  activity.isQuiet = false
  assert.equal(restMs(), 1_000, 'somebody came')
  activity.isQuiet = true
  agenda = { ...nothing, deadlines: true }
  await look()
  assert.deepEqual([restMs(), await isCalled(deadlines)], [1_000, true])
  agenda = nothing
  await look()
  assert.equal(restMs(), 4_000)
  answerMs = 60
  await look()
  assert.equal(restOf(lookout, 60, true), 3_000, 'a slow one rests by what it took')
})

test('a quiet replica sees what comes before its next look', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', ['ada'])
  await db.run(sql`update listening set last_at = now(), since = now() - interval '1 hour'`)
  const lookout = new Lookout({ isQuiet: true })
  const alarms = { deadlines: new Alarm(), lostExecutors: new Alarm(), lostInstances: new Alarm() }
  const loops = Object.entries(alarms).map(([name, alarm]) =>
    lookout.watch(name as keyof Agenda, { name, everyMs: 1_000, alarm, runOnce: async () => 'rest' }),
  )
  const called = async () => {
    await lookout.runOnce({ db })
    const names: string[] = []
    for (const loop of loops) if (await isCalled(loop)) names.push(loop.name)
    return names
  }
  const processId = await colony.submit({ waitSeconds: 60 })
  await colony.submit()
  await colony.assign('ada')
  await db.run(sql`update executors set leased = true, heartbeat_at = now() - interval '50 seconds'`)
  await db.run(sql`
    insert into executor_instances (colony, executor_id, instance_id, heartbeat_at, look_at)
    select colony, executor_id, 'one', now() - interval '50 seconds', now() + interval '10 seconds' from executors`)
  assert.deepEqual([await called(), lookout.quietMs], [[], 4_000])
  await db.run(sql`update live set deadline = now() + interval '4 seconds' where process_id = ${processId}`)
  assert.deepEqual([await called(), lookout.quietMs], [['deadlines'], undefined])
  await db.run(sql`update live set deadline = null`)
  await db.run(sql`update executors set heartbeat_at = now() - interval '56 seconds'`)
  assert.deepEqual(await called(), ['lostExecutors'])
  await db.run(sql`update executors set heartbeat_at = now()`)
  await db.run(sql`
    update executor_instances set heartbeat_at = now() - interval '56 seconds', look_at = now() + interval '4 seconds'`)
  assert.deepEqual(await called(), ['lostInstances'])
})

test('a deadline that comes while the replica is quiet is met in time', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', ['ada'])
  const lookout = new Lookout({ isQuiet: true })
  let looks = 0
  const counting: Loop = {
    name: 'lookout',
    everyMs: 1_000,
    get quietMs() {
      return lookout.quietMs
    },
    runOnce(context) {
      looks++
      return lookout.runOnce(context)
    },
  }
  const watched = lookout.watch('deadlines', deadlines())
  const processId = await colony.submit({ waitSeconds: 7 })
  const begunMs = performance.now()
  const stop = runLoops([counting, watched], upkeepContext(db), { isQuiet: true, follow() {} })
  t.after(stop)
  while ((await colony.stateOf(processId)) !== 3) {
    const passedMs = performance.now() - begunMs
    assert.ok(passedMs < 20_000, 'its deadline was missed')
    assert.ok(looks <= 1 || passedMs > 3_000, 'it looks each second though nothing comes')
    // sleeps: the deadline has to pass, by the clock of the database
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const lateMs = performance.now() - begunMs - 7_000
  assert.ok(lateMs < 3_000, `it was ${lateMs.toFixed(0)} ms late`)
})
