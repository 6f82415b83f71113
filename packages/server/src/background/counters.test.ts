import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countColony, sql } from '@colonies/database'
import { testDatabase } from '@colonies/testkit'
import { type UpkeepContext, upkeepColony, upkeepContext } from '../testing/upkeep.js'
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

test('of several replicas one adds a colony up, and all of them together add up all', async (t) => {
  const { db } = await testDatabase(t)
  t.mock.timers.enable({ apis: ['Date'], now: 1_800_000_000_000 }) // no turn ends meanwhile
  const contexts = [1, 2, 3].map(() => upkeepContext(db))
  for (const { replica } of [...contexts, ...contexts]) await replica.members.beat(db)
  const colonies = [await upkeepColony(db, 'one'), await upkeepColony(db, 'two'), await upkeepColony(db, 'three')]
  for (const colony of colonies) await colony.submit()
  const counted = async () => {
    const rows = await db.all<{ colony: number }>(sql`select colony from counters where waiting = 1 order by colony`)
    return rows.map(({ colony }) => colony)
  }
  const keys = colonies.map(({ key }) => key)
  const mine = keys.filter((key) => contexts[0]?.replica.members.hasTurn(key))
  assert.equal(mine.length, 1, 'keys follow each other')
  await until(async () => {
    await counters.runOnce(contexts[0] as UpkeepContext)
    return (await counted()).length > 0
  })
  assert.deepEqual(await counted(), mine)
  await until(async () => {
    for (const context of contexts) await counters.runOnce(context)
    return (await counted()).length === 3
  })
})

/** Transactions of other tests on the same PostgreSQL may hold back for a moment what counts as settled. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const giveUpAt = performance.now() + 10_000; !(await isSo()); )
    assert.ok(performance.now() < giveUpAt, 'counters are added up')
}
