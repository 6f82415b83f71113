import { coloniesIn } from './colonies-in.js'
import type { Db } from './db.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

interface Due {
  colony: ColonyKey
}

const keysOf = (rows: readonly Due[]) => rows.map((row) => row.colony)

/** Of one sweep. */
export interface OverdueOptions {
  /** Most processes in one call (their descendants come on top); when as many come back, call again at once. */
  limit: number
  /** Those whose deadline passed in the last seconds; undefined: all. */
  withinSeconds?: number | undefined
}

const withDeadlines = coloniesIn({ table: sql`live`, columns: sql`t.deadline`, rows: sql`t.deadline is not null` })

/** Over a process `l`: its deadline has passed, in the last seconds where these are given. */
export const isOverdue = (withinSeconds: number | undefined): Sql =>
  withinSeconds === undefined
    ? sql`l.deadline < now()`
    : sql`l.deadline < now() and l.deadline >= now() - make_interval(secs => ${withinSeconds}::int)`

/** Colonies with processes whose wait or exec deadline has passed. Uses the index `live_deadline`. */
export async function coloniesWithOverdue(db: Db): Promise<ColonyKey[]> {
  return keysOf(
    await db.all<Due>(sql`
      select k.colony from ${withDeadlines} k
      where exists (select 1 from live l where l.colony = k.colony and ${isOverdue(undefined)})`),
  )
}

/** Which of some colonies have processes whose deadline has passed in the last seconds. Looks at no earlier part of the index. */
export async function overdueAmong(
  db: Db,
  colonies: readonly ColonyKey[],
  withinSeconds: number,
): Promise<ColonyKey[]> {
  return keysOf(
    await db.all<Due>(sql`
      select k.colony from unnest(${colonies}::int[]) as k (colony)
      where exists (select 1 from live l where l.colony = k.colony and ${isOverdue(withinSeconds)})`),
  )
}

/** Colonies with processes that have deadlines, at most `limit`. */
export async function coloniesWithDeadlines(db: Db, limit: number): Promise<ColonyKey[]> {
  return keysOf(await db.all<Due>(sql`select k.colony from ${withDeadlines} k limit ${limit}`))
}
