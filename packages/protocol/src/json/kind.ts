import type { TSchema } from 'typebox'
import type { CodecOptions } from '../schema.js'

/** What the codec knows of a schema: one case per building block of `schema.ts`. */
export type Kind = Readonly<CodecOptions> &
  (
    | { readonly kind: 'text' | 'time' | 'bytes' | 'flag' | 'float' | 'int64' }
    | { readonly kind: 'int'; readonly minimum: number; readonly maximum: number }
    | { readonly kind: 'list' | 'dict'; readonly item: Kind }
    | { readonly kind: 'shape'; readonly fields: readonly Field[] }
    | { readonly kind: 'user-json'; readonly empty: '[]' | '{}' }
  )

export interface Field {
  readonly name: string
  readonly optional: boolean
  readonly value: Kind
}

/** The JSON Schema words that contracts use. */
interface Words extends CodecOptions {
  type?: string
  format?: string
  minimum?: number
  maximum?: number
  items?: Words
  properties?: Record<string, Words>
  patternProperties?: Record<string, Words>
  required?: string[]
}

/** @throws TypeError for a schema that is not made of the building blocks */
export function kindOf(schema: TSchema): Kind {
  return fromWords(schema as Words)
}

const stringKinds: Readonly<Record<string, 'time' | 'bytes'>> = { 'date-time': 'time', base64: 'bytes' }

function fromWords(words: Words): Kind {
  const { omitEmpty = false, nullWhenEmpty = false, nullable = false } = words
  const options = { omitEmpty, nullWhenEmpty, nullable }
  switch (words.type) {
    case 'string':
      return { ...options, kind: stringKinds[words.format ?? ''] ?? 'text' }
    case 'boolean':
      return { ...options, kind: 'flag' }
    case 'number':
      return { ...options, kind: 'float' }
    case 'integer': {
      if (words.format === 'int64') return { ...options, kind: 'int64' }
      const { minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = words
      return { ...options, kind: 'int', minimum, maximum }
    }
    case 'array':
      if (words.format === 'user-json') return { ...options, kind: 'user-json', empty: '[]' }
      if (words.items) return { ...options, kind: 'list', item: fromWords(words.items) }
      break
    case 'object': {
      if (words.format === 'user-json') return { ...options, kind: 'user-json', empty: '{}' }
      const [item] = Object.values(words.patternProperties ?? {})
      if (item) return { ...options, kind: 'dict', item: fromWords(item) }
      if (words.properties) return { ...options, kind: 'shape', fields: fieldsOf(words) }
      break
    }
  }
  throw new TypeError(`The codec knows no schema such as ${JSON.stringify(words)}; build it from schema.ts`)
}

function fieldsOf({ properties = {}, required = [] }: Words): Field[] {
  return Object.entries(properties).map(([name, words]) => ({
    name,
    optional: !required.includes(name),
    value: fromWords(words),
  }))
}
