import assert from 'node:assert/strict'
import type { Db } from '../db.js'
import { sql } from '../sql.js'

/** Runs `first` in a transaction that commits only when `second` hangs on a lock of it (or has ended). */
export async function heldOpen<T>(db: Db, first: (tx: Db) => Promise<unknown>, second: () => Promise<T>): Promise<T> {
  let result: Promise<T> | undefined
  await db.transaction(async (tx) => {
    await first(tx)
    result ??= second()
    await Promise.race([result.catch(() => {}), someoneWaits(db)])
  })
  assert.ok(result)
  return result
}

/** Resolves when a statement hangs on a lock. */
export async function someoneWaits(db: Db): Promise<void> {
  const end = Date.now() + 5000
  while (Date.now() < end) {
    const row = await db.one(sql`
      select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)
    if (row) return
  }
  throw new Error('nobody waited for the lock')
}
