import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  cancelProcess,
  closeFailed,
  closeSuccessful,
  type Database,
  giveBack,
  insertAttribute,
  insertProcesses,
  removeProcess,
} from '@colonies/database'
import { newId } from '@colonies/identity'
import { type ColoniesError, State } from '@colonies/protocol'
import { executorIdOf, plainProcess, testDatabase } from '@colonies/testkit'
import type { Call, Replica } from '../handler.js'
import { createLog } from '../log.js'
import type { Outlet, SubscriptionName } from '../subscriber.js'
import { type UpkeepColony, upkeepColony } from '../testing/upkeep.js'
import { createSubscriptions } from './subscriptions.js'

interface SentProcess {
  processid: string
  state: number
  out: unknown[]
  errors: string[]
  attempt?: number
  assignedexecutorid: string
}

/** Of a peer that takes everything at once. */
function outletOf({ send, done }: Pick<Outlet, 'send' | 'done'>): Outlet {
  return { send, done, isFull: () => false, whenRoom() {} }
}

const NO_SUCH_ID = 'f'.repeat(64)

/** One replica with its subscribers, in a colony with two executors. */
class Scene {
  readonly db: Database
  readonly colony: UpkeepColony
  readonly subscriptions
  readonly feed

  constructor(t: TestContext, db: Database, colony: UpkeepColony) {
    this.db = db
    this.colony = colony
    const { subscriptions, feed } = createSubscriptions(db, createLog({ level: 'error' }))
    this.subscriptions = subscriptions
    this.feed = feed
    t.after(() => this.stops.forEach((stop) => void stop()))
  }

  readonly stops: (() => void)[] = []

  subscribe(name: SubscriptionName, input: object, colony = this.colony) {
    const frames: SentProcess[] = []
    const end: { refusal: ColoniesError | undefined; ended: boolean } = { refusal: undefined, ended: false }
    const call = this.call(colony)
    const complete = {
      processid: '',
      colonyname: colony.name,
      executortype: '',
      state: 0,
      timeout: 60,
      key: '',
      name: '',
      afterseq: 0n,
      ended: false,
      ...input,
    }
    const stop = this.subscriptions[name](
      complete,
      call,
      outletOf({
        send: (text) => void frames.push(JSON.parse(text)),
        done(refusal) {
          assert.equal(end.ended, false, 'it ends once')
          Object.assign(end, { refusal, ended: true })
        },
      }),
    )
    this.stops.push(stop)
    return { frames, states: () => frames.map((frame) => frame.state), end, stop }
  }

  /** Of a call, subscriptions use the database and the colony. */
  call({ key, name }: UpkeepColony): Call {
    return {
      db: this.db,
      colony: { key, name, ownerId: '', paused: false },
      caller: { id: '', name: '', kind: 'none', executor: undefined },
      replica: {} as Replica,
      signal: new AbortController().signal,
      hold() {},
    }
  }

  /** Polls until it is so: transactions of other tests may hide events for a moment. */
  async until(isSo: () => boolean): Promise<void> {
    const giveUpAt = performance.now() + 10_000
    while (!isSo()) {
      assert.ok(performance.now() < giveUpAt, 'it never happened')
      await this.feed.poll()
      await new Promise((next) => setImmediate(next))
    }
  }

  /** Waits until the subscriptions so far hear of all that is committed from now on. */
  async settled(): Promise<void> {
    const marker = await this.colony.submit({ executorType: 'marker' })
    const reached = this.subscribe('subscribeProcess', { processid: marker })
    await this.until(() => reached.frames.length > 0)
    reached.stop()
  }

  close(processId: string, executor = 'ada', output = '[1]') {
    return closeSuccessful(this.db, this.colony.key, [
      { processId, holder: executorIdOf(executor), attempt: 0, output },
    ])
  }
}

async function scene(t: TestContext): Promise<Scene> {
  const { db } = await testDatabase(t)
  return new Scene(t, db, await upkeepColony(db, 'dev', ['ada', 'eve']))
}

test('a process that is in the state already is shown at once, and once', async (t) => {
  const s = await scene(t)
  const processid = await s.colony.submit()
  const one = s.subscribe('subscribeProcess', { processid, state: State.waiting })
  await s.until(() => one.frames.length > 0)
  await s.settled()
  assert.deepEqual(one.states(), [State.waiting])
  assert.equal(one.end.ended, false)
})

