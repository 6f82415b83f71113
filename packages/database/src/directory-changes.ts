import type { Db } from './db.js'
import { type Sql, sql } from './sql.js'

/** Marks subjects whose rights change; part of the statement that changes them. */
export const colonySubject = (name: string): string => `colony:${name}`

/** A part of a statement: one row of `directory_changes` per row of `source`, whose column `subject` names who changed. */
export function noteChange(source: Sql): Sql {
  return sql`insert into directory_changes (subject) select subject from ${source}`
}

/** For transactions of several statements. */
export async function noteChanges(tx: Db, subjects: readonly string[]): Promise<void> {
  await tx.run(sql`insert into directory_changes (subject) select unnest(${subjects}::text[])`)
}
