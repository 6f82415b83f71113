import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countColony, sql } from '@colonies/database'
import { testDatabase } from '@colonies/testkit'
import { upkeepColony, upkeepContext } from '../testing/upkeep.js'
import { counters } from './counters.js'

test('counters equal what they count, however many replicas add up', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev', ['ada'])
  for (let count = 0; count < 10; count += 1) {
    await colony.submit()
    await colony.submit()
    await colony.assign('ada')
    await Promise.all([1, 2, 3].map(() => counters.runOnce(upkeepContext(db))))
  }
  const { waiting, running, success } = (await countColony(db, colony.key)).processes
  assert.deepEqual({ waiting, running, success }, { waiting: 10, running: 10, success: 0 })
  // Transactions of other tests on the same PostgreSQL may hold back for a moment what counts as settled.
  const giveUpAt = Date.now() + 10_000
  let rolled: { waiting: bigint; running: bigint } | undefined
  do {
    await counters.runOnce(upkeepContext(db))
    rolled = await db.one(sql`select waiting, running from counters where colony = ${colony.key}`)
  } while (rolled?.waiting !== 10n && Date.now() < giveUpAt)
  assert.deepEqual(rolled, { waiting: 10n, running: 10n })
})
