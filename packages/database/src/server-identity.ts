import type { Db } from './db.js'
import { sql } from './sql.js'

/** Gives the server a new owner. */
export function setServerOwner(db: Db, serverId: string): Promise<number> {
  return db.run(sql`
    with changed as (update server_identity set server_id = ${serverId} returning 1)
    insert into directory_changes (subject) select 'server' from changed`)
}

/** Executors and colonies of the whole server; for its owner's statistics. */
export async function countServer(db: Db): Promise<{ colonies: number; executors: number; active: number; unregistered: number }> {
  const row = await db.one<{ colonies: number; executors: number; active: number; unregistered: number }>(sql`
    select (select count(*)::int from colonies) as colonies, count(*)::int as executors,
      count(*) filter (where state = 1)::int as active, count(*) filter (where state = 3)::int as unregistered
    from executors where colony <> 0`)
  return row ?? { colonies: 0, executors: 0, active: 0, unregistered: 0 }
}
