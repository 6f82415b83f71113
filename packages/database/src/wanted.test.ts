import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onOneServer, someoneWaits, testDatabase } from '@colonies/testkit'
import { claimProcesses } from './claims.js'
import { cancelProcess } from './closes.js'
import type { Db } from './db.js'
import { giveBack } from './releases.js'
import { removeProcess } from './removals.js'
import { sql } from './sql.js'
import { insertProcesses } from './submissions.js'
import { anyShape, claimant, testColony } from './testing/colony.js'
import { heldOpen } from './testing/held-open.js'

// Rows of `wanted` are where executors look for processes that want them by name: one that is left behind comes before all
// later ones.

test('a cancel that waits for the release of a process leaves nothing behind for the executor that it wanted', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1'])
  const [cancelled, next] = [colony.process({ names: ['e1'] }), colony.process({ names: ['e1'] })]
  await insertProcesses(db, colony.key, [cancelled, next], [])
  await claimProcesses(db, colony.key, anyShape, [claimant('e1')])

  await heldOpen(
    db,
    (tx) => giveBack(tx, colony.key, [{ processId: cancelled.processId, holder: 'e1-id', attempt: 0 }]),
    () => cancelProcess(db, colony.key, cancelled.processId),
  )

  assert.deepEqual(await db.all(sql`select process_id from wanted where colony = ${colony.key}`), [
    { process_id: next.processId },
  ])
  const [claimed] = await claimProcesses(db, colony.key, anyShape, [claimant('e1')])
  assert.equal(claimed?.process_id, next.processId)
})

test('a removal that waits for a process to be given back leaves nothing behind for the executor that it wanted', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1'])
  const [removed, next] = [colony.process({ names: ['e1'] }), colony.process({ names: ['e1'] })]
  await insertProcesses(db, colony.key, [removed, next], [])

  const count = await heldOpen(
    db,
    async (tx) => {
      await claimProcesses(tx, colony.key, anyShape, [claimant('e1')])
      await giveBack(tx, colony.key, [{ processId: removed.processId, holder: 'e1-id', attempt: 1 }])
    },
    () => removeProcess(db, colony.key, removed.processId),
  )

  assert.equal(count, 1)
  assert.deepEqual(await db.all(sql`select process_id from wanted where colony = ${colony.key}`), [
    { process_id: next.processId },
  ])
})

test(
  'a claim that began before another claim was given back leaves nothing behind for the executors that were wanted',
  onOneServer('it puts a view in the place of a table'),
  async (t) => {
    const { db } = await testDatabase(t)
    const colony = await testColony(db, 'dev', ['e1', 'e2'])
    const wanting = colony.process({ names: ['e1', 'e2'] })
    await insertProcesses(db, colony.key, [wanting], [])
    await claimsWaitForLock(db)

    let slow: Promise<string | undefined> | undefined
    await db.transaction(async (tx) => {
      await tx.run(sql`select pg_advisory_xact_lock(7)`)
      slow = db.transaction(async (other) => {
        await other.run(sql`set local test.claims_wait = 'yes'`)
        return (await claimProcesses(other, colony.key, anyShape, [claimant('e1')]))[0]?.process_id
      })
      await someoneWaits(db)
      await claimProcesses(db, colony.key, anyShape, [claimant('e2')])
      await giveBack(db, colony.key, [{ processId: wanting.processId, holder: 'e2-id', attempt: 1 }])
    })

    const [first] = [
      await slow,
      (await claimProcesses(db, colony.key, anyShape, [claimant('e1')]))[0]?.process_id,
    ].filter((id) => id !== undefined)
    assert.equal(first, wanting.processId)
    assert.deepEqual(await db.all(sql`select process_id from wanted where colony = ${colony.key}`), [])
  },
)

/** From now on a claim with the setting `test.claims_wait` stops, once it has its snapshot, until nobody has the advisory lock 7. */
async function claimsWaitForLock(db: Db): Promise<void> {
  await db.run(sql`alter table executors rename to all_executors`)
  await db.run(sql`
    create view executors as select * from all_executors
    where case when current_setting('test.claims_wait', true) = 'yes'
      then pg_advisory_xact_lock_shared(7) is not null else true end`)
}
