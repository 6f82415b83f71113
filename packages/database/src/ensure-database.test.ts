import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { emptyDatabase } from '@colonies/testkit'
import { connect } from './connect.js'
import { dropDatabase } from './copy-database.js'
import { ensureDatabase } from './ensure-database.js'
import { sql } from './sql.js'

const newName = () => `ensured "${randomBytes(8).toString('hex')}"`

test('a missing database is made once, whoever comes first', async (t) => {
  const { config } = await emptyDatabase(t)
  const missing = { ...config, database: newName() }
  t.after(() => dropDatabase(config, missing.database))
  await Promise.all([1, 2, 3].map(() => ensureDatabase(missing)))
  await ensureDatabase(missing)
  const db = connect(missing)
  t.after(() => db.close())
  assert.deepEqual(await db.one(sql`select current_setting('server_encoding') as encoding`), { encoding: 'UTF8' })
})

test('who may not create databases can use one, and is told how to get one', async (t) => {
  const { config } = await emptyDatabase(t)
  const server = connect({ ...config, database: 'postgres' })
  const user = `guest_${randomBytes(8).toString('hex')}`
  await server.transaction((tx) => tx.script(`create role ${user} login password 'guest'`))
  t.after(async () => {
    await server.transaction((tx) => tx.script(`drop role ${user}`))
    await server.close()
  })
  const guest = { ...config, user, password: 'guest' }
  await ensureDatabase(guest)
  await assert.rejects(ensureDatabase({ ...guest, database: newName() }), /could not create it.*Create it yourself/)
})

test('a wrong password and a server that is not there are told apart', async (t) => {
  const { config } = await emptyDatabase(t)
  await assert.rejects(ensureDatabase({ ...config, user: 'stranger', password: 'x' }), /refused user "stranger"/)
  await assert.rejects(ensureDatabase({ ...config, host: 'localhost', port: 1 }), /cannot be reached at localhost:1/)
})
