import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Db, recordLastHeard, sql } from '@colonies/database'
import { executorIdOf, testDatabase } from '@colonies/testkit'
import { createLog } from '../log.js'
import { upkeepColony } from '../testing/upkeep.js'
import { LastHeard } from './last-heard.js'

const silent = createLog({ level: 'error', write: () => {} })

const heardLately = async (db: Db) => {
  const rows = await db.all<{ name: string }>(sql`
    select name from executors where last_heard_at between now() - interval '5 seconds' and now() order by name`)
  return rows.map((row) => row.name)
}

test('signs of life are stored by the colony of the executor, and the latest wins', async (t) => {
  const { db } = await testDatabase(t)
  const [one, two] = [await upkeepColony(db, 'one', ['ada', 'eve']), await upkeepColony(db, 'two', ['bob'])]
  const lastHeard = new LastHeard(silent)
  assert.equal(lastHeard.lastHeard(one.key, executorIdOf('ada')), undefined)
  lastHeard.heard(one.key, executorIdOf('ada'))
  lastHeard.heard(two.key, executorIdOf('bob'))
  await lastHeard.store(db)
  assert.deepEqual(await heardLately(db), ['ada', 'bob'])
  assert.match(lastHeard.lastHeard(one.key, executorIdOf('ada')) ?? '', /^\d{4}-.*Z$/)

  await db.run(sql`update executors set last_heard_at = now() + interval '1 minute' where name = 'bob'`)
  lastHeard.heard(two.key, executorIdOf('bob'))
  await lastHeard.store(db)
  assert.deepEqual(await heardLately(db), ['ada'], 'another replica heard of bob later')
})

test('who is heard of while that is stored is stored again', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await upkeepColony(db, 'dev', ['ada'])
  const lastHeard = new LastHeard(silent)
  lastHeard.heard(key, executorIdOf('ada'))
  const statements = { sent: 0 }
  const watched: Db = {
    ...db,
    async run(statement) {
      statements.sent += 1
      const written = await db.run(statement)
      if (statements.sent === 1) lastHeard.heard(key, executorIdOf('ada'))
      return written
    },
  }
  await lastHeard.store(watched)
  await db.run(sql`update executors set last_heard_at = now() - interval '1 minute'`)
  await lastHeard.store(watched)
  assert.deepEqual(await heardLately(db), ['ada'])
  await lastHeard.store(watched)
  assert.equal(statements.sent, 2, 'nobody was heard of since')
})

test('what the database knows already is not written again', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await upkeepColony(db, 'dev', ['ada', 'leased'])
  const both = ['ada', 'leased'].map((name) => ({ executorId: executorIdOf(name), secondsAgo: 2 }))
  await db.run(sql`update executors set leased = true where name = 'leased'`)
  assert.equal(await recordLastHeard(db, key, both), 2)
  assert.equal(
    await recordLastHeard(
      db,
      key,
      both.map((one) => ({ ...one, secondsAgo: 5 })),
    ),
    0,
  )
  await db.run(sql`update executors set heartbeat_at = now() - interval '1 minute' where name = 'leased'`)
  assert.equal(
    await recordLastHeard(
      db,
      key,
      both.map((one) => ({ ...one, secondsAgo: 3 })),
    ),
    1,
    'a lease goes on',
  )
})

test('executors of two colonies with one key are heard of apart', async (t) => {
  const { db } = await testDatabase(t)
  const [one, two] = [await upkeepColony(db, 'one', ['ada']), await upkeepColony(db, 'two', ['ada'])]
  const lastHeard = new LastHeard(silent)
  lastHeard.heard(one.key, executorIdOf('ada'))
  assert.equal(lastHeard.lastHeard(two.key, executorIdOf('ada')), undefined)
  lastHeard.heard(two.key, executorIdOf('ada'))
  await lastHeard.store(db)
  assert.deepEqual(await heardLately(db), ['ada', 'ada'])
})

test('any request prolongs the lease of an executor that sends heartbeats, and makes none of one that does not', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', ['leased', 'old'])
  await db.run(sql`update executors set leased = true, heartbeat_at = now() - interval '1 hour' where name = 'leased'`)
  const lastHeard = new LastHeard(silent)
  lastHeard.heard(colony.key, executorIdOf('leased'))
  lastHeard.heard(colony.key, executorIdOf('old'))
  await lastHeard.store(db)
  const rows = await db.all(sql`
    select name, leased, heartbeat_at > now() - interval '5 seconds' as fresh from executors where colony <> 0 order by name`)
  assert.deepEqual(rows, [
    { name: 'leased', leased: true, fresh: true },
    { name: 'old', leased: false, fresh: null },
  ])
})

test('what cannot be stored now is stored later', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', ['ada'])
  const lastHeard = new LastHeard(silent)
  lastHeard.heard(colony.key, executorIdOf('ada'))
  const away = Object.assign(new Error('away'), { code: 'ECONNREFUSED' })
  const broken: Db = { ...db, run: () => Promise.reject(away) }
  await assert.rejects(lastHeard.store(broken), /away/)
  await lastHeard.store(db)
  assert.deepEqual(await heardLately(db), ['ada'])
})

test('a colony whose signs of life cannot be stored keeps those of no other back', async (t) => {
  const { db } = await testDatabase(t)
  const [one, two] = [await upkeepColony(db, 'one', ['ada']), await upkeepColony(db, 'two', ['bob'])]
  const lastHeard = new LastHeard(silent)
  lastHeard.heard(one.key, executorIdOf('ada'))
  lastHeard.heard(two.key, executorIdOf('bob'))
  let first = true
  const broken: Db = {
    ...db,
    async run(statement) {
      if (!first) return db.run(statement)
      first = false
      throw new Error('this colony is broken')
    },
  }
  await lastHeard.store(broken)
  assert.deepEqual(await heardLately(db), ['bob'])
  await lastHeard.store(db)
  assert.deepEqual(await heardLately(db), ['ada', 'bob'])
})

test('a clock of the replica that is set forward makes nobody silent', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', ['ada'])
  const lastHeard = new LastHeard(silent)
  lastHeard.heard(colony.key, executorIdOf('ada'))
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 600_000 })
  await lastHeard.store(db)
  assert.deepEqual(await heardLately(db), ['ada'])
})
