import type { Db } from './db.js'
import { sql } from './sql.js'

/** Rows that were changed or deleted are found by index until they are vacuumed, and each claim walks over those at the head of the queue. */
const DEAD_ROWS_MAX = 4_000

/**
 * Vacuums the tables of the queue that have many dead rows. PostgreSQL would by itself, once a minute in its usual settings: by
 * then claims of a busy queue cost it twice as much. Never waits for a lock, nor takes one that anybody but a change of the schema
 * waits for.
 *
 * @returns names of the tables that had many
 * @throws when it takes longer than statements may; what was done by then remains
 */
export async function vacuumQueue(db: Db): Promise<string[]> {
  const tables: string[] = []
  const dead = await db.one<{ live: bigint; wanted: bigint }>(sql`
    select pg_stat_get_dead_tuples('live'::regclass) as live, pg_stat_get_dead_tuples('wanted'::regclass) as wanted`)
  if ((dead?.live ?? 0n) >= DEAD_ROWS_MAX) {
    await db.run(sql`vacuum (skip_locked, index_cleanup on, truncate off, parallel 0) live`)
    tables.push('live')
  }
  if ((dead?.wanted ?? 0n) >= DEAD_ROWS_MAX) {
    await db.run(sql`vacuum (skip_locked, index_cleanup on, truncate off, parallel 0) wanted`)
    tables.push('wanted')
  }
  return tables
}