test('a process is shown each time it enters the state, and last when it has ended', async (t) => {
  const s = await scene(t)
  const processid = await s.colony.submit()
  const one = s.subscribe('subscribeProcess', { processid, state: State.running })
  await s.settled()
  for (const attempt of [1, 2]) {
    await s.colony.assign('ada')
    await s.until(() => one.frames.length === attempt)
    if (attempt === 1)
      await giveBack(s.db, s.colony.key, [{ processId: processid, holder: executorIdOf('ada'), attempt: 0 }])
  }
  await s.close(processid)
  await s.until(() => one.end.ended)
  assert.deepEqual(one.states(), [State.running, State.running, State.success])
  assert.deepEqual(one.frames.at(-1)?.out, [1])
})

test('whoever waits for success hears of failure and of cancellation', async (t) => {
  const s = await scene(t)
  const failing = await s.colony.submit()
  await s.colony.assign('ada')
  const cancelled = await s.colony.submit()
  const subscribers = [failing, cancelled].map((processid) =>
    s.subscribe('subscribeProcess', { processid, state: State.success }),
  )
  await s.settled()
  await closeFailed(s.db, s.colony.key, [
    { processId: failing, holder: executorIdOf('ada'), attempt: 0, errors: ['broke'] },
  ])
  await cancelProcess(s.db, s.colony.key, cancelled)
  await s.until(() => subscribers.every(({ end }) => end.ended))
  assert.deepEqual(
    subscribers.map((one) => one.states()),
    [[State.failed], [State.cancelled]],
  )
  assert.deepEqual(subscribers[0]?.frames[0]?.errors, ['broke'])
})

test('a process that has ended is shown whatever state is waited for, and that is the end', async (t) => {
  const s = await scene(t)
  const processid = await s.colony.submit()
  await s.colony.assign('ada')
  await s.close(processid)
  for (const state of [State.running, State.success]) {
    const one = s.subscribe('subscribeProcess', { processid, state })
    await s.until(() => one.end.ended)
    assert.deepEqual(one.states(), [State.success])
  }
})

test('without time a subscription ends after one look', async (t) => {
  const s = await scene(t)
  const processid = await s.colony.submit()
  for (const timeout of [0, -1]) {
    const hit = s.subscribe('subscribeProcess', { processid, state: State.waiting, timeout })
    const miss = s.subscribe('subscribeProcess', { processid, state: State.running, timeout })
    const many = s.subscribe('subscribeProcesses', { executortype: 'cli', timeout })
    const attribute = s.subscribe('subscribeAttribute', { processid, key: 'k', timeout })
    await s.until(() => [hit, miss, many, attribute].every(({ end }) => end.ended && end.refusal === undefined))
    assert.deepEqual(
      [hit, miss, many, attribute].map((one) => one.frames.length),
      [1, 0, 0, 0],
    )
  }
})

test('when its time is over a subscription ends without a frame', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const s = await scene(t)
  const many = s.subscribe('subscribeProcesses', { executortype: 'cli', timeout: 60 })
  t.mock.timers.tick(59_999)
  assert.equal(many.end.ended, false)
  t.mock.timers.tick(1)
  assert.deepEqual([many.end.ended, many.frames], [true, []])
})

test('a process that started with an executor at hand was waiting, too', async (t) => {
  const s = await scene(t)
  const [waiting, running] = [State.waiting, State.running].map((state) =>
    s.subscribe('subscribeProcesses', { executortype: 'cli', state }),
  )
  await s.settled()
  const holder = { id: executorIdOf('ada'), name: 'ada', assignId: null }
  await insertProcesses(s.db, s.colony.key, [plainProcess({ holder })], [])
  await s.until(() => [waiting, running].every((one) => one?.frames.length === 1))
  assert.deepEqual([waiting?.states(), running?.states()], [[State.waiting], [State.running]])
})

test('every subscriber to a type gets every process of it, in its colony only', async (t) => {
  const s = await scene(t)
  const other = await upkeepColony(s.db, 'other')
  const subscribers = [1, 2, 3].map(() => s.subscribe('subscribeProcesses', { executortype: 'cli' }))
  const elsewhere = s.subscribe('subscribeProcesses', { executortype: 'cli' }, other)
  const ofOtherType = s.subscribe('subscribeProcesses', { executortype: 'gpu' })
  await s.settled()
  const ids: string[] = []
  for (let count = 0; count < 250; count += 1) ids.push(plainProcess().processId)
  await insertProcesses(
    s.db,
    s.colony.key,
    ids.map((processId) => plainProcess({ processId })),
    [],
  )
  await s.until(() => subscribers.every(({ frames }) => frames.length >= ids.length))
  for (const { frames } of subscribers) assert.deepEqual(frames.map((frame) => frame.processid).sort(), [...ids].sort())
  assert.deepEqual([elsewhere.frames, ofOtherType.frames], [[], []])
})

