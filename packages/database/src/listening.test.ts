import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listenFor, testDatabase } from '@colonies/testkit'
import { claimProcesses } from './claims.js'
import type { Db } from './db.js'
import { coloniesWithLostExecutors } from './due.js'
import { keepListening } from './listening.js'
import { releaseFromLost } from './releases.js'
import { sql } from './sql.js'
import { insertProcesses } from './submissions.js'
import { coloniesWithStaleExecutors, unregisterStale } from './sweeps.js'
import { anyShape, claimant, testColony } from './testing/colony.js'

/** A colony with an executor that holds a process and was last heard of ten minutes ago. @returns its key */
async function silentColony(db: Db, leased: boolean): Promise<number> {
  const colony = await testColony(db, 'dev', ['ada'])
  await insertProcesses(db, colony.key, [colony.process()], [])
  await claimProcesses(db, colony.key, anyShape, [claimant('ada')])
  await db.run(sql`
    update executors set leased = ${leased}, heartbeat_at = now() - interval '10 minutes',
      last_heard_at = now() - interval '10 minutes' where colony = ${colony.key}`)
  return colony.key
}

/** As if the clock of the database had been set, or nobody had listened for so long; negative: set back. */
const jump = (db: Db, seconds: number) =>
  db.run(sql`
    update listening set since = since - make_interval(secs => ${seconds}::int),
      last_at = last_at - make_interval(secs => ${seconds}::int)`)

async function released(db: Db, colony: number): Promise<number> {
  const found = await coloniesWithLostExecutors(db, 60)
  const { released } = await releaseFromLost(db, colony, 60, 10)
  assert.deepEqual(found, released.size > 0 ? [colony] : [])
  return released.size
}

for (const [why, seconds] of [
  ['an outage of the database or of all replicas', 600],
  ['the clock of the database was set forward', 60],
  ['the clock of the database was set back', -60],
] as const) {
  test(`after ${why} nobody is silent before a minute of listening`, async (t) => {
    const { db } = await testDatabase(t)
    const colony = await silentColony(db, true)
    await listenFor(db, 3600)
    await jump(db, seconds)
    assert.equal(await released(db, colony), 0, 'also not before a replica has noticed')
    assert.equal(await keepListening(db), true)
    assert.equal(await released(db, colony), 0)
    await listenFor(db, 59)
    assert.equal(await released(db, colony), 0)
    await listenFor(db, 2)
    assert.equal(await keepListening(db), false)
    assert.equal(await released(db, colony), 1)
  })
}

test('replicas that are killed all the time keep listening together, as long as one runs every few seconds', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await silentColony(db, true)
  await keepListening(db)
  for (let seconds = 0; seconds < 63; seconds += 9) {
    assert.equal(await released(db, colony), 0)
    await jump(db, 9)
    assert.equal(await keepListening(db), false)
  }
  assert.equal(await released(db, colony), 1)
})

test('what executors without rights hold is released at any time', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await silentColony(db, false)
  await db.run(sql`update executors set state = 2 where colony = ${colony}`)
  await jump(db, 600)
  assert.equal(await released(db, colony), 1)
})

test('executors that never sent heartbeats are stale when replicas have listened for as long as they were silent', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await silentColony(db, false)
  await keepListening(db)
  await listenFor(db, 299)
  assert.deepEqual(await coloniesWithStaleExecutors(db, 300), [])
  assert.deepEqual((await unregisterStale(db, colony, 300, 10)).unregistered, [])
  await listenFor(db, 2)
  assert.deepEqual(await coloniesWithStaleExecutors(db, 300), [colony])
  assert.deepEqual((await unregisterStale(db, colony, 300, 10)).unregistered, ['ada'])
})
