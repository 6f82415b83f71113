import { createReadStream } from 'node:fs'
import { checkWorkflow } from '@colonies/client'
import { FunctionSpec, type JsonError, type JsonValue, parseJson, WorkflowSpec } from '@colonies/protocol'
import { isObject } from './arguments.js'
import { checkFields } from './check-fields.js'
import { UsageError } from './exit-codes.js'
import type { Io } from './io.js'
import { refuseOtherColony } from './refuse-other-colony.js'

/** Function specs and workflows as people write them: JSON or YAML, in files or on standard input. */

export interface ReadOptions {
  /** The name of the file; `-` is standard input. */
  readonly file: string
  /** Leave out fields that nobody knows, instead of refusing the file. */
  readonly lenient: boolean
  /** Filled in: what is submitted goes to the configured colony. */
  readonly colonyname: string
}

/** @throws UsageError when it cannot be read, or is no function spec */
export async function readFunctionSpec(options: ReadOptions, io: Io): Promise<FunctionSpec> {
  return functionSpecOf(await readDocument(options.file, io), { ...options, where: nameOf(options.file) })
}

export interface SpecOptions extends Omit<ReadOptions, 'file'> {
  /** What sentences call the place that it was read from. */
  readonly where: string
}

/** @throws UsageError for what is no function spec */
export function functionSpecOf(value: JsonValue, options: SpecOptions): FunctionSpec {
  const { where, lenient } = options
  if (Array.isArray(value) || (isObject(value) && 'functionspecs' in value)) {
    throw new UsageError(`${where} holds a workflow: use \`colonies workflow submit\`.`)
  }
  if (!isObject(value)) throw new UsageError(`${where} must hold an object, such as {"funcname": "hello"}.`)
  if (!lenient) checkFields(FunctionSpec, value, where)
  const spec = completed(value, options)
  refuseUnaddressed(spec, where)
  return spec
}

/** @throws UsageError when it cannot be read or is no workflow, InvalidError when the workflow makes no sense */
export async function readWorkflowSpec(options: ReadOptions, io: Io): Promise<WorkflowSpec> {
  const value = await readDocument(options.file, io)
  const { colonyname, file } = options
  const nodes = isObject(value) && Array.isArray(value.functionspecs) ? value.functionspecs : value
  if (!Array.isArray(nodes)) {
    const hint = isObject(value) ? ' One function spec is for `colonies function submit`.' : ''
    throw new UsageError(`${nameOf(file)} must hold an array of function specs.${hint}`)
  }
  const refused = nodes.findIndex((node) => !isObject(node))
  if (refused >= 0) throw new UsageError(`Item ${refused} of the workflow in ${nameOf(file)} is no object.`)
  if (!options.lenient) checkFields(WorkflowSpec, isObject(value) ? value : { functionspecs: nodes }, nameOf(file))
  if (isObject(value)) refuseOtherColony(value.colonyname, colonyname, nameOf(file))
  const spec: WorkflowSpec = {
    colonyname,
    functionspecs: nodes.map((node) => completed(node, { colonyname, where: nameOf(file) })),
  }
  checkWorkflow(spec)
  for (const node of spec.functionspecs) refuseUnaddressed(node, `Node ${node.nodename} in ${nameOf(file)}`)
  return spec
}

/**
 * Reads JSON or YAML; integers beyond 2^53 keep all their digits.
 *
 * @throws UsageError with line and column where it can be neither
 */
export async function readDocument(file: string, io: Io): Promise<JsonValue> {
  const text = await readText(file, io)
  if (text.trim() === '') throw new UsageError(`${nameOf(file)} is empty.`)
  try {
    return parseJson(text)
  } catch (jsonError) {
    return parseYaml(text, { name: nameOf(file), jsonError: jsonError as JsonError })
  }
}

/** Reads a file, or standard input where it is called `-`. @throws UsageError */
export async function readText(file: string, io: Io): Promise<string> {
  let text = ''
  for await (const piece of readPieces(file, io)) text += piece
  return text
}

/** The same without having all of it in memory. @throws UsageError */
export async function* readPieces(file: string, io: Io): AsyncGenerator<string, void, undefined> {
  if (file === '-') return yield* io.openInput()
  try {
    yield* createReadStream(file, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : message
    throw new UsageError(`${file} cannot be read: ${why}.`, { cause: error })
  }
}

interface Unread {
  readonly name: string
  /** Why it is no JSON. */
  readonly jsonError: JsonError
}

async function parseYaml(text: string, { name, jsonError }: Unread): Promise<JsonValue> {
  const { parse } = await import('yaml') // takes a while to load, and most files are JSON
  try {
    return withNumbers(parse(text, { intAsBigInt: true, logLevel: 'error' }))
  } catch (error) {
    if (/^\s*[{[]/.test(text))
      throw new UsageError(`${name} is no JSON: ${whereIn(text, jsonError)}.`, { cause: error })
    // The first line says what and where; the rest repeats the text.
    const [first = ''] = (error as Error).message.split('\n')
    throw new UsageError(`${name} is neither JSON nor YAML: ${first.replace(/:$/, '')}.`, { cause: error })
  }
}

/** What is wrong, with line and column in place of the position. */
function whereIn(text: string, { message, position }: JsonError): string {
  const before = text.slice(0, position)
  const line = before.split('\n').length
  const column = position - before.lastIndexOf('\n')
  return `${message.replace(/ at position \d+$/, '')} at line ${line}, column ${column}`
}

/** The reader was told to make all integers bigints, so that none is rounded. */
function withNumbers(value: unknown): JsonValue {
  if (typeof value === 'bigint') {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : value
  }
  if (Array.isArray(value)) return value.map(withNumbers)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withNumbers(member)]))
  }
  return value as JsonValue
}

/** What files leave open: no limits where none are given, and the colony. @throws UsageError for that of others */
function completed(
  fields: { readonly [key: string]: JsonValue },
  { colonyname, where }: Pick<SpecOptions, 'colonyname' | 'where'>,
): FunctionSpec {
  const { conditions } = fields
  if (conditions !== undefined && isObject(conditions)) refuseOtherColony(conditions.colonyname, colonyname, where)
  // What does not have the type of the contract is refused by the client, which names the field.
  const spec = fields as unknown as FunctionSpec
  return {
    ...spec,
    maxwaittime: spec.maxwaittime || -1,
    maxexectime: spec.maxexectime || -1,
    conditions: { ...spec.conditions, colonyname },
  }
}

/** @throws UsageError for what would stay in the queue for ever, as no executor is without a type */
function refuseUnaddressed({ conditions }: FunctionSpec, name: string): void {
  if (conditions?.executortype) return
  throw new UsageError(`${name} does not say who may run it: set "conditions": {"executortype": "..."}.`)
}

/** What sentences call a file. */
export function nameOf(file: string): string {
  return file === '-' ? 'Standard input' : file
}
