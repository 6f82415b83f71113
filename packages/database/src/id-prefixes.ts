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

/** Ids of graphs that begin so, in their order. A range of the primary key. */
export async function graphIdsFrom(db: Db, colony: ColonyKey, page: PrefixPage): Promise<string[]> {
  const rows = await db.all<{ graph_id: string }>(sql`
    select graph_id from graphs where colony = ${colony} and ${idsWithin(sql`graph_id`, page)}
    order by graph_id limit ${page.count}`)
  return rows.map((row) => row.graph_id)
}

/** Whether an id is one of the page. In the order of the columns, `g` comes next after all hex digits. */
export function idsWithin(id: Sql, { prefix, after }: PrefixPage): Sql {
  return sql`${id} >= ${prefix} and ${id} < ${`${prefix}g`} and ${id} > ${after}`
}
