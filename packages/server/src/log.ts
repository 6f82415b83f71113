/** Least important first. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** What a line may carry beside its message. Errors are written whole, with their causes. */
export type LogFields = Readonly<Record<string, unknown>>

/** Writes lines of `key=value` pairs (logfmt). */
export type Log = Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>>

export interface LogOptions {
  /** Lines below it are left out. */
  level: LogLevel
  /** At the end of each line. */
  fields?: LogFields
  /** Gets each line, with its line end; standard error when left out. */
  write?: (line: string) => void
}

/** One event is one line, whatever its values hold: what callers send cannot make up lines of its own. */
export function createLog({ level, fields: own, write = (line) => process.stderr.write(line) }: LogOptions): Log {
  const lowest = logLevels.indexOf(level)
  const writerOf = (name: LogLevel) =>
    logLevels.indexOf(name) < lowest
      ? () => {}
      : (message: string, fields?: LogFields) => write(formatLine(name, message, own ? { ...fields, ...own } : fields))
  return { debug: writerOf('debug'), info: writerOf('info'), warn: writerOf('warn'), error: writerOf('error') }
}

export interface LimitedOptions {
  /** Lines within one second; the rest is counted. */
  linesPerSecondMax: number
}

/**
 * Lines that callers can cause at will. Beyond the limit they are only counted, and one line at the end of the second says
 * how many there were.
 */
export function limitLines(
  write: (message: string, fields?: LogFields) => void,
  { linesPerSecondMax }: LimitedOptions,
): (message: string, fields?: LogFields) => void {
  let written = 0
  let leftOut = 0
  let second: NodeJS.Timeout | undefined

  function endSecond(): void {
    if (leftOut > 0) write('more lines of this kind were left out', { count: leftOut })
    written = 0
    leftOut = 0
    second = undefined
  }

  return (message, fields) => {
    if (!second) second = setTimeout(endSecond, 1_000).unref()
    if (written < linesPerSecondMax) {
      written++
      write(message, fields)
    } else leftOut++
  }
}

function formatLine(level: LogLevel, message: string, fields: LogFields = {}): string {
  let line = `time=${new Date().toISOString()} level=${level} msg=${formatValue(message)}`
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) line += ` ${key}=${formatValue(value)}`
  }
  return `${line}\n`
}

function formatValue(value: unknown): string {
  const text = value instanceof Error ? describeError(value) : String(value)
  // JSON escapes quotes and line ends; U+2028 and U+2029 are line ends for some readers, DEL and above for terminals.
  return /^[\w.:/@+-]+$/.test(text)
    ? text
    : JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029]/g, escapeCharacter)
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** The stack of an error and of those that caused it. */
function describeError(error: Error, depth = 0): string {
  const own = error.stack ?? `${error.name}: ${error.message}`
  const parts = error instanceof AggregateError ? error.errors : []
  const causes = [...parts, error.cause].filter((cause) => cause !== undefined)
  if (depth === 4) return own
  return [own, ...causes.map((cause) => `caused by ${describeCause(cause, depth)}`)].join('\n')
}

function describeCause(cause: unknown, depth: number): string {
  return cause instanceof Error ? describeError(cause, depth + 1) : String(cause)
}
