import { limits } from '../limits.js'
import type { JsonText, JsonValue } from '../schema.js'
import { FieldError } from './field-error.js'
import { Char, isNumberStart, Scanner } from './scan.js'

/** Integers of so few characters are within ±2^53, whatever their digits. */
const safeLength = 15
/** Longer integers are rounded: making bigints takes time with the square of their length, 2 s at ten million digits. */
const bigintLengthMax = 1000

/**
 * Reads a JSON text as `JSON.parse` does, but integers outside of ±2^53 become bigints, and a key `__proto__` is a key.
 *
 * @throws JsonError also where it nests deeper than `limits.jsonDepthMax`
 */
export function parseJson(text: string): JsonValue {
  const scanner = new Scanner(text)
  const value = readJson(scanner)
  scanner.end()
  return value
}

/** Takes the next value of a text. */
export function readJson(scanner: Scanner, depth = 0): JsonValue {
  const code = scanner.next()
  if (code === Char.openObject) return readObject(scanner, depth)
  if (code === Char.openList) return readList(scanner, depth)
  if (code === Char.quote) return scanner.string()
  if (code === Char.t || code === Char.f) return scanner.boolean()
  if (scanner.takeNull()) return null
  if (!isNumberStart(code)) scanner.fail('expected a value')
  return readNumber(scanner)
}

function readObject(scanner: Scanner, depth: number): JsonValue {
  if (depth === limits.jsonDepthMax) scanner.failDepth()
  const object: Record<string, JsonValue> = {}
  for (let more = scanner.enter(Char.openObject); more; more = scanner.more(Char.closeObject)) {
    setKey(object, scanner.key(), readJson(scanner, depth + 1))
  }
  return object
}

function readList(scanner: Scanner, depth: number): JsonValue {
  if (depth === limits.jsonDepthMax) scanner.failDepth()
  const list: JsonValue[] = []
  for (let more = scanner.enter(Char.openList); more; more = scanner.more(Char.closeList)) {
    list.push(readJson(scanner, depth + 1))
  }
  return list
}

function readNumber(scanner: Scanner): number | bigint {
  const start = scanner.at
  const integer = scanner.number()
  const digits = scanner.text.slice(start, scanner.at)
  const number = Number(digits)
  if (!integer || digits.length <= safeLength || Number.isSafeInteger(number)) return number
  return digits.length <= bigintLengthMax ? BigInt(digits) : number
}

/** Sets a key that came from outside: an assignment to `__proto__` would replace the prototype. */
export function setKey<Value>(object: Record<string, Value>, key: string, value: Value): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  } else object[key] = value
}

/**
 * Writes a value as JSON text, bigints as digits.
 *
 * @throws TypeError that names the place of what JSON cannot carry: undefined, functions, symbols, NaN, infinities, dates,
 * maps, what nests deeper than `limits.jsonDepthMax` or contains itself
 */
export function encodeJson(value: JsonValue): JsonText {
  return FieldError.asTypeError('The value', () => writeJson(value)) as JsonText
}

/** As `encodeJson`, for a value that is part of a greater one. */
export function writeJson(value: unknown, depth = 0): string {
  switch (typeof value) {
    case 'string':
      return quote(value)
    case 'number':
      if (!Number.isFinite(value)) throw new FieldError(`is ${value}, which JSON cannot carry`)
      return String(value)
    case 'bigint':
    case 'boolean':
      return String(value)
    case 'object':
      if (value === null) return 'null'
      if (depth === limits.jsonDepthMax) {
        throw new FieldError(`nests deeper than ${limits.jsonDepthMax} levels or contains itself`)
      }
      return Array.isArray(value) ? writeList(value, depth) : writeObject(value, depth)
    default:
      throw new FieldError(`is ${typeof value}, which JSON cannot carry: leave it out or use null`)
  }
}

function writeList(list: readonly unknown[], depth: number): string {
  let text = '['
  for (let index = 0; index < list.length; index++) {
    try {
      text += (index === 0 ? '' : ',') + writeJson(list[index], depth + 1)
    } catch (error) {
      throw FieldError.within(index, error)
    }
  }
  return `${text}]`
}

function writeObject(object: object, depth: number): string {
  const kind = Object.prototype.toString.call(object).slice('[object '.length, -1)
  if (kind !== 'Object') throw new FieldError(`is a ${kind}, which JSON cannot carry: make it text or a list first`)
  let text = '{'
  for (const [key, value] of Object.entries(object)) {
    try {
      text += `${(text.length === 1 ? '' : ',') + quote(key)}:${writeJson(value, depth + 1)}`
    } catch (error) {
      throw FieldError.within(key, error)
    }
  }
  return `${text}}`
}

/** Beyond this length the native writer is faster. */
const shortLength = 64

/** Writes a string as JSON; lone surrogates are escaped. */
export function quote(text: string): string {
  if (text.length > shortLength) return JSON.stringify(text)
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < Char.blank || code === Char.quote || code === Char.backslash || code > 0x7e) return JSON.stringify(text)
  }
  return `"${text}"`
}
