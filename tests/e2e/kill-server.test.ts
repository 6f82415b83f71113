import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from '@colonies/client'
import { type Db, sql } from '@colonies/database'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { testDatabase } from '@colonies/testkit'
import { findFaults } from './invariants.js'
import { KilledServer } from './killed-server.js'
import { loadExecutors, Submitter } from './load.js'

const kills = Number(process.env.COLONIES_E2E_KILLS ?? 50)
const seed = Number(process.env.COLONIES_E2E_SEED ?? Date.now() % 1_000_000)
const colonyname = 'killed'

/** The same numbers for the same seed, from 0 to 1. */
function randomOf(start: number): () => number {
  let state = start >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

// sleeps: a kill at a random moment is what this test is about
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

async function drained(db: Db, seconds: number): Promise<number> {
  let left = 0
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await pause(200)) {
    left = (await db.one<{ left: number }>(sql`select count(*)::int as left from live where colony <> 0`))?.left ?? 0
    if (left === 0) break
  }
  return left
}

test(`the server is killed ${kills} times: every acknowledged submit ends once, as success`, {
  timeout: 280_000,
}, async (t) => {
  t.diagnostic(`COLONIES_E2E_SEED=${seed} COLONIES_E2E_KILLS=${kills} npm run test:e2e`)
  const { db, config, beforeDrop } = await testDatabase(t)
  const keys = Array.from({ length: 15 }, generatePrivateKey)
  const [serverKey = '', colonyKey = '', userKey = '', ...others] = keys
  const server = await KilledServer.on(config, serverKey)
  beforeDrop(() => server.stop())
  await server.start()

  const serverOwner = createClient({
    endpoint: server.url,
    privateKey: serverKey,
    retry: { forMs: 60_000, maxMs: 200 },
  })
  await serverOwner.addColony({ colony: { name: colonyname, colonyid: identityOf(colonyKey) } })
  const user = { colonyname, userid: identityOf(userKey), name: 'me' }
  await serverOwner.as(colonyKey).addUser({ user })
  const colony = { colonyname, colonyPrivateKey: colonyKey, clientOf: (key: string) => serverOwner.as(key) }
  const executors = loadExecutors(colony, others.slice(0, 8))
  await Promise.all(executors.map((executor) => executor.start()))
  const submitters = Array.from({ length: 4 }, () => new Submitter(serverOwner.as(userKey), colonyname))
  const submitting = Promise.all(submitters.map((submitter) => submitter.run()))

  const random = randomOf(seed)
  for (let killed = 0; killed < kills; killed += 1) {
    await pause(50 + random() * 450)
    await server.kill()
    await server.start()
  }
  for (const submitter of submitters) submitter.stop()
  await submitting
  const left = await drained(db, 60)
  await Promise.all(executors.map((executor) => executor.stop({ drainMs: 1_000 })))
  await server.stop()

  const acknowledged = submitters.flatMap((submitter) => submitter.acknowledged)
  const [colonyRow] = await db.all<{ colony_key: number }>(sql`select colony_key from colonies`)
  const key = colonyRow?.colony_key ?? 0
  const faults = await findFaults(db, key, acknowledged)
  const outputs = await db.all<{ process_id: string }>(sql`
    select process_id from results where colony = ${key} and output is distinct from '["' || process_id || '"]'`)
  const again = await db.one<{ count: number }>(sql`
    select count(*)::int as count from results where colony = ${key} and attempt > 1`)
  t.diagnostic(`${acknowledged.length} acknowledged, ${again?.count} of them needed more than one attempt`)
  assert.equal(left, 0, `${left} processes never ended`)
  assert.deepEqual(faults, [])
  assert.deepEqual(outputs, [])
  assert.ok(acknowledged.length > kills)
  assert.equal(new Set(acknowledged).size, acknowledged.length)
})
