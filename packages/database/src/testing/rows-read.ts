import type { Db } from '../db.js'
import { sql } from '../sql.js'

/** How many rows of tables are read while something runs, with those that are passed by. */
export function rowsRead(db: Db, run: (tx: Db) => Promise<unknown>): Promise<number> {
  return db.transaction(async (tx) => {
    const before = await rowsReadSoFar(tx)
    await run(tx)
    return (await rowsReadSoFar(tx)) - before
  })
}

/** By the statements of this transaction. */
async function rowsReadSoFar(tx: Db): Promise<number> {
  const row = await tx.one<{ rows: number }>(sql`
    select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::float8 as rows from pg_stat_xact_user_tables`)
  return row?.rows ?? 0
}
