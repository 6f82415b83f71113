import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '@colonies/database'
import { testColony } from '@colonies/testkit'
import { tableChecksums } from './table-checksums.js'

test('the checksums show which table has changed, by however little', async (t) => {
  const { db, submit, name } = await testColony(t)
  await submit()
  const before = await tableChecksums(db)
  assert.ok(Object.keys(before).length > 20)
  assert.deepEqual(await tableChecksums(db), before)

  await db.run(sql`update live set retries = retries + 1 where colony <> 0`)
  const after = await tableChecksums(db)
  assert.notEqual(after.live, before.live)
  assert.deepEqual({ ...after, live: before.live }, before)

  const row = await db.one<{ key: number }>(sql`select colony_key as key from colonies where name = ${name}`)
  const others = await tableChecksums(db, { colony: row?.key ?? 0 })
  assert.match(others.live ?? '', /^1000 rows/) // those that the schema itself puts there
})
