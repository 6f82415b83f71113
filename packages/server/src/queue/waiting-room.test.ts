import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Claimed, type Db, insertProcesses, type ReadyLine, type Sql } from '@colonies/database'
import { executorIdOf, plainProcess, testDatabase } from '@colonies/testkit'
import { createLog } from '../log.js'
import { type UpkeepColony, upkeepColony } from '../testing/upkeep.js'
import { allRead } from './after-reading.js'
import { Pace } from './pace.js'
import type { Waiter } from './waiting-line.js'
import { WaitingRoom } from './waiting-room.js'

const UNLIMITED = 2n ** 63n - 1n

interface Room {
  db: Db
  colony: UpkeepColony
  room: WaitingRoom
  given: string[]
  /** What other replicas were told of. */
  told: ReadyLine[]
  /** @returns `took`, which resolves with the id of the process that the executor got, and what takes it out again */
  wait(executor: string, changes?: Partial<Waiter>): { took: Promise<string>; leave: () => void }
  /** Resolves when so many wait, and none of them looks at the queue. */
  idle(count: number): Promise<void>
}

/** @param over what stands between the room and its database */
async function roomWith(t: TestContext, executors: readonly string[], over = (db: Db): Db => db): Promise<Room> {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', executors)
  const given: string[] = []
  const told: ReadyLine[] = []
  let claims = 0
  let begun = 0
  const room = new WaitingRoom({
    db: {
      ...db,
      async all(statement) {
        claims += 1
        begun += 1
        return over(db)
          .all<never>(statement)
          .finally(() => (claims -= 1))
      },
    },
    log: createLog({ level: 'error' }),
    giveBack: (_, processes) => void given.push(...processes.map((one) => one.process_id)),
    async failUnfit() {},
    tellOthers: (_, ready) => void told.push(...ready),
    changed() {},
    isAlone: () => true,
  })
  t.after(() => room.close())
  return {
    db,
    colony,
    room,
    given,
    told,
    wait(executor, changes = {}) {
      let leave = () => {}
      const took = new Promise<string>((resolve) => {
        leave = room.enter({
          colony: colony.key,
          executorId: executorIdOf(executor),
          executorName: executor,
          executorType: 'cli',
          location: '',
          cpu: UNLIMITED,
          memory: UNLIMITED,
          assignId: `ask of ${executor}`,
          hasNewId: false,
          slots: 1,
          once: false,
          take(processes: Claimed[]) {
            resolve(processes[0]?.process_id ?? '')
            return true
          },
          leave: (error) => resolve(error === undefined ? 'nothing' : 'unavailable'),
          ...changes,
        })
      })
      return { took, leave }
    },
    async idle(count) {
      for (const end = Date.now() + 5000; Date.now() < end; ) {
        const before = begun
        // sleeps: for longer than a claim waits for others to come
        await new Promise((resolve) => setTimeout(resolve, 10))
        for (let turn = 0; turn < 10; turn += 1) await allRead() // claims begin that are about to, or hand out what they got
        if (room.size === count && claims === 0 && begun === before) return
      }
      throw new Error(`there were never ${count} idle waiters`)
    },
  }
}

test('one poll finds the waiter that fits, however many of other shapes wait longer', async (t) => {
  const names = ['a', 'b', 'c', 'd']
  const { colony, room, wait, idle } = await roomWith(t, names)
  const waiters = names.map((name) => wait(name, { location: `place of ${name}` }))
  await idle(4)
  const id = await colony.submit({ location: 'place of d' })
  room.recheck(colony.key, 'cli')
  assert.equal(await waiters[3]?.took, id)
})

test('whoever asks for many is expected to ask for as many, whatever it was given', async (t) => {
  const came = t.mock.method(Pace.prototype, 'came')
  const end = t.mock.method(Pace.prototype, 'end')
  const { colony, wait, idle } = await roomWith(t, ['a'])
  const id = await colony.submit({})
  assert.equal(await wait('a', { slots: 5 }).took, id)
  await idle(0)
  assert.deepEqual(
    came.mock.calls.map((call) => call.arguments),
    [[5, 5]],
  )
  assert.deepEqual(
    end.mock.calls.map((call) => call.arguments),
    [[5]],
  )
})

