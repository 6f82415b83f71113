import type { Database, ScriptTransaction } from './connect.js'
import type { Db } from './db.js'
import { sql } from './sql.js'

/**
 * Makes a database whole that was copied to another PostgreSQL by pg_dump. The copy brings transaction ids along, of events
 * and of how far they were counted, and the new PostgreSQL counts its own from the beginning: what happens from now on would
 * look older than all before, would not be counted, and old events would be shown as new ones some day. So all that came
 * along is put before anything that can still come: 1 for what was counted, 2 for what was not.
 *
 * Before any replica serves: all events are old ones. The table of events is written anew, which takes minutes where it has
 * tens of millions of rows. A base backup, also one restored to a point in time, keeps its ids and needs nothing.
 *
 * @returns whether there was anything to do
 */
export async function settleRestored(db: Database): Promise<boolean> {
  if (!(await isAhead(db))) return false
  return db.transaction(async (tx) => {
    // What connections are set to for short statements, here and in the driver, is wrong for the one that writes a table anew.
    // Of replicas that start at once the first one gets the locks, and the others find nothing left to do.
    await tx.script(`
      set local statement_timeout = 0; set local enable_seqscan = on; set local enable_hashjoin = on;
      lock table events, counters in share row exclusive mode`)
    if (!(await isAhead(tx))) return false
    await forgetTransactionIds(tx)
    return true
  })
}

/** Puts all events, and how far they were counted, before the first transaction of any PostgreSQL. */
export async function forgetTransactionIds(tx: ScriptTransaction): Promise<void> {
  await tx.script(`
      update events e set xact = (case when c.counted_to > e.xact then '1' else '2' end)::xid8
      from colonies k left join counters c on c.colony = k.colony_key
      where e.colony = k.colony_key`)
  await tx.run(sql`update counters set counted_to = '2'::xid8 where colony <> 0`)
  await tx.run(sql`delete from directory_changes`) // of rights that replicas of the other database remembered
}

/** Whether something was counted up to a transaction that this PostgreSQL has not begun yet. */
async function isAhead(db: Db): Promise<boolean> {
  const row = await db.one(sql`
    select 1 from counters where colony <> 0 and counted_to > pg_snapshot_xmax(pg_current_snapshot()) limit 1`)
  return row !== undefined
}
