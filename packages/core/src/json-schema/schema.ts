import type { JsonValue } from '@colonies/protocol'
import type { Pattern } from './pattern.js'

export const typeNames = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'] as const
export type TypeName = (typeof typeNames)[number]

/** Values that are allowed. */
export interface Choices {
  /** As `canonicalOf` writes them. */
  readonly allowed: ReadonlySet<string>
  readonly values: readonly JsonValue[]
}

/** A JSON Schema that was read: rules of the drafts 4 to 2020-12. What it does not say is undefined. */
export interface Schema {
  /** Nothing fits: the schema `false`. */
  nothing?: true
  ref?: Schema
  types?: readonly TypeName[]
  /** `enum`. */
  choices?: Choices
  /** `const`. */
  constant?: Choices

  minimum?: number | bigint
  exclusiveMinimum?: number | bigint
  maximum?: number | bigint
  exclusiveMaximum?: number | bigint
  multipleOf?: number | bigint

  minLength?: number
  maxLength?: number
  pattern?: Pattern

  minItems?: number
  maxItems?: number
  uniqueItems?: boolean
  prefixItems?: readonly Schema[]
  /** Of items behind those of `prefixItems`. */
  items?: Schema
  contains?: Schema
  minContains?: number
  maxContains?: number
  unevaluatedItems?: Schema

  minProperties?: number
  maxProperties?: number
  required?: readonly string[]
  properties?: ReadonlyMap<string, Schema>
  patternProperties?: readonly { readonly pattern: Pattern; readonly schema: Schema }[]
  additionalProperties?: Schema
  propertyNames?: Schema
  dependentRequired?: ReadonlyMap<string, readonly string[]>
  dependentSchemas?: ReadonlyMap<string, Schema>
  unevaluatedProperties?: Schema

  allOf?: readonly Schema[]
  anyOf?: readonly Schema[]
  oneOf?: readonly Schema[]
  not?: Schema
  /** `if`, and what then holds or else. */
  condition?: Schema
  whenMet?: Schema
  whenNotMet?: Schema
}

/** A text that is the same for equal values only, whatever the order of keys. */
export function canonicalOf(value: JsonValue): string {
  if (typeof value === 'number')
    return Number.isSafeInteger(value) || !Number.isInteger(value) ? `${value}` : `${BigInt(value)}`
  if (typeof value === 'bigint') return `${value}`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalOf).join()}]`
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalOf(member)}`).join()}}`
}