test('a waiter that was reserved in vain still hears of what comes, also when all others have left', async (t) => {
  const { colony, room, wait, idle } = await roomWith(t, ['a', 'b'])
  const a = wait('a')
  await idle(1)
  const b = wait('b')
  await idle(2)
  const reservation = room.reserve(colony.key, plainProcess())
  assert.equal(reservation?.executorName, 'a')
  b.leave()
  reservation?.free()
  await idle(1)
  const id = await colony.submit()
  assert.equal(room.hint(colony.key, { executorType: 'cli', count: 1 }), 0)
  assert.equal(await a.took, id)
})

test('whoever waits is given what comes before those who come anew', async (t) => {
  const { colony, room, wait, idle } = await roomWith(t, ['a', 'b'])
  const a = wait('a')
  await idle(1)
  const id = await colony.submit()
  const b = wait('b')
  room.hint(colony.key, { executorType: 'cli', count: 1 })
  assert.equal(await a.took, id)
  b.leave()
  assert.equal(await b.took, 'nothing')
})

test('whoever comes anew is looked for soon, however often others are told that something is ready', async (t) => {
  const scene = { hints: 0, isBusy: false, tell: () => {} }
  const busy = (db: Db): Db => ({
    ...db,
    all<Row>(statement: Sql) {
      if (scene.isBusy && scene.hints++ < 50) scene.tell()
      return db.all<Row>(statement)
    },
  })
  const { colony, room, wait, idle } = await roomWith(t, ['a', 'b'], busy)
  scene.tell = () => void room.hint(colony.key, { executorType: 'cli', count: 1 })
  wait('a', { location: 'elsewhere' })
  await idle(1)
  scene.isBusy = true
  scene.tell()
  assert.equal(await wait('b', { location: 'here', once: true }).took, 'nothing')
  assert.ok(scene.hints < 10, `${scene.hints} looks for others came before`)
})

/** Answers that arrive: what a statement gave while this is off is lost with its connection. */
function answers(): { arrive: boolean; lost: number; over(db: Db): Db } {
  const state = {
    arrive: true,
    lost: 0,
    over: (db: Db): Db => ({
      ...db,
      async all<Row>(statement: Parameters<Db['all']>[0]) {
        const rows = await db.all<Row>(statement)
        if (state.arrive) return rows
        state.lost += 1
        throw Object.assign(new Error('the answer was lost'), { code: 'ECONNRESET' })
      },
    }),
  }
  return state
}

test('what claims took whose connections broke goes to the same waiters, however many they are', async (t) => {
  const names = Array.from({ length: 250 }, (_, number) => `e${number}`)
  const line = answers()
  const { colony, room, wait, idle } = await roomWith(t, names, line.over)
  const waiters = names.map((name) => wait(name))
  await idle(250)
  const ids = await Promise.all(names.map(() => colony.submit()))
  line.arrive = false
  for (const count of [200, 50]) {
    room.hint(colony.key, { executorType: 'cli', count })
    await idle(250)
  }
  assert.ok(line.lost >= 2)
  line.arrive = true
  room.recheckDoubts()
  const took = await Promise.all(waiters.map((waiter) => waiter.took))
  assert.deepEqual(took.toSorted(), ids.toSorted())
})

test('a waiter whose claim broke is not told that there was nothing', async (t) => {
  const line = answers()
  const { colony, room, wait, idle } = await roomWith(t, ['a', 'b'], line.over)
  const [a, b] = [wait('a'), wait('b')]
  await idle(2)
  await colony.submit()
  line.arrive = false
  room.hint(colony.key, { executorType: 'cli', count: 1 })
  await idle(2)
  a.leave()
  b.leave()
  assert.deepEqual([await a.took, await b.took], ['unavailable', 'nothing'])
})

test('a waiter that nobody has looked at the queue for is not told that there was nothing', async (t) => {
  const { wait } = await roomWith(t, ['a'])
  const a = wait('a')
  a.leave()
  assert.equal(await a.took, 'unavailable')
})

test('a waiter whose time ends during its claim gets what that finds', async (t) => {
  const { colony, wait } = await roomWith(t, ['a'])
  const id = await colony.submit()
  const a = wait('a')
  await allRead() // the claim begins
  a.leave()
  assert.equal(await a.took, id)
})

test('what a submit stored for a waiter after its connection broke goes to that waiter', async (t) => {
  const { db, colony, room, wait, idle } = await roomWith(t, ['a'])
  const a = wait('a')
  await idle(1)
  const process = plainProcess()
  const reserved = room.reserve(colony.key, process)
  reserved?.free(Object.assign(new Error('the answer was lost'), { code: 'ECONNRESET' }))
  await idle(1)
  const holder = { id: executorIdOf('a'), name: 'a', assignId: 'ask of a' }
  await insertProcesses(db, colony.key, [{ ...process, holder }], [])
  room.recheckDoubts()
  assert.equal(await a.took, process.processId)
})

