import type { Db } from './db.js'
import { sql } from './sql.js'

/** Rows that were changed or deleted are found by index until they are vacuumed, and each claim walks over those at the head of the queue. */
const DEAD_ROWS_MAX = 4_000

const queue = [
  { name: 'live', table: sql`live` },
  { name: 'wanted', table: sql`wanted` },
]

/**
 * Vacuums the tables of the queue that have many dead rows. PostgreSQL would by itself, once a minute in its usual settings: by
 * then claims of a busy queue cost it twice as much. Never waits for a lock, nor takes one that anybody but a change of the schema
 * waits for.
 *
 * @returns names of the tables that had many
 * @throws when it takes longer than statements may; what was done by then remains
 */
export async function vacuumQueue(db: Db): Promise<string[]> {
  const vacuumed: string[] = []
  for (const { name, table } of queue) {
    const row = await db.one<{ dead: bigint }>(sql`select pg_stat_get_dead_tuples(${name}::text::regclass) as dead`)
    if ((row?.dead ?? 0n) < DEAD_ROWS_MAX) continue
    await db.run(sql`vacuum (skip_locked, index_cleanup on, truncate off, parallel 0) ${table}`)
    vacuumed.push(name)
  }
  return vacuumed
}
