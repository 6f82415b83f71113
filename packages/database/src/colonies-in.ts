import { type Sql, sql } from './sql.js'

/** An index that begins with the colony. */
interface ColonyIndex {
  table: Sql
  /** Columns of the table `t` as the index has them after the colony: by their order the planner takes this index. */
  columns: Sql
  /** Which rows of the table `t` it has; `true` for all. */
  rows: Sql
}

export const withEvents: ColonyIndex = { table: sql`events`, columns: sql`t.xact`, rows: sql`true` }
export const withChangedGraphs: ColonyIndex = {
  table: sql`graphs`,
  columns: sql`t.counted_state, t.graph_id`,
  rows: sql`t.counted_state is distinct from t.state`,
}

/** A column that says when a row has something to do, with an index that begins with the colony and has those rows only. */
interface Times {
  table: Sql
  time: Sql
}

/** Colonies with something to do within some ms, and how many ms away the first is, less than 0 when it is late. */
export function comingIn({ table, time }: Times, withinMs: number): Sql {
  const columns = sql`t.${time}`
  return sql`
    select k.colony, extract(epoch from first.at - now())::float8 * 1000 as "inMs"
    from ${coloniesIn({ table, columns, rows: sql`${columns} is not null` })} k
    cross join lateral (
      select ${columns} as at from ${table} t where t.colony = k.colony and ${columns} is not null
      order by ${columns} limit 1) first
    where first.at < now() + make_interval(secs => ${withinMs / 1000}::float8)`
}

/**
 * Keys of the colonies that have rows in an index, as a table `(colony)`: one step through the index per such colony. How
 * many rows each has does not matter, nor how many colonies have none; most of many colonies have nothing to be done.
 */
export function coloniesIn({ table, columns, rows }: ColonyIndex): Sql {
  // From above 0, which has the rows that the planner's statistics are made of. As a parameter: of the number itself it knows
  // that nothing was above it when they were made, and would sort all that there is now.
  const next = (after: Sql) => sql`
    select t.colony from ${table} t where t.colony > ${after} and ${rows} order by t.colony, ${columns} limit 1`
  return sql`(
    with recursive found (colony) as (
      (${next(sql`${0}::int`)})
      union all
      select (${next(sql`f.colony`)}) from found f where f.colony is not null
    )
    select f.colony from found f join colonies c on c.colony_key = f.colony)`
}
