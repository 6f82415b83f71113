import type { ExitCode } from './exit-codes.js'
import { type Column, formatDescription, formatTable, type Style, visible } from './table.js'

/** What a command has to say, for people and for programs. */
export interface View {
  /** What `json` and `yaml` print. */
  readonly data: unknown
  /** What `id` prints, one in each line. */
  readonly ids: readonly string[]
  /** What people see; ends with a line end unless empty. */
  text(style: Style): string
  /** A sentence for people, beside the result. */
  readonly note?: string | undefined
  /** Where the result itself is bad news. */
  readonly exitCode?: ExitCode | undefined
}

interface ListParts<Row> {
  id(row: Row): string
  /** What to say about an empty list. */
  none: string
  /** What is wrong with a row, whole and on a line of its own below the table; empty: nothing. */
  remark?(row: Row): string
}

export function list<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { id, none, remark = () => '' }: ListParts<Row>,
): View {
  const text = (style: Style) => {
    const remarks = rows.map(remark).filter((sentence) => sentence !== '')
    const below = remarks.map((sentence) => `${style.paint(visible(sentence), 'red')}\n`)
    return [formatTable(rows, columns, style), ...(below.length > 0 ? ['\n', ...below] : [])].join('')
  }
  return {
    data: rows,
    ids: rows.map(id),
    text: (style) => (rows.length === 0 ? '' : text(style)),
    note: rows.length === 0 ? none : undefined,
  }
}

/** One thing with its fields; those that are empty are left out for people. */
export function item<Row>(row: Row, id: string, fields: readonly Column<Row>[]): View {
  return { data: row, ids: [id], text: (style) => formatDescription(row, fields, style) }
}

/** Something new; people and scripts get its id. */
export function created(sentence: string, id: string, data: unknown): View {
  return { data, ids: [id], text: () => `${id}\n`, note: sentence }
}

/** Something that was done and has no result. @param data names what it was done to; its texts are the ids */
export function done(sentence: string, data: Readonly<Record<string, string | number>>): View {
  return { data, ids: Object.values(data).map(String), text: () => '', note: sentence }
}

/** Texts as they are, each on a line of its own. */
export function lines(texts: readonly string[], data: unknown, note?: string): View {
  return { data, ids: texts, text: () => texts.map(endLine).join(''), note }
}

export function endLine(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`
}
