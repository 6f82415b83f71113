export const colours = { green: 32, red: 31, yellow: 33, blue: 36, grey: 90 } as const
export type Colour = keyof typeof colours

/** How text is shown where it is going. */
export interface Style {
  /** Characters that fit into a line. */
  readonly width: number
  /** Only ASCII characters in what we draw ourselves. */
  readonly ascii: boolean
  paint(text: string, colour: Colour | undefined): string
}

/** A column of a table, or a line of a description. */
export interface Column<Row> {
  readonly header: string
  of(row: Row): string | number | bigint
  /** Never cut, such as ids. */
  readonly whole?: boolean
  colour?(row: Row): Colour | undefined
}

const widthMin = 6
const gap = '  '

/**
 * Plain columns with a heading. Where the line is too short the widest columns are cut; where that is not enough, empty columns
 * are left out, and then the last ones.
 */
export function formatTable<Row>(rows: readonly Row[], all: readonly Column<Row>[], style: Style): string {
  const columns = thatFit(rows, all, style.width)
  const cells = rows.map((row) => columns.map((column) => cellOf(column, row)))
  const natural = columns.map(({ header }, index) =>
    Math.max(lengthOf(header), ...cells.map((line) => lengthOf(line[index] ?? ''))),
  )
  const widths = fit(natural, columns, style.width)
  const lineOf = (texts: readonly string[], colourOf: (index: number) => Colour | undefined) =>
    texts
      .map((text, index) => {
        const width = widths[index] ?? 0
        const cut = shorten(text, width, style)
        const padding = index === texts.length - 1 ? '' : ' '.repeat(width - lengthOf(cut))
        return style.paint(cut, colourOf(index)) + padding
      })
      .join(gap)
      .trimEnd()
  const heading = lineOf(
    columns.map(({ header }) => header),
    () => 'grey',
  )
  const lines = rows.map((row, at) => lineOf(cells[at] ?? [], (index) => columns[index]?.colour?.(row)))
  return [heading, ...lines, ''].join('\n')
}

/** One line for each field that has something to say. */
export function formatDescription<Row>(row: Row, fields: readonly Column<Row>[], style: Style): string {
  const shown = fields.map((field) => ({ field, text: String(field.of(row)) })).filter(({ text }) => text !== '')
  const width = Math.max(0, ...shown.map(({ field }) => lengthOf(field.header)))
  const indent = ' '.repeat(width + gap.length)
  const lines = shown.map(({ field, text }) => {
    const value = text.split('\n').map(visible).join(`\n${indent}`)
    const label = style.paint(field.header, 'grey') + ' '.repeat(width - lengthOf(field.header))
    return `${label}${gap}${style.paint(value, field.colour?.(row))}`
  })
  return `${lines.join('\n')}\n`
}

function cellOf<Row>(column: Column<Row>, row: Row): string {
  return visible(String(column.of(row)))
}

function thatFit<Row>(rows: readonly Row[], all: readonly Column<Row>[], width: number): readonly Column<Row>[] {
  const least = (column: Column<Row>) => {
    const natural = Math.max(lengthOf(column.header), ...rows.map((row) => lengthOf(cellOf(column, row))))
    return column.whole ? natural : Math.min(natural, widthMin)
  }
  const isTooWide = (columns: readonly Column<Row>[]) =>
    columns.reduce((sum, column) => sum + least(column) + gap.length, -gap.length) > width
  if (!isTooWide(all)) return all
  const columns = all.filter((column) => rows.some((row) => cellOf(column, row) !== ''))
  while (isTooWide(columns)) {
    const last = columns.findLastIndex(({ whole }) => !whole)
    if (last < 0) break
    columns.splice(last, 1)
  }
  return columns
}

/** Takes from the widest column until all fit, or nothing is left to take. */
function fit(natural: readonly number[], columns: readonly Column<never>[], width: number): number[] {
  const widths = [...natural]
  const excess = () => widths.reduce((sum, one) => sum + one, 0) + gap.length * (widths.length - 1) - width
  while (excess() > 0) {
    const widest = widths.reduce<number | undefined>((best, one, index) => {
      if (columns[index]?.whole || one <= widthMin) return best
      return best === undefined || one > (widths[best] ?? 0) ? index : best
    }, undefined)
    if (widest === undefined) break
    widths[widest] = (widths[widest] ?? 0) - 1
  }
  return widths
}

function shorten(text: string, width: number, { ascii }: Style): string {
  if (lengthOf(text) <= width) return text
  const mark = ascii ? '~' : '…'
  return `${[...text].slice(0, width - 1).join('')}${mark}`
}

function lengthOf(text: string): number {
  return [...text].length
}

/** What others wrote must not move the cursor, nor break the line. */
export function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) => {
    if (character === '\n') return '\\n'
    if (character === '\t') return ' '
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
