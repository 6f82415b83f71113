import { coloniesIn } from './colonies-in.js'
import type { Db } from './db.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

/** Of one sweep. */
export interface OverdueOptions {
  /** Most processes in one call (their descendants come on top); when as many come back, call again at once. */
  limit: number
  /** Those whose deadline passed in the last seconds; undefined: all. */
  withinSeconds?: number | undefined
}

/** Over a process `l`: its deadline has passed, in the last seconds where these are given. */
export const isOverdue = (withinSeconds: number | undefined): Sql =>
  withinSeconds === undefined
    ? sql`l.deadline < now()`
    : sql`l.deadline < now() and l.deadline >= now() - make_interval(secs => ${withinSeconds}::int)`

/**
 * Colonies with processes whose wait or exec deadline has passed, in the last seconds where these are given: no earlier part of
 * the index is looked at then, but one place of it for each colony. Uses the index `live_deadline`.
 */
export async function coloniesWithOverdue(db: Db, withinSeconds?: number): Promise<ColonyKey[]> {
  const rows = await db.all<{ colony: ColonyKey }>(
    withinSeconds === undefined
      ? overdueColonies()
      : sql`
        select c.colony_key as colony from colonies c
        where (select l.colony from live l where l.colony = c.colony_key and ${isOverdue(withinSeconds)}
          order by l.deadline limit 1) is not null`,
  )
  return rows.map((row) => row.colony)
}

/** What `coloniesWithOverdue` asks when it looks at everything. @param at what is overdue at this time */
export const overdueColonies = (at = sql`now()`): Sql => sql`
  select k.colony
  from ${coloniesIn({ table: sql`live`, columns: sql`t.deadline`, rows: sql`t.deadline is not null` })} k
  where exists (select 1 from live l where l.colony = k.colony and l.deadline < ${at})`