test('with the type of another executor only the end is shown', async (t) => {
  const s = await scene(t)
  const processid = await s.colony.submit()
  const one = s.subscribe('subscribeProcess', { processid, state: State.running, executortype: 'gpu' })
  await s.settled()
  await s.colony.assign('ada')
  await s.close(processid)
  await s.until(() => one.end.ended)
  assert.deepEqual(one.states(), [State.success])
})

test('an attribute is shown when it is there, or as soon as it is added; the end of its process ends the wait', async (t) => {
  const s = await scene(t)
  const processid = await s.colony.submit()
  await s.colony.assign('ada')
  const add = (key: string) =>
    insertAttribute(
      s.db,
      s.colony.key,
      { processId: processid, attributeId: newId(), type: 1, key, value: `value of ${key}` },
      { holder: executorIdOf('ada'), attempt: 0, most: 10, bytesMax: 1000 },
    )
  const wait = (key: string) => s.subscribe('subscribeAttribute', { processid, key })
  const [later, last, never] = [wait('later'), wait('last'), wait('never')]
  await s.settled()
  await add('later')
  await s.until(() => later.end.ended)
  const present = wait('later')
  await s.until(() => present.end.ended)
  for (const { frames } of [later, present]) {
    assert.deepEqual(
      frames.map((frame) => ({ ...frame, attributeid: '' })),
      [
        {
          attributeid: '',
          targetid: processid,
          targetcolonyname: 'dev',
          targetprocessgraphid: '',
          state: State.running,
          attributetype: 1,
          key: 'later',
          value: 'value of later',
        },
      ],
    )
  }
  await add('last')
  await s.close(processid)
  await s.until(() => last.end.ended && never.end.ended)
  assert.deepEqual([last.frames.length, never.frames.length], [1, 0])
})

test('a process that nobody knows is refused, one that is removed ends its subscriptions', async (t) => {
  const s = await scene(t)
  for (const name of ['subscribeProcess', 'subscribeAttribute'] as const) {
    const unknown = s.subscribe(name, { processid: NO_SUCH_ID })
    await s.until(() => unknown.end.ended)
    assert.equal(unknown.end.refusal?.code, 'not_found')
  }
  const processid = await s.colony.submit()
  const one = s.subscribe('subscribeProcess', { processid, state: State.running })
  const attribute = s.subscribe('subscribeAttribute', { processid, key: 'k' })
  await s.settled()
  await removeProcess(s.db, s.colony.key, processid)
  await s.until(() => one.end.ended && attribute.end.ended)
  assert.deepEqual([one.frames, one.end.refusal], [[], undefined])
})

test('a change is told without waiting for the poll, and nothing after the subscriber has left', async (t) => {
  const s = await scene(t)
  const input = { colonyname: 'dev', executortype: 'cli', state: State.waiting, timeout: 60 }
  const told = new Promise<string>((resolve) => {
    s.stops.push(s.subscriptions.subscribeProcesses(input, s.call(s.colony), outletOf({ send: resolve, done() {} })))
  })
  const gone = s.subscribe('subscribeProcesses', input)
  await s.settled()
  gone.stop()
  const processid = await s.colony.submit()
  // Again and again: transactions of other tests may hide the event for longer than a feed looks for it.
  const knocking = setInterval(() => s.feed.changed(s.colony.key), 50)
  t.after(() => clearInterval(knocking))
  assert.equal(JSON.parse(await told).processid, processid)
  assert.deepEqual([gone.frames, gone.end.ended], [[], false])
})

test('while the database is away nothing is lost', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', ['ada'])
  let away = false
  const flaky: Database = {
    ...db,
    all: (statement) => (away ? Promise.reject(new Error('connect ECONNREFUSED')) : db.all(statement)),
  }
  const s = new Scene(t, flaky, colony)
  const one = s.subscribe('subscribeProcesses', { executortype: 'cli' })
  await s.settled()
  const processid = await colony.submit()
  away = true
  await assert.rejects(s.feed.poll(), /ECONNREFUSED/)
  away = false
  await s.until(() => one.frames.length > 0)
  assert.deepEqual(
    one.frames.map((frame) => frame.processid),
    [processid],
  )
})
