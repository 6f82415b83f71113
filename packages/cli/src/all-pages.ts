/**
 * Reads a list to its end, or until there is enough of it. A page may be shorter than was asked for: an empty one is the end,
 * and so is one that gets no further, as of a server that knows no pages.
 *
 * @param read the page behind a row and its place; the place is empty at the beginning
 * @param count rows at most
 */
export async function allPages<Row>(
  read: (after: string, last: Row | undefined) => Promise<readonly Row[]>,
  placeOf: (row: Row) => string,
  count = Number.POSITIVE_INFINITY,
): Promise<Row[]> {
  const rows: Row[] = []
  for (let after = ''; rows.length < count; ) {
    const page = await read(after, rows.at(-1))
    const last = page.at(-1)
    if (last === undefined || placeOf(last) === after) break
    for (const row of page) rows.push(row)
    after = placeOf(last)
  }
  return rows.slice(0, count)
}
