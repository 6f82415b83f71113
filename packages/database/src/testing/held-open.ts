import assert from 'node:assert/strict'
import { someoneWaits } from '@colonies/testkit'
import type { Db } from '../db.js'

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
