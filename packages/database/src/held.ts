import { type Sql, sql } from './sql.js'

/** Who changes a running process. An executor that lost it and got it again holds it as a later attempt. */
export interface Holder {
  holder: string
  /** 0: whichever attempt runs. */
  attempt: number
}

/** A process, as its holder names it. */
export interface Held extends Holder {
  processId: string
}

/** Over a row `l` of `live`: the process runs, and is held so. */
export function heldBy({ holder, attempt }: Holder): Sql {
  return heldAs(sql`${holder}::text`, sql`${attempt}::int`)
}

/**
 * The same, of expressions.
 *
 * No index fits a `case`, so the planner looks the process up by the id that `l` is joined with. With plain conditions, or
 * with the id as a parameter, it may walk all that runs, or all that the holder has (`live_list`, `live_holder`).
 */
export function heldAs(holder: Sql, attempt: Sql): Sql {
  return sql`case when l.state = 1 then l.holder = ${holder} and (${attempt} = 0 or l.attempt = ${attempt}) else false end`
}
