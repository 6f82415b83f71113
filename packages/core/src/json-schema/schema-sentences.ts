import type { JsonValue } from '@colonies/protocol'
import type { TypeName } from './schema.js'

// How what is wrong is told.

/** Where a value is, from the inside out; undefined is the whole. */
export type Place = { readonly around: Place; readonly key: string | number } | undefined

const pathLengthMax = 200
const valueLengthMax = 100

export function field(place: Place): string {
  return place === undefined ? 'the spec' : `field '${pathOf(place)}'`
}

/** As `a.b[0]`. */
export function pathOf(place: Place): string {
  const steps: string[] = []
  for (let at = place; at; at = at.around) {
    const first = at.around === undefined
    steps.push(typeof at.key === 'number' ? `[${at.key}]` : `${first ? '' : '.'}${clipped(at.key, pathLengthMax)}`)
  }
  return clipped(steps.reverse().join(''), pathLengthMax)
}

/** A value in a sentence: texts as they are, lists as `[a b]`, all of them only so long. */
export function shown(value: JsonValue): string {
  return clipped(write(value, valueLengthMax), valueLengthMax)
}

function write(value: JsonValue, lengthMax: number): string {
  if (typeof value === 'string') return value
  if (value === null || typeof value !== 'object') return String(value)
  let text = ''
  for (const [key, inner] of Object.entries(value)) {
    if (text.length > lengthMax) break
    const item = write(inner, lengthMax - text.length)
    text += (text === '' ? '' : ' ') + (Array.isArray(value) ? item : `${key}:${item}`)
  }
  return Array.isArray(value) ? `[${text}]` : `{${text}}`
}

function clipped(text: string, lengthMax: number): string {
  return text.length > lengthMax ? `${text.slice(0, lengthMax)}...` : text
}

export function typeOf(value: JsonValue): Exclude<TypeName, 'integer'> {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  const type = typeof value
  if (type === 'bigint') return 'number'
  return type as 'string' | 'number' | 'boolean' | 'object'
}

export function typePhrase(type: TypeName): string {
  if (type === 'null') return type
  return `${/^[aio]/.test(type) ? 'an' : 'a'} ${type}`
}
