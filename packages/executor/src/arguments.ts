import { listOf } from '@colonies/client'
import type { JsonValue, Process } from '@colonies/protocol'
import { FailProcess } from './fail-process.js'

/** The types of arguments that are checked, and what they are here. An argument of another type may be anything. */
interface ArgumentTypes {
  string: string
  /** Within ±2^53 when it is an integer. */
  number: number
  /** Within ±2^53. */
  integer: number
  boolean: boolean
  array: JsonValue[]
  object: { readonly [key: string]: JsonValue }
}

/** One parameter of a function, as the colony shows it. */
export interface ArgumentSpec {
  readonly name: string
  /** `string`, `number`, `integer`, `boolean`, `array`, `object`, or anything else, which then is not checked. */
  readonly type: string
  readonly description?: string
  /** Without it, a missing argument is undefined. */
  readonly required?: boolean
  /** The only values allowed. */
  readonly enum?: readonly string[]
}

type ValueOf<Spec extends ArgumentSpec> = Spec extends { enum: readonly (infer Allowed)[] }
  ? Allowed
  : Spec['type'] extends keyof ArgumentTypes
    ? ArgumentTypes[Spec['type']]
    : JsonValue

/** What a handler gets for its argument specs, in their order. */
export type ArgumentValues<Specs extends readonly ArgumentSpec[]> = {
  -readonly [Index in keyof Specs]: Specs[Index] extends { required: true }
    ? ValueOf<Specs[Index]>
    : ValueOf<Specs[Index]> | undefined
}

/**
 * Finds the arguments of a process: by position in `args`, the rest by name in `kwargs`. A node of a workflow without `args`
 * takes the outputs of its parents instead.
 *
 * @returns values in the order of the specs, then those for which there is no spec
 * @throws FailProcess that names what is missing or wrong
 */
export function argumentsOf(process: Process, specs: readonly ArgumentSpec[]): unknown[] {
  const args = listOf(process.spec.args)
  const byPosition = args.length > 0 ? args : listOf(process.in)
  const byName = objectOf(process.spec.kwargs)
  const problems: string[] = []
  const values: unknown[] = [...byPosition]
  for (const [index, spec] of specs.entries()) {
    const named = Object.hasOwn(byName, spec.name) ? byName[spec.name] : undefined
    const value = index < byPosition.length ? byPosition[index] : named
    const problem = problemWith(spec, value)
    if (problem) problems.push(`The argument "${spec.name}" ${problem}.`)
    values[index] = value
  }
  if (problems.length > 0) throw new FailProcess(problems)
  return values
}

function problemWith(spec: ArgumentSpec, value: JsonValue | undefined): string | undefined {
  if (value === undefined) return spec.required ? 'is missing' : undefined
  const found = typeOf(value)
  if (isChecked(spec.type) && found !== spec.type && !(spec.type === 'number' && found === 'integer')) {
    return `must be of type ${spec.type}, not ${found}`
  }
  const allowed: readonly JsonValue[] = spec.enum ?? []
  if (allowed.length > 0 && !allowed.includes(value)) return `must be one of: ${allowed.join(', ')}`
  return undefined
}

function isChecked(type: string): boolean {
  return ['string', 'number', 'integer', 'boolean', 'array', 'object'].includes(type)
}

function typeOf(value: JsonValue): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (Number.isSafeInteger(value)) return 'integer'
  return typeof value === 'bigint' ? 'integer beyond 2^53' : typeof value
}

/** The object in a field for user JSON. */
export function objectOf(value: JsonValue): { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as { readonly [key: string]: JsonValue })
    : {}
}