test('who comes when the room is closed is told to ask again', async (t) => {
  const { room, wait } = await roomWith(t, ['a'])
  room.close()
  assert.equal(await wait('a').took, 'unavailable')
})

test('a repeated question takes the place of the first', async (t) => {
  const { colony, room, wait, idle } = await roomWith(t, ['a'])
  const first = wait('a')
  await idle(1)
  const second = wait('a')
  assert.equal(await first.took, 'nothing')
  await idle(1)
  const id = await colony.submit()
  room.hint(colony.key, { executorType: 'cli', count: 1 })
  assert.equal(await second.took, id)
})

test('an executor that a process wants by name hears of it, however many wait longer', async (t) => {
  const names = Array.from({ length: 450 }, (_, number) => `e${number}`)
  const { colony, room, wait, idle } = await roomWith(t, names)
  const waiters = names.map((name) => wait(name))
  await idle(450)
  const hinted = await colony.submit({ names: ['e440'] })
  const before = room.claims
  room.hint(colony.key, { executorType: 'cli', count: 1 })
  assert.equal(await waiters[440]?.took, hinted)
  assert.ok(room.claims - before <= 2, `${room.claims - before} claims for one process`)
  const polled = await colony.submit({ names: ['e430'] })
  room.recheck(colony.key, 'cli')
  assert.equal(await waiters[430]?.took, polled)
})

test('other replicas are told of what fits nobody here, once', async (t) => {
  const { colony, room, wait, idle, told } = await roomWith(t, ['a', 'b'])
  wait('a')
  await idle(1)
  await colony.submit({ names: ['b'] })
  assert.equal(room.hint(colony.key, { executorType: 'cli', count: 1, from: 7n }), 0)
  await idle(1)
  await until(() => told.length > 0)
  room.hintFromOthers(colony.key, { executorType: 'cli', count: 1 })
  await idle(1)
  assert.deepEqual(told, [{ executorType: 'cli', count: 1, from: 7n }])
})

test('one waiter is not promised to two processes', async (t) => {
  const { colony, room, wait, idle } = await roomWith(t, ['a'])
  const { took } = wait('a')
  await idle(1)
  const ids = [await colony.submit(), await colony.submit()]
  assert.equal(room.hint(colony.key, { executorType: 'cli', count: 1 }), 0)
  assert.equal(room.hint(colony.key, { executorType: 'cli', count: 1 }), 1)
  assert.ok(ids.includes(await took))
})

async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 5000; Date.now() < end && !isSo(); ) {
    // sleeps: what a room tells others has no event
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  assert.ok(isSo(), 'it never came to be')
}

/** Whether each of four claims begins at a mark, when PostgreSQL, or the way to it, takes so long for each. */
async function marksOf(t: TestContext, { atWorkMs, underWayMs }: { atWorkMs: number; underWayMs: number }) {
  const texts: string[] = []
  const slow = (db: Db): Db => ({
    ...db,
    async all<Row>(statement: Sql) {
      texts.push(statement.statement.text)
      // sleeps: as long as is told
      await new Promise((resolve) => setTimeout(resolve, underWayMs))
      return (await db.all<Row>(statement)).map((row) => ({ ...row, tookMs: atWorkMs }))
    },
  })
  const { colony, wait } = await roomWith(t, ['a', 'b', 'c', 'd'], slow)
  const ids = [await colony.submit(), await colony.submit(), await colony.submit(), await colony.submit()]
  // Each is the only one that waits, and nobody is left when it has its process.
  for (const [place, executor] of ['a', 'b', 'c', 'd'].entries()) assert.equal(await wait(executor).took, ids[place])
  return texts.map((text) => text.includes('l.priority_time >= '))
}

test('where claims are slow, executors that come one at a time do not all look at the whole queue', async (t) => {
  assert.deepEqual(await marksOf(t, { atWorkMs: 20, underWayMs: 0 }), [false, false, true, true])
})

test('where only the way to PostgreSQL is slow, or the replica itself, they do', async (t) => {
  assert.deepEqual(await marksOf(t, { atWorkMs: 1, underWayMs: 20 }), [false, false, false, false])
})
