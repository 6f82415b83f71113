import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '@colonies/testkit'
import { countProcesses, rollUp } from './counters.js'
import { sql } from './sql.js'
import { insertProcesses } from './submissions.js'
import { testColony } from './testing/colony.js'

test('events are added up in steps, and those of one transaction together', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', [])
  const batches = [1, 1, 7, 1]
  for (const size of batches) {
    const processes = Array.from({ length: size }, () => colony.process())
    await insertProcesses(db, colony.key, processes, [])
  }
  const steps: number[] = []
  // Transactions of other tests on the same PostgreSQL may hold back for a moment what counts as settled.
  for (const giveUpAt = Date.now() + 10_000; Date.now() < giveUpAt; ) {
    const { events } = await rollUp(db, colony.key, 2)
    if (events > 0) steps.push(events)
    if (steps.reduce((sum, one) => sum + one, 0) === 10) break
  }
  assert.ok(Math.max(...steps) === 7 && steps.length >= 3, `the steps were ${steps}`)
  const row = await db.one<{ waiting: bigint }>(sql`select waiting from counters where colony = ${colony.key}`)
  assert.equal(row?.waiting, 10n)
  assert.equal((await countProcesses(db, colony.key)).waiting, 10)
})
