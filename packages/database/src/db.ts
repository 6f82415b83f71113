import type { Sql } from './sql.js'

/**
 * A PostgreSQL database, or one transaction in it.
 *
 * `Row` is trusted, not checked: it says what the statement selects. timestamptz comes as RFC 3339 text in UTC
 * (`2026-11-21T00:10:56.623085Z`, no trailing zeros), int8 as bigint, json and jsonb as text.
 */
export interface Db {
  /** All rows of the result. */
  all<Row>(statement: Sql): Promise<Row[]>

  /** The first row; undefined when there is none. */
  one<Row>(statement: Sql): Promise<Row | undefined>

  /** How many rows the statement wrote or read. */
  run(statement: Sql): Promise<number>

  /**
   * Commits what `work` did when it returns, rolls it back when it throws.
   *
   * After a deadlock or a serialization failure the whole of `work` runs again, so it must change nothing but the
   * database. Within a transaction this is the same transaction: nothing commits before the outer one does.
   */
  transaction<T>(work: (tx: Db) => Promise<T>): Promise<T>

  /** Where the tables are spread over several servers, each of these; what is about all colonies has a row of each, not one. */
  readonly nodes?: readonly Db[]
}
