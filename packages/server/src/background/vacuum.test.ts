import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Db, sql } from '@colonies/database'
import { onOneServer, testDatabase } from '@colonies/testkit'
import { upkeepContext } from '../testing/upkeep.js'
import { vacuum } from './vacuum.js'

interface Vacuums {
  dead: number
  times: number
}

/** Dead rows of the queue, and how often it was vacuumed by somebody who was told to. */
async function vacuums(db: Db): Promise<Vacuums> {
  const row = await db.one<Vacuums>(sql`
    select pg_stat_get_dead_tuples('live'::regclass)::int as dead, pg_stat_get_vacuum_count('live'::regclass)::int as times`)
  assert.ok(row)
  return row
}

test(
  'who leads vacuums the queue when it has many dead rows, and only then',
  onOneServer('rows of no colony are on all nodes'),
  async (t) => {
    const { db } = await testDatabase(t)
    await db.run(sql`alter table live set (autovacuum_enabled = off)`)
    const context = upkeepContext(db)
    // All rows of no colony, which are a thousand. What a connection did is told at once only when that is asked for.
    const changeRows = (times: number) =>
      db.transaction(async (tx) => {
        for (let time = 0; time < times; time++)
          await tx.run(sql`update live set list_place = list_place + 1 where colony = 0`)
        await tx.run(sql`select pg_stat_force_next_flush()`)
      })
    await changeRows(1)
    await context.replica.members.beat(db)
    await vacuum.runOnce(context)
    assert.equal((await vacuums(db)).times, 0, 'few')

    await changeRows(5)
    await context.replica.members.leave(db)
    await vacuum.runOnce(context)
    assert.equal((await vacuums(db)).times, 0, 'somebody else leads')

    await context.replica.members.beat(db)
    await vacuum.runOnce(context)
    const after = await vacuums(db)
    assert.equal(after.times, 1)
    assert.ok(after.dead < 4_000, `${after.dead} dead rows are left`)
  },
)
