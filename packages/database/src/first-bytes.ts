/** @returns the first rows that have no more bytes together than `bytesMax`; one in any case */
export function firstBytes<Row extends { bytes: number }>(rows: readonly Row[], bytesMax: number): Row[] {
  let bytes = 0
  return rows.filter((row, place) => {
    bytes += row.bytes
    return place === 0 || bytes <= bytesMax
  })
}
