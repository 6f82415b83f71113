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
  return sql`l.state = 1 and l.holder = ${holder} and (${attempt} = 0 or l.attempt = ${attempt})`
}
