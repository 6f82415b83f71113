import { bigintColumn, flagColumn, intColumn, textColumn } from './columns.js'
import { type Sql, sql } from './sql.js'

/**
 * Columns of rows that are to be stored, for the list of a `select`, side by side. There PostgreSQL takes a value of each for each row;
 * of several in one `unnest` of a `from` it would first put each column into a store of its own
 * ([record 37](../../../docs/decisions/0037-columns-side-by-side.md)). Number the rows with `generate_series(1, count)`.
 */
export class Unnested<Row> {
  readonly #rows: readonly Row[]

  constructor(rows: readonly Row[]) {
    this.#rows = rows
  }

  texts(pick: (row: Row) => string | null): Sql {
    return sql`unnest(${textColumn(this.#rows, pick)}::text[])`
  }

  ints(pick: (row: Row) => number | null): Sql {
    return sql`unnest(${intColumn(this.#rows, pick)}::int[])`
  }

  bigints(pick: (row: Row) => bigint): Sql {
    return sql`unnest(${bigintColumn(this.#rows, pick)}::bigint[])`
  }

  flags(pick: (row: Row) => boolean): Sql {
    return sql`unnest(${flagColumn(this.#rows, pick)}::boolean[])`
  }
}
