import assert from 'node:assert/strict'
import { test } from 'node:test'
import { databaseTimeMs, idAt, listPartitions, sql } from '@colonies/database'
import { testDatabase } from '@colonies/testkit'
import { upkeepColony, upkeepContext } from '../testing/upkeep.js'
import { makePartitionsAhead, partitions } from './partitions.js'

const DAY_MS = 86_400_000

test('partitions are there before their rows, without gaps, and new processes go to them', async (t) => {
  const { db } = await testDatabase(t)
  const context = upkeepContext(db, { COLONIES_RETENTION: 'true', COLONIES_RETENTION_POLICY: '604800' })
  await partitions.runOnce(context)
  await partitions.runOnce(context)
  const ranges = await listPartitions(db)
  const now = await databaseTimeMs(db)
  assert.ok(ranges.every(({ tables }) => tables.length === 3))
  assert.ok((ranges[0]?.low ?? '') <= idAt(now) && (ranges.at(-1)?.high ?? '') >= idAt(now + 2 * DAY_MS))
  for (const [place, { low }] of ranges.slice(1).entries()) assert.equal(low, ranges[place]?.high)
  const colony = await upkeepColony(db, 'dev')
  const processId = await colony.submit()
  for (const table of [sql`process_specs`, sql`events`]) {
    const row = await db.one<{ name: string }>(
      sql`select tableoid::regclass::text as name from ${table} where process_id = ${processId}`,
    )
    assert.match(row?.name ?? '', new RegExp(`_${ranges[0]?.suffix}(_\\d+)?$`)) // with the number of a shard, where there are some
  }
})

test('a long policy has wide partitions, none the widest', async (t) => {
  for (const [seconds, days] of [
    [86_400, 1],
    [365 * 86_400, 23],
    [undefined, 90],
  ] as const) {
    const { db } = await testDatabase(t)
    await makePartitionsAhead(db, seconds, upkeepContext(db).log)
    const [first] = await listPartitions(db)
    assert.equal(Number.parseInt(first?.high ?? '', 16) - Number.parseInt(first?.low ?? '', 16), days * DAY_MS)
  }
})

test('a day whose rows are in the default partition is left out, and the next one has its own', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev')
  const early = await colony.submit()
  await partitions.runOnce(upkeepContext(db))
  const [first] = await listPartitions(db)
  const now = await databaseTimeMs(db)
  assert.equal(first?.low, idAt((Math.floor(now / DAY_MS) + 1) * DAY_MS))
  assert.equal(await colony.stateOf(early), 0)
  assert.equal(await colony.stateOf(await colony.submit()), 0)
})

test('replicas that start at once make each partition once', async (t) => {
  const { db } = await testDatabase(t)
  const contexts = [1, 2, 3, 4].map(() => upkeepContext(db))
  await Promise.all(contexts.map((context) => partitions.runOnce(context)))
  assert.equal((await listPartitions(db)).length, 1)
})
