import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '@colonies/database'
import { testDatabase } from '@colonies/testkit'
import { refusalOf } from './refusal.js'

test('a database without room, memory or time is no bug of the server: callers may try again', async (t) => {
  const { db } = await testDatabase(t)
  await db.run(sql`create function fail(state text) returns int language plpgsql as $$
    begin raise exception using errcode = state, message = 'no'; end $$`)
  const refusals = ['53100', '53200', '57014', '58030', '23505'].map(async (state) => {
    const error: unknown = await db.run(sql`select fail(${state}::text)`).catch((thrown: unknown) => thrown)
    return refusalOf(error).status
  })
  assert.deepEqual(await Promise.all(refusals), [503, 503, 503, 503, 500])
})
