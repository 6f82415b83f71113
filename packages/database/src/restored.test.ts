import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '@colonies/testkit'
import { claimProcesses } from './claims.js'
import { closeSuccessful } from './closes.js'
import { countColony, rollUp } from './counters.js'
import type { Db } from './db.js'
import { currentPosition, readEvents, readHistory } from './events.js'
import { settleRestored } from './restored.js'
import { sql } from './sql.js'
import { insertProcesses } from './submissions.js'
import { anyShape, claimant, testColony } from './testing/colony.js'

/** As if all had been written by a PostgreSQL that had begun many more transactions. */
async function comeFromElsewhere(db: Db): Promise<void> {
  const ahead = sql`10000000000`
  await db.run(sql`update events set xact = (xact::text::bigint + ${ahead})::text::xid8 where colony <> 0`)
  await db.run(
    sql`update counters set counted_to = (counted_to::text::bigint + ${ahead})::text::xid8 where colony <> 0`,
  )
}

/** Polls: transactions of other tests on the same PostgreSQL hold back for a moment what counts as settled. */
async function counted(db: Db, colony: number, events: number): Promise<void> {
  let left = events
  for (const giveUpAt = Date.now() + 10_000; left > 0; ) {
    assert.ok(Date.now() < giveUpAt, `${left} events were not counted`)
    left -= (await rollUp(db, colony, 100)).events
  }
}

test('a database that was dumped and restored elsewhere counts on, and tells the past in its order', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['ada'])
  const other = await testColony(db, 'other', [])
  const [first, second] = [colony.process(), colony.process()]
  await insertProcesses(db, colony.key, [first, second], [])
  await insertProcesses(db, other.key, [other.process()], [])
  await counted(db, colony.key, 2)
  await claimProcesses(db, colony.key, anyShape, [claimant('ada')])
  assert.equal(await settleRestored(db), false)

  await comeFromElsewhere(db)
  assert.equal(await settleRestored(db), true)
  assert.equal(await settleRestored(db), false)

  const { processId } = first
  const from = await currentPosition(db, colony.key)
  await closeSuccessful(db, colony.key, [{ processId, holder: 'ada-id', attempt: 0, output: null }])
  const history = await readHistory(db, colony.key, processId, { after: 0, count: 10 })
  assert.deepEqual(
    history.map(({ state }) => state),
    [0, 1, 2],
  )
  await counted(db, colony.key, 2)
  const { waiting, running, success } = (await countColony(db, colony.key)).processes
  assert.deepEqual({ waiting, running, success }, { waiting: 1, running: 0, success: 1 })
  assert.equal((await countColony(db, other.key)).processes.waiting, 1)
  const { events } = await readEvents(db, colony.key, from)
  assert.deepEqual(
    events.map((event) => event.state),
    [2],
    'only what is new is news',
  )
})

test('a reader that has seen more than a restored database has goes on with what comes', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', [])
  const ahead = (await currentPosition(db, colony.key)) + 1_000_000n
  let { next } = await readEvents(db, colony.key, ahead)
  assert.ok(next < ahead)
  await insertProcesses(db, colony.key, [colony.process()], [])
  for (const giveUpAt = Date.now() + 10_000; ; ) {
    const page = await readEvents(db, colony.key, next)
    if (page.events.length > 0) break
    assert.ok(Date.now() < giveUpAt, 'the event never came')
    next = page.next
  }
})
