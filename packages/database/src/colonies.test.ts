import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '@colonies/testkit'
import { deleteColony, insertColony, isPaused, listColonies, setColonyOwner, setPaused } from './colonies.js'
import type { Db } from './db.js'
import { findExecutor } from './executors.js'
import { ensureServerOwner, readColony, readMemberships } from './rights.js'
import { setServerOwner } from './server-identity.js'
import { sql } from './sql.js'
import { testColony } from './testing/colony.js'
import { insertUser } from './users.js'

const owner = 'a'.repeat(64)
const next = 'b'.repeat(64)
const other = 'c'.repeat(64)

async function subjects(db: Db): Promise<string[]> {
  const rows = await db.all<{ subject: string }>(sql`select subject from directory_changes order by subject`)
  return rows.map((row) => row.subject)
}

test('of many who create a colony of one name at the same moment, one does', async (t) => {
  const { db } = await testDatabase(t)
  const rows = await Promise.all(Array.from({ length: 20 }, () => insertColony(db, 'dev', owner)))
  assert.equal(rows.filter((row) => row !== undefined).length, 1)
  assert.deepEqual(await subjects(db), ['colony:dev'])
})

test('colonies are listed by name, and the list is read on after a name', async (t) => {
  const { db } = await testDatabase(t)
  for (const name of ['c', 'a', 'b']) await insertColony(db, name, owner)
  const names = async (after: string, count: number) =>
    (await listColonies(db, { after, count })).map((row) => row.name)
  assert.deepEqual(await names('', 2), ['a', 'b'])
  assert.deepEqual(await names('b', 2), ['c'])
})

test('a removed colony takes the rights of its members with it, and its name gives none of them back', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await testColony(db, 'dev', ['ada'])
  const elsewhere = await testColony(db, 'elsewhere', ['ada'])
  await insertUser(db, key, { name: 'eve', user_id: 'eve-id', email: '', phone: '' })
  assert.equal(await deleteColony(db, 'dev'), true)
  assert.deepEqual(await readMemberships(db, 'eve-id'), [])
  assert.deepEqual(
    (await readMemberships(db, 'ada-id')).map((row) => row.colony),
    [elsewhere.key],
  )
  assert.ok((await subjects(db)).includes('ada-id'))
  assert.deepEqual(await db.all(sql`select colony from removed_colonies`), [{ colony: key }])

  const again = await insertColony(db, 'dev', owner)
  assert.ok(again && again.colony_key !== key)
  assert.equal(await findExecutor(db, again.colony_key, 'ada'), undefined)
  assert.equal(await isPaused(db, again.colony_key), false)
  assert.equal(await deleteColony(db, 'unknown'), false)
})

test('only a pause that changes something is told to replicas', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await testColony(db, 'dev', [])
  await setPaused(db, key, true)
  await setPaused(db, key, true)
  assert.equal(await isPaused(db, key), true)
  assert.deepEqual(await subjects(db), ['colony:dev'])
})

test('of two changes of the owner at the same moment, one counts and the other hears that it does not', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await insertColony(db, 'dev', owner)
  assert.ok(colony)
  const changes = await Promise.all([next, other].map((id) => setColonyOwner(db, colony.colony_key, owner, id)))
  assert.deepEqual(changes.toSorted(), ['changed', 'not_held'])
  assert.equal((await readColony(db, 'dev'))?.ownerId, changes[0] === 'changed' ? next : other)
})

test('the server has another owner only by its owner', async (t) => {
  const { db } = await testDatabase(t)
  await ensureServerOwner(db, owner)
  assert.equal(await setServerOwner(db, other, next), 'not_held')
  assert.equal(await setServerOwner(db, owner, next), 'changed')
  assert.equal(await ensureServerOwner(db, owner), next)
})
