import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '@colonies/testkit'
import { readMemberships } from './rights.js'
import { testColony } from './testing/colony.js'
import { deleteUser, findUser, findUserById, insertUser, listUsers, setUserId } from './users.js'

const user = (name: string, id = `${name}-id`) => ({ name, user_id: id, email: `${name}@example.com`, phone: '' })

test('name and id of a user belong to one user of a colony, and are free in others', async (t) => {
  const { db } = await testDatabase(t)
  const dev = await testColony(db, 'dev', [])
  const lab = await testColony(db, 'lab', [])
  assert.deepEqual(await insertUser(db, dev.key, user('eve')), user('eve'))
  assert.equal(await insertUser(db, dev.key, user('eve', 'another-id')), undefined)
  assert.equal(await insertUser(db, dev.key, user('mallory', 'eve-id')), undefined)
  assert.deepEqual(await insertUser(db, lab.key, user('eve')), user('eve'))
  assert.deepEqual(await findUserById(db, dev.key, 'eve-id'), user('eve'))
})

test('users are listed by name, and the list is read on after a name', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await testColony(db, 'dev', [])
  for (const name of ['c', 'a', 'b']) await insertUser(db, key, user(name))
  const names = async (after: string) => (await listUsers(db, key, { after, count: 2 })).map((row) => row.name)
  assert.deepEqual([await names(''), await names('b')], [['a', 'b'], ['c']])
})

test('a removed user has no rights, in this colony only', async (t) => {
  const { db } = await testDatabase(t)
  const dev = await testColony(db, 'dev', [])
  const lab = await testColony(db, 'lab', [])
  for (const { key } of [dev, lab]) await insertUser(db, key, user('eve'))
  assert.equal(await deleteUser(db, dev.key, 'eve'), 1)
  assert.equal(await deleteUser(db, dev.key, 'eve'), 0)
  assert.deepEqual(
    (await readMemberships(db, 'eve-id')).map((row) => row.colony),
    [lab.key],
  )
})

test('a user changes its id once, and to no id of another', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await testColony(db, 'dev', [])
  for (const name of ['eve', 'bob']) await insertUser(db, key, user(name))
  assert.equal(await setUserId(db, key, 'eve-id', 'bob-id'), 'taken')
  const changes = await Promise.all(['new-1', 'new-2'].map((id) => setUserId(db, key, 'eve-id', id)))
  assert.deepEqual(changes.toSorted(), ['changed', 'not_held'])
  assert.equal((await findUser(db, key, 'eve'))?.user_id, changes[0] === 'changed' ? 'new-1' : 'new-2')
})
