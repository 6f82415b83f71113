import { createHash } from 'node:crypto'

type Scalar = string | number | bigint | boolean | Uint8Array | null

/** What a template may hold: a parameter, an array that PostgreSQL sees as one array parameter, or a part of SQL. */
export type SqlValue = Scalar | readonly Scalar[] | Sql

/** The text of a statement, made once for each template and combination of spliced parts. */
interface Statement {
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

/** How far a template is known: up to one of its values, and what stood at each place before. */
class Step {
  /** When all values are known. */
  statement: Statement | undefined
  /** The next value is a parameter. */
  parameter: Step | undefined
  /** The next value is a part. */
  parts: Map<Statement, Step> | undefined

  after(value: SqlValue): Step {
    if (!(value instanceof Sql)) return (this.parameter ??= new Step())
    const parts = (this.parts ??= new Map<Statement, Step>())
    let step = parts.get(value.statement)
    if (!step) parts.set(value.statement, (step = new Step()))
    return step
  }
}

// A tagged template hands over the same `strings` object at each call, so text and hash are made once, not per call.
// Parts are spliced in by the few functions that need it, so the combinations of one template are few as well.
const templates = new WeakMap<TemplateStringsArray, Step>()

/**
 * A statement whose values are always parameters, never text.
 *
 * A nested `Sql` is spliced in and its parameters renumbered. Build lists with array parameters (`= any(${ids})`,
 * `unnest(${ids}::text[])`), never by splicing one part per item: each combination is a prepared statement of its own.
 */
export function sql(strings: TemplateStringsArray, ...values: SqlValue[]): Sql {
  let step = templates.get(strings)
  if (!step) templates.set(strings, (step = new Step()))
  let hasParts = false
  for (const value of values) {
    hasParts ||= value instanceof Sql
    step = step.after(value)
  }
  const statement = (step.statement ??= makeStatement(strings, values))
  return new Sql(statement, hasParts ? parametersOf(values) : (values as Sql['values']))
}

function parametersOf(values: readonly SqlValue[]): Sql['values'] {
  const parameters: (Scalar | readonly Scalar[])[] = []
  for (const value of values) {
    if (value instanceof Sql) parameters.push(...value.values)
    else parameters.push(value)
  }
  return parameters
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
  return { pieces, text, name }
}
