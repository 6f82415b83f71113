import { createHash } from 'node:crypto'
import { checkFunctionSpec } from '@colonies/core'
import { compileDecoder, compileEncoder, FunctionSpec, limits, parseJson } from '@colonies/protocol'
import { UsageError } from '../exit-codes.js'
import { functionSpecOf, type SpecOptions } from '../spec-file.js'
import type { Line } from './read-lines.js'

/** One line, ready to be submitted. */
export interface Wish {
  readonly line: number
  readonly spec: FunctionSpec
  /** The same whenever this line is submitted in this run. */
  readonly requestid: string
  /** Characters of the line. */
  readonly length: number
}

export interface LineOptions extends Omit<SpecOptions, 'where'> {
  /** What sentences call the file. */
  readonly name: string
  /** Instead of that in the line, unless empty. */
  readonly label: string
  /** Name of the run: its part of each request id. */
  readonly resume: string
}

/** Checks all that a server would. @throws UsageError naming file and line */
export function wishOf({ number: line, text }: Line, options: LineOptions): Wish {
  const where = `${options.name}:${line}`
  if (text === undefined) throw new UsageError(`${where} has more than ${limits.bodyBytesMax} characters.`)
  const read = functionSpecOf(
    explained(where, () => parseJson(withoutMark(text))),
    { ...options, where },
  )
  const spec = options.label ? { ...read, label: options.label } : read
  const sent = explained(where, () => encode(spec))
  explained(where, () => checkFunctionSpec(decode(sent), 'spec'))
  return { line, spec, requestid: requestIdOf(line, sent, options.resume), length: text.length }
}

function explained<Result>(where: string, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw new UsageError(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

/** What editors on Windows write in front of a file. */
function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text
}

const encode = compileEncoder(FunctionSpec, { json: 'value' })
const decode = compileDecoder(FunctionSpec, { json: 'text', subject: 'It' })

// The number tells equal lines apart. The spec makes a line that was corrected another wish: under the id of the old one it
// would count as submitted, as would each line behind one that was taken out. In this order, they are cheap to index.
function requestIdOf(line: number, spec: string, resume: string): string {
  const hash = createHash('sha256').update(spec).digest('base64url')
  return `${resume} ${String(line).padStart(10, '0')} ${hash}`
}
