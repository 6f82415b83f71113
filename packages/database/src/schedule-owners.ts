import type { Db } from './db.js'
import { sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

/** A member has a new identity: what it started by time and by arguments goes on under that one. */
export async function moveSchedules(tx: Db, colony: ColonyKey, from: string, to: string): Promise<void> {
  await tx.run(sql`
    with moved as (update crons set initiator_id = ${to} where colony = ${colony} and initiator_id = ${from})
    update generators set initiator_id = ${to} where colony = ${colony} and initiator_id = ${from}`)
}
