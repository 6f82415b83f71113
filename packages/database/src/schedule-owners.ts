import type { Db } from './db.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

/** A member has a new identity: what it started by time and by arguments goes on under that one. */
export async function moveSchedules(tx: Db, colony: ColonyKey, from: string, to: string): Promise<void> {
  await tx.run(sql`
    with moved as (update crons set initiator_id = ${to} where colony = ${colony} and initiator_id = ${from})
    update generators set initiator_id = ${to} where colony = ${colony} and initiator_id = ${from}`)
}

/** Whether an id is that of a user or of an approved executor: only these may start something. */
export function isMember(colony: ColonyKey, id: Sql): Sql {
  return sql`(exists (select 1 from users u where u.colony = ${colony} and u.user_id = ${id}) or exists (
    select 1 from executors e where e.colony = ${colony} and e.executor_id = ${id} and e.state = 1))`
}
