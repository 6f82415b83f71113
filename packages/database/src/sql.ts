import { createHash } from 'node:crypto'

type Scalar = string | number | bigint | boolean | Uint8Array | null

/** What a template may hold: a parameter, an array that PostgreSQL sees as one array parameter, or a part of SQL. */
export type SqlValue = Scalar | readonly Scalar[] | Sql

/** The text of a statement, made once for each template and combination of spliced parts. */
interface Statement {
  /** Tells statements apart within this process. */
  id: number
  /** The text between the parameters; one more than there are parameters. */
  pieces: readonly string[]
  text: string
  /** Under which PostgreSQL keeps the prepared statement; the same in each replica and after each start. */
  name: string
}

/** A statement or a part of one, with its parameters. Made by `sql` only. */
export class Sql {
  readonly statement: Statement
  readonly values: readonly (Scalar | readonly Scalar[])[]

  constructor(statement: Statement, values: readonly (Scalar | readonly Scalar[])[]) {
    this.statement = statement
    this.values = values
  }
}

// A tagged template hands over the same `strings` object at each call, so text and hash are made once, not per call.
// Parts are spliced in by the few functions that need it, so the combinations of one template are few as well.
const statements = new WeakMap<TemplateStringsArray, Map<string, Statement>>()
let lastId = 0

/**
 * A statement whose values are always parameters, never text.
 *
 * A nested `Sql` is spliced in and its parameters renumbered. Build lists with array parameters (`= any(${ids})`,
 * `unnest(${ids}::text[])`), never by splicing one part per item: each combination is a prepared statement of its own.
 */
export function sql(strings: TemplateStringsArray, ...values: SqlValue[]): Sql {
  const shape = values.map((value) => (value instanceof Sql ? value.statement.id : '$')).join()
  let shapes = statements.get(strings)
  if (!shapes) statements.set(strings, (shapes = new Map()))
  let statement = shapes.get(shape)
  if (!statement) shapes.set(shape, (statement = makeStatement(strings, values)))
  return new Sql(
    statement,
    values.flatMap((value) => (value instanceof Sql ? value.values : [value])),
  )
}

function makeStatement(strings: readonly string[], values: readonly SqlValue[]): Statement {
  const pieces: string[] = []
  let open = strings[0] ?? ''
  values.forEach((value, index) => {
    const spliced = value instanceof Sql ? value.statement.pieces : ['', '']
    const last = spliced.length - 1
    if (last === 0) open += spliced[0]
    else {
      pieces.push(open + spliced[0], ...spliced.slice(1, last))
      open = spliced[last] ?? ''
    }
    open += strings[index + 1]
  })
  pieces.push(open)
  const text = pieces.reduce((before, piece, index) => `${before}$${index}${piece}`)
  // 16 characters are 96 bits: no two statements of one program share them.
  const name = createHash('sha256').update(text).digest('base64url').slice(0, 16)
  return { id: ++lastId, pieces, text, name }
}
