import type { Db } from './db.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

export interface PrefixPage {
  /** The beginning of ids, in lower-case hex digits. */
  prefix: string
  count: number
  /** Id of the last row of the page before; '' for the first page. */
  after: string
}

/** Ids of processes in any state that begin so, in their order. A range of the primary key. */
export async function processIdsFrom(db: Db, colony: ColonyKey, page: PrefixPage): Promise<string[]> {
  const rows = await db.all<{ process_id: string }>(sql`
    select process_id from process_specs where colony = ${colony} and ${within(sql`process_id`, page)}
    order by process_id limit ${page.count}`)
  return rows.map((row) => row.process_id)
}

/** The same for graphs. */
export async function graphIdsFrom(db: Db, colony: ColonyKey, page: PrefixPage): Promise<string[]> {
  const rows = await db.all<{ graph_id: string }>(sql`
    select graph_id from graphs where colony = ${colony} and ${within(sql`graph_id`, page)}
    order by graph_id limit ${page.count}`)
  return rows.map((row) => row.graph_id)
}

/** In the order of the columns, `g` comes next after all hex digits. */
function within(id: Sql, { prefix, after }: PrefixPage): Sql {
  return sql`${id} >= ${prefix} and ${id} < ${`${prefix}g`} and ${id} > ${after}`
}
