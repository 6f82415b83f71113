import type { JsonValue } from '@colonies/protocol'
import type { Pattern } from './pattern.js'
import { type Choices, canonicalOf, type Schema, type TypeName, typeNames } from './schema.js'

// The values that keywords may have.

/** A schema that says something impossible; the sentence names the place as `#/properties/a`. */
export class SchemaError extends Error {
  constructor(sentence: string, options?: { cause?: unknown }) {
    super(sentence, options)
    this.name = 'SchemaError'
  }
}

export type JsonObject = { readonly [key: string]: JsonValue }

/** What the keywords of one schema have in common. */
export interface Reading {
  /** @returns the schema; it is filled in later, since schemas may contain themselves */
  schema(raw: JsonValue, place: string): Schema
  pattern(source: string, place: string): Pattern
  follow(reference: string, place: string): Schema
}

/** A keyword as it stands in a schema. */
export interface Given {
  readonly value: JsonValue
  readonly place: string
  /** The schema that it is in. */
  readonly raw: JsonObject
  readonly reader: Reading
}

export function isObject(value: JsonValue): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** Never what an object inherits. */
export function own(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

export function textOf({ value, place }: Given): string {
  if (typeof value !== 'string') throw new SchemaError(`${place} must be a string`)
  return value
}

export function flagOf({ value, place }: Given): boolean {
  if (typeof value !== 'boolean') throw new SchemaError(`${place} must be true or false`)
  return value
}

export function numberOf({ value, place }: Given): number | bigint {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw new SchemaError(`${place} must be a number`)
  return value
}

export function positiveOf(given: Given): number | bigint {
  const number = numberOf(given)
  if (number <= 0) throw new SchemaError(`${given.place} must be greater than 0`)
  return number
}

export function countOf(given: Given): number {
  const number = Number(numberOf(given))
  if (number < 0 || !Number.isInteger(number)) throw new SchemaError(`${given.place} must be a whole number from 0`)
  return number
}

/** A number, or a flag that makes the bound beside it one that excludes itself. */
export function boundOf(
  given: Given,
  beside: 'minimum' | 'maximum',
  bound: (number: number | bigint) => Schema,
): Schema {
  if (given.value === false) return {}
  const value = given.value === true ? (own(given.raw, beside) ?? null) : given.value
  return bound(numberOf({ ...given, value }))
}

export function listOf({ value, place }: Given): readonly JsonValue[] {
  if (!Array.isArray(value)) throw new SchemaError(`${place} must be a list`)
  return value
}

/** The items of a list, or the members of an object. */
export function entriesOf(given: Given): [name: string, item: Given][] {
  const { value, place } = given
  if (value === null || typeof value !== 'object') throw new SchemaError(`${place} must be an object`)
  return Object.entries(value).map(([name, item]) => [name, { ...given, value: item, place: `${place}/${name}` }])
}

export function namesOf(given: Given): string[] {
  return [...listOf(given).entries()].map(([index, value]) =>
    textOf({ ...given, value, place: `${given.place}/${index}` }),
  )
}

export function typesOf(given: Given): TypeName[] {
  const names = typeof given.value === 'string' ? [given.value] : namesOf(given)
  return [...new Set(names)].map((name) => {
    const known = typeNames.find((one) => one === name)
    if (!known) throw new SchemaError(`${given.place} must be one of ${typeNames.join(', ')}, or a list of them`)
    return known
  })
}

export function choicesOf(values: readonly JsonValue[]): Choices {
  return { allowed: new Set(values.map(canonicalOf)), values }
}

export function schemaOf({ value, place, reader }: Given): Schema {
  return reader.schema(value, place)
}

export function schemasOf(given: Given): Schema[] {
  return [...listOf(given).entries()].map(([index, item]) => given.reader.schema(item, `${given.place}/${index}`))
}

export function someSchemasOf(given: Given): Schema[] {
  const schemas = schemasOf(given)
  if (schemas.length === 0) throw new SchemaError(`${given.place} must not be empty`)
  return schemas
}

export function schemasByName(given: Given): Map<string, Schema> {
  if (!isObject(given.value)) throw new SchemaError(`${given.place} must be an object`)
  return new Map(entriesOf(given).map(([name, one]) => [name, schemaOf(one)]))
}
