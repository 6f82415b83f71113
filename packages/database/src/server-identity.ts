import type { Db } from './db.js'
import { type IdChange, idChange } from './directory-changes.js'
import { sql } from './sql.js'

/** Gives the server a new owner. */
export function setServerOwner(db: Db, from: string, to: string): Promise<IdChange> {
  return idChange(
    db.run(sql`
      with changed as (update server_identity set server_id = ${to} where server_id = ${from} returning 1)
      insert into directory_changes (subject) select 'server' from changed`),
  )
}

export interface ServerCounts {
  colonies: number
  /** Without those that are unregistered. */
  executors: number
  active: number
  unregistered: number
}

/** Executors and colonies of the whole server; for its owner's statistics. */
export async function countServer(db: Db): Promise<ServerCounts> {
  const [first, ...others] = await db.all<ServerCounts>(sql`
    select (select count(*)::int from colonies) as colonies, count(*) filter (where state <> 3)::int as executors,
      count(*) filter (where state = 1)::int as active, count(*) filter (where state = 3)::int as unregistered
    from executors where colony <> 0`)
  const counts = first ?? { colonies: 0, executors: 0, active: 0, unregistered: 0 }
  // One row of each shard, where there are several.
  for (const { executors, active, unregistered } of others) {
    counts.executors += executors
    counts.active += active
    counts.unregistered += unregistered
  }
  return counts
}
