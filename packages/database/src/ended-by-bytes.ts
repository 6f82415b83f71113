import { type Sql, sql } from './sql.js'

/**
 * A page of rows that ends when its texts have so many bytes, with the row that reaches them; one row at least. A caller
 * reads on after the last row, as after any page.
 *
 * @param page a select with an order and a limit
 * @param options.bytes of one row, by its columns
 * @param options.order of the page
 */
export function endedByBytes(page: Sql, options: { columns: Sql; bytes: Sql; order: Sql; bytesMax: number }): Sql {
  const { columns, bytes, order, bytesMax } = options
  return sql`select ${columns} from (
      select *, sum(${bytes}) over (order by ${order} rows between unbounded preceding and 1 preceding) as bytes_before
      from (${page}) page) sized
    where coalesce(bytes_before, 0) < ${bytesMax}::bigint order by ${order}`
}
