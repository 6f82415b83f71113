import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Claimed, Db } from '@colonies/database'
import { executorIdOf, plainProcess, testDatabase } from '@colonies/testkit'
import { createLog } from '../log.js'
import { type UpkeepColony, upkeepColony } from '../testing/upkeep.js'
import type { Waiter } from './waiting-line.js'
import { WaitingRoom } from './waiting-room.js'

const UNLIMITED = 2n ** 63n - 1n

interface Room {
  db: Db
  colony: UpkeepColony
  room: WaitingRoom
  given: string[]
  /** How many processes other replicas were told of. */
  told: number[]
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
  const told: number[] = []
  let claims = 0
  const room = new WaitingRoom({
    db: {
      ...db,
      async all(statement) {
        claims += 1
        return over(db)
          .all<never>(statement)
          .finally(() => (claims -= 1))
      },
    },
    log: createLog({ level: 'error' }),
    giveBack: (_, processes) => void given.push(...processes.map((one) => one.process_id)),
    async failUnfit() {},
    tellOthers: (_, ready) => void told.push(...ready.map((line) => line.count)),
    changed() {},
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
          slots: 1,
          once: false,
          take(processes: Claimed[]) {
            resolve(processes[0]?.process_id ?? '')
            return true
          },
          leave: () => resolve('nothing'),
          ...changes,
        })
      })
      return { took, leave }
    },
    async idle(count) {
      for (const end = Date.now() + 5000; Date.now() < end; ) {
        // sleeps: lets claims begin that are about to
        await new Promise((resolve) => setTimeout(resolve, 5))
        if (room.size === count && claims === 0) return
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

test('what a claim took whose connection broke goes to the same waiter', async (t) => {
  let broken = false
  const { colony, room, wait, idle } = await roomWith(t, ['a'], (db) => ({
    ...db,
    async all<Row>(statement: Parameters<Db['all']>[0]) {
      const rows = await db.all<Row>(statement)
      if (rows.length === 0 || broken) return rows
      broken = true
      throw Object.assign(new Error('the answer was lost'), { code: 'ECONNRESET' })
    },
  }))
  const { took } = wait('a')
  await idle(1)
  const id = await colony.submit()
  room.hint(colony.key, { executorType: 'cli', count: 1 })
  await idle(1)
  assert.ok(broken)
  room.recheckUnsure()
  assert.equal(await took, id)
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
  assert.equal(room.hint(colony.key, { executorType: 'cli', count: 1 }), 0)
  await idle(1)
  await until(() => told.length > 0)
  room.hintFromOthers(colony.key, { executorType: 'cli', count: 1 })
  await idle(1)
  assert.deepEqual(told, [1])
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
