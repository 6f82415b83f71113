import type { Db } from './db.js'
import { isUniqueViolation } from './errors.js'
import { sql } from './sql.js'

/** How a colony is named as the subject of a change; members are named by their id. */
export const colonySubject = (name: string): string => `colony:${name}`

/** Tells replicas to forget what they remember of these subjects; for transactions of several statements. */
export async function noteChanges(tx: Db, subjects: readonly string[]): Promise<void> {
  await tx.run(sql`insert into directory_changes (subject) select unnest(${subjects}::text[])`)
}

/** What became of a change of identity: another has the new id, or nobody has the old one (any more). */
export type IdChange = 'changed' | 'taken' | 'not_held'

/** @param change gives how many rows it changed; a transaction of its own */
export async function idChange(change: Promise<number>): Promise<IdChange> {
  try {
    return (await change) > 0 ? 'changed' : 'not_held'
  } catch (error) {
    if (isUniqueViolation(error)) return 'taken'
    throw error
  }
}
