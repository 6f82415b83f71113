import type { Connection, FieldDef, Submittable } from 'pg'
import utils from 'pg/lib/utils.js'
import { typeParsers } from './type-parsers.js'

/** What a statement gave. The type of its rows is a promise of who wrote it. */
export interface Answer<Row = Record<string, unknown>> {
  rows: Row[]
  /** Rows that came, or that were written; null of a statement that counts none. */
  rowCount: number | null
  /** Such as `SELECT`, `COMMIT`. */
  command: string
}

/** How the columns of a statement become values. PostgreSQL tells it each connection once. */
interface Columns {
  readonly names: readonly string[]
  readonly parsers: readonly ((text: string) => unknown)[]
}

/** Of the driver's connection, what its own queries use. Its types leave that out. */
interface Wire {
  readonly stream: Connection['stream']
  /** Texts of the statements that PostgreSQL keeps, and of those that were sent to be kept, by their names. */
  readonly parsedStatements: Record<string, string>
  readonly submittedNamedStatements: Record<string, string>
  parse(statement: { name: string; text: string }): void
  bind(portal: { statement: string; values: readonly unknown[]; valueMapper: (value: unknown) => unknown }): void
  describe(portal: { type: 'P'; name: string }): void
  execute(): void
  sync(): void
}

const none: Columns = { names: [], parsers: [] }
const described = new WeakMap<Wire, Map<string, Columns>>()

/**
 * A statement that PostgreSQL keeps under its name. The driver's own query has the columns described at each execution, and makes
 * of that a table of parsers and an object to copy for each row: a quarter of what a claim costs the replica.
 *
 * @see https://www.postgresql.org/docs/15/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
export class PreparedQuery implements Submittable {
  // These three are the driver's, which notes the first two.
  readonly name: string
  readonly text: string
  callback: (error: Error | null | undefined, answer?: Answer) => void

  readonly #values: readonly unknown[]
  readonly #rows: Answer['rows'] = []
  #known = new Map<string, Columns>()
  #columns: Columns | undefined
  /** Such as `INSERT 0 5`. */
  #complete = ''
  /** A value that could not be written, or a row that could not be read. The exchange goes on to its end, for the next statement. */
  #broken: Error | undefined

  constructor(
    { name, text }: { name: string; text: string },
    values: readonly unknown[],
    callback: PreparedQuery['callback'],
  ) {
    this.name = name
    this.text = text
    this.#values = values
    this.callback = callback
  }

  submit(connection: Connection): null {
    const wire = connection as unknown as Wire
    this.#known = knownTo(wire)
    const isKept = wire.parsedStatements[this.name] === this.text
    this.#columns = isKept ? this.#known.get(this.name) : undefined
    wire.stream.cork()
    try {
      if (!isKept) {
        wire.parse(this)
        wire.submittedNamedStatements[this.name] = this.text
      }
      wire.bind({ statement: this.name, values: this.#values, valueMapper: utils.prepareValue })
      if (!this.#columns) wire.describe({ type: 'P', name: '' })
      wire.execute()
    } catch (error) {
      this.#broken = error as Error // a value that cannot be written
    } finally {
      wire.sync()
      wire.stream.uncork()
    }
    return null
  }

  handleRowDescription({ fields }: { fields: readonly FieldDef[] }): void {
    this.#columns = {
      names: fields.map(({ name }) => name),
      parsers: fields.map(({ dataTypeID }) => typeParsers.getTypeParser(dataTypeID, 'text')),
    }
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    const { names, parsers } = this.#columns ?? none
    const row: Record<string, unknown> = {}
    try {
      for (let place = 0; place < names.length; place++) {
        const text = fields[place] as string | null
        row[names[place] as string] = text === null ? null : parsers[place]?.(text)
      }
      this.#rows.push(row)
    } catch (error) {
      this.#broken ??= error as Error
    }
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.#complete = text
    this.#known.set(this.name, (this.#columns ??= none))
  }

  handleReadyForQuery(): void {
    if (this.#broken) return this.callback(this.#broken)
    const [, command = '', count] = /^(\w+)(?:.* (\d+))?/.exec(this.#complete) ?? []
    this.callback(null, { rows: this.#rows, rowCount: count === undefined ? null : Number(count), command })
  }

  handleError(error: Error): void {
    this.callback(error)
  }
}

function knownTo(wire: Wire): Map<string, Columns> {
  let known = described.get(wire)
  if (!known) described.set(wire, (known = new Map()))
  return known
}
