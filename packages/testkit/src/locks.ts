import { type Db, sql } from '@colonies/database'

/**
 * Resolves when a statement that has these words hangs on a lock; fails after five seconds.
 *
 * @param db a connection outside of transactions: inside one, PostgreSQL shows the same picture again and again
 */
export async function someoneWaits(db: Db, words = ''): Promise<void> {
  const end = Date.now() + 5000
  while (Date.now() < end) {
    for (const node of db.nodes ?? [db]) {
      const row = await node.one(sql`
        select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
          and strpos(query, ${words}) > 0`)
      if (row) return
    }
  }
  throw new Error('nobody waited for the lock')
}
