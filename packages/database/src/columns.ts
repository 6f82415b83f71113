/** Bytes before the values: dimensions, whether there are nulls, type, count, lower bound. */
const HEAD = 20
/** Oids of types, as PostgreSQL numbers them for ever. */
const Oid = { flag: 16, bigint: 20, int: 23, text: 25 } as const
const NULL = -1
/** Shorter texts are written here, character by character: the call that writes longer ones takes as long by itself. */
const SHORT = 24

/**
 * A column of rows that are to be stored: one parameter for `unnest`, in PostgreSQL's binary form of an array.
 *
 * The driver would write an array as text. There each quote in a text gets a backslash, which PostgreSQL takes away again, and specs
 * are full of quotes: that took the replica twelve times as long, and PostgreSQL longer, too.
 *
 * @see https://github.com/postgres/postgres/blob/REL_15_STABLE/src/backend/utils/adt/arrayfuncs.c `array_recv`
 */
class Column {
  #bytes: Buffer
  #at = HEAD

  /** @param size bytes of all values, about */
  constructor(oid: number, count: number, size: number) {
    const bytes = Buffer.allocUnsafe(HEAD + 4 * count + size)
    bytes.writeInt32BE(1, 0) // dimension
    bytes.writeInt32BE(0, 4) // PostgreSQL sees by itself whether there are nulls
    bytes.writeInt32BE(oid, 8)
    bytes.writeInt32BE(count, 12)
    bytes.writeInt32BE(1, 16) // the first place
    this.#bytes = bytes
  }

  addNull(): void {
    this.#reserve(4)
    this.#at = this.#bytes.writeInt32BE(NULL, this.#at)
  }

  addFlag(value: boolean): void {
    this.#reserve(5)
    this.#at = this.#bytes.writeInt8(value ? 1 : 0, this.#bytes.writeInt32BE(1, this.#at))
  }

  addInt(value: number): void {
    this.#reserve(8)
    this.#at = this.#bytes.writeInt32BE(value, this.#bytes.writeInt32BE(4, this.#at))
  }

  addBigint(value: bigint): void {
    this.#reserve(12)
    this.#at = this.#bytes.writeBigInt64BE(value, this.#bytes.writeInt32BE(8, this.#at))
  }

  addText(value: string): void {
    this.#reserve(4 + 3 * value.length)
    const start = this.#at + 4
    const length = value.length < SHORT ? this.#writeShort(value, start) : this.#bytes.write(value, start)
    this.#bytes.writeInt32BE(length, this.#at)
    this.#at = start + length
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#at)
  }

  #writeShort(value: string, start: number): number {
    for (let place = 0; place < value.length; place++) {
      const code = value.charCodeAt(place)
      if (code > 0x7f) return this.#bytes.write(value, start)
      this.#bytes[start + place] = code
    }
    return value.length
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(2 * this.#bytes.length + bytes)
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }
}

/** One text of each row, for `unnest(${...}::text[])`. */
export function textColumn<Row>(rows: readonly Row[], pick: (row: Row) => string | null): Buffer {
  let [all, longest] = [0, 0]
  for (const row of rows) {
    const { length } = pick(row) ?? ''
    all += length
    if (length > longest) longest = length
  }
  // Room for the last one if each of its characters took three bytes, so that texts in ASCII are never copied to a larger place.
  const column = new Column(Oid.text, rows.length, all + 2 * longest)
  for (const row of rows) {
    const value = pick(row)
    if (value === null) column.addNull()
    else column.addText(value)
  }
  return column.bytes
}

/** One integer of each row, for `unnest(${...}::int[])`. */
export function intColumn<Row>(rows: readonly Row[], pick: (row: Row) => number | null): Buffer {
  const column = new Column(Oid.int, rows.length, 4 * rows.length)
  for (const row of rows) {
    const value = pick(row)
    if (value === null) column.addNull()
    else column.addInt(value)
  }
  return column.bytes
}

/** One 64-bit integer of each row, for `unnest(${...}::bigint[])`. */
export function bigintColumn<Row>(rows: readonly Row[], pick: (row: Row) => bigint): Buffer {
  const column = new Column(Oid.bigint, rows.length, 8 * rows.length)
  for (const row of rows) column.addBigint(pick(row))
  return column.bytes
}

/** A yes or no of each row, for `unnest(${...}::boolean[])`. */
export function flagColumn<Row>(rows: readonly Row[], pick: (row: Row) => boolean): Buffer {
  const column = new Column(Oid.flag, rows.length, rows.length)
  for (const row of rows) column.addFlag(pick(row))
  return column.bytes
}
