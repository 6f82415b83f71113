/** Thrown by a handler to fail its process for reasons of its own choice. */
export class FailProcess extends Error {
  override name = 'FailProcess'
  /** Become `errors` of the process. */
  readonly reasons: readonly string[]

  constructor(reasons: string | readonly string[], options?: { cause?: unknown }) {
    const list = typeof reasons === 'string' ? [reasons] : reasons
    super(list.join('\n'), options)
    this.reasons = list
  }
}

/** As many lines of a message become reasons, with so many characters each: with more, the close would be refused. */
const linesMax = 100
const lineLengthMax = 10_000

/** @returns what a process fails with when its handler has thrown this: the lines of the message, then those of its causes */
export function reasonsOf(error: unknown): string[] {
  const reasons: string[] = []
  // An error may be its own cause, by way of others.
  for (let seen = new Set<unknown>(); error !== undefined && !seen.has(error); ) {
    seen.add(error)
    const [first = '', ...others] = linesOf(error)
    reasons.push(seen.size === 1 ? first : `Caused by: ${first}`, ...others)
    error = error instanceof Error ? error.cause : undefined
  }
  return reasons.slice(0, linesMax).map(storable)
}

function linesOf(error: unknown): readonly string[] {
  if (error instanceof FailProcess) return error.reasons
  const text = error instanceof Error ? error.message || error.name : String(error)
  return text.split('\n')
}

/** What programs print may be anything, and no server stores a NUL. */
function storable(line: string): string {
  return line.slice(0, lineLengthMax).replaceAll('\0', '\ufffd')
}
