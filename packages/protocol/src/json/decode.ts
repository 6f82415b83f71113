import type { TSchema } from 'typebox'
import { ColoniesError } from '../errors.js'
import type { ClientReply, ServerSide } from '../schema.js'
import { readBase64, readBytes } from './bytes.js'
import { FieldError } from './field-error.js'
import { type Field, type Kind, kindOf } from './kind.js'
import { Char, isNumberStart, JsonError, Scanner } from './scan.js'
import { normaliseTime, zeroTime } from './time.js'
import { readJson, setKey } from './value.js'

export interface DecodeOptions<Mode extends 'text' | 'value'> {
  /**
   * What becomes of the user's JSON. `text` is the server's side: checked source text, and NUL characters are refused, since
   * no database column takes them. `value` is the client's side: values.
   */
  readonly json: Mode
  /** What sentences about the whole text call it; `The payload` when left out. */
  readonly subject?: string
}

/** Reads one kind of value. */
interface Reader {
  /** Takes the value at the scanner, which is not null. */
  read(scanner: Scanner): unknown
  /** Makes what stands for missing or null. */
  zero(): unknown
}

/**
 * Makes a decoder with the rules of Go's encoding/json, which clients rely on: keys match in any case, unknown keys are
 * ignored, the last of repeated keys wins, missing or null is the zero value. It reads the text once, without a tree between,
 * and has no regard for anything but the schema: keys such as `__proto__` are ordinary.
 *
 * Decoded strings may share memory with the text; who keeps one for long should keep the text in mind.
 *
 * @returns a decoder that throws ColoniesError `bad_request` with the path of the field, or the position in the text
 */
export function compileDecoder<Schema extends TSchema>(
  schema: Schema,
  options: DecodeOptions<'text'>,
): (text: string) => ServerSide<Schema>
export function compileDecoder<Schema extends TSchema>(
  schema: Schema,
  options: DecodeOptions<'value'>,
): (text: string) => ClientReply<Schema>
export function compileDecoder(
  schema: TSchema,
  { json, subject = 'The payload' }: DecodeOptions<'text' | 'value'>,
): (text: string) => unknown {
  const kind = kindOf(schema)
  const reader = readerOf(kind, json)
  return (text) => {
    try {
      const scanner = new Scanner(text)
      // The original crashes on these; a whole request or reply that is null is a mistake, not a zero value.
      if (kind.kind === 'shape' && scanner.next() === Char.n) mismatch(scanner, 'an object')
      const value = take(reader, scanner)
      scanner.end()
      return value
    } catch (error) {
      throw refusal(error, subject)
    }
  }
}

function refusal(cause: unknown, subject: string): unknown {
  const detail =
    cause instanceof FieldError
      ? cause.sentence(subject)
      : cause instanceof JsonError
        ? `${subject} is invalid JSON: ${cause.message}`
        : undefined
  return detail === undefined ? cause : new ColoniesError('bad_request', detail, { cause })
}

function take(reader: Reader, scanner: Scanner): unknown {
  return scanner.takeNull() ? reader.zero() : reader.read(scanner)
}

function readerOf(kind: Kind, json: 'text' | 'value'): Reader {
  const reader = plainReaderOf(kind, json)
  return kind.nullable ? { ...reader, zero: () => null } : reader
}

function plainReaderOf(kind: Kind, json: 'text' | 'value'): Reader {
  switch (kind.kind) {
    case 'text':
      return { read: json === 'text' ? readStorableText : readText, zero: () => '' }
    case 'time':
      return { read: readTime, zero: () => zeroTime }
    case 'bytes':
      return json === 'text' ? { read: readBase64, zero: () => '' } : { read: readBytes, zero: () => new Uint8Array() }
    case 'flag':
      return { read: readFlag, zero: () => false }
    case 'float':
      return { read: readFloat, zero: () => 0 }
    case 'int':
      return { read: (scanner) => readInt(scanner, kind), zero: () => 0 }
    case 'int64':
      return { read: readInt64, zero: () => 0n }
    case 'list':
      return listReader(readerOf(kind.item, json))
    case 'dict':
      return dictReader(readerOf(kind.item, json), json === 'text' ? refuseNul : () => {})
    case 'shape':
      return shapeReader(kind.fields, json)
    case 'user-json':
      return userJsonReader(kind.empty, json)
  }
}

function shapeReader(fields: readonly Field[], json: 'text' | 'value'): Reader {
  const members = fields.map(({ name, value }, index) => ({ name, index, reader: readerOf(value, json) }))
  const byKey = new Map(members.map((member) => [member.name, member]))
  const byFoldedKey = new Map(members.map((member) => [folded(member.name), member]))
  if (byFoldedKey.size < members.length) throw new TypeError('Two fields of a schema differ only in case')
  /** Always in the order of the schema, so that all objects of a schema share one hidden class. */
  const build = (values: readonly unknown[]) => {
    const object: Record<string, unknown> = {}
    for (const { name, index, reader } of members) {
      const value = values[index]
      object[name] = value === undefined ? reader.zero() : value
    }
    return object
  }
  return {
    zero: () => build([]),
    read(scanner) {
      if (scanner.next() !== Char.openObject) mismatch(scanner, 'an object')
      const values = new Array<unknown>(members.length)
      for (let more = scanner.enter(Char.openObject); more; more = scanner.more(Char.closeObject)) {
        const key = scanner.key()
        const member = byKey.get(key) ?? byFoldedKey.get(folded(key))
        if (!member) {
          scanner.skip()
          continue
        }
        try {
          values[member.index] = take(member.reader, scanner)
        } catch (error) {
          throw FieldError.within(member.name, error)
        }
      }
      return build(values)
    },
  }
}

/** As Go folds: by ASCII case, and the two other characters whose case fold is an ASCII letter: U+212A and U+017F. */
function folded(key: string): string {
  return key.toLowerCase().replaceAll('\u017f', 's')
}

function listReader(item: Reader): Reader {
  return {
    zero: () => [],
    read(scanner) {
      if (scanner.next() !== Char.openList) mismatch(scanner, 'a list')
      const list: unknown[] = []
      try {
        for (let more = scanner.enter(Char.openList); more; more = scanner.more(Char.closeList)) {
          list.push(take(item, scanner))
        }
      } catch (error) {
        throw FieldError.within(list.length, error)
      }
      return list
    },
  }
}

function dictReader(item: Reader, checkKey: (key: string) => void): Reader {
  return {
    zero: () => ({}),
    read(scanner) {
      if (scanner.next() !== Char.openObject) mismatch(scanner, 'an object')
      const dict: Record<string, unknown> = {}
      for (let more = scanner.enter(Char.openObject); more; more = scanner.more(Char.closeObject)) {
        const key = scanner.key()
        try {
          checkKey(key)
          setKey(dict, key, take(item, scanner))
        } catch (error) {
          throw FieldError.within(key, error)
        }
      }
      return dict
    },
  }
}

function userJsonReader(empty: '[]' | '{}', json: 'text' | 'value'): Reader {
  const list = empty === '[]'
  const open = list ? Char.openList : Char.openObject
  return {
    zero: () => (json === 'text' ? empty : list ? [] : {}),
    read(scanner) {
      if (scanner.next() !== open) mismatch(scanner, list ? 'a list' : 'an object')
      return json === 'text' ? scanner.source() : readJson(scanner)
    },
  }
}

function readText(scanner: Scanner): string {
  if (scanner.next() !== Char.quote) mismatch(scanner, 'a string')
  return scanner.string()
}

function readStorableText(scanner: Scanner): string {
  const text = readText(scanner)
  refuseNul(text)
  return text
}

function refuseNul(text: string): void {
  if (text.includes('\0')) throw new FieldError('contains a NUL character, which cannot be stored: remove it')
}

function readTime(scanner: Scanner): string {
  const time = normaliseTime(readText(scanner))
  if (time === undefined) throw new FieldError('must be a time such as 2026-11-21T00:10:56.623085Z (RFC 3339)')
  return time
}

function readFlag(scanner: Scanner): boolean {
  const code = scanner.next()
  if (code !== Char.t && code !== Char.f) mismatch(scanner, 'true or false')
  return scanner.boolean()
}

function readFloat(scanner: Scanner): number {
  const start = startOfNumber(scanner, 'a number')
  scanner.number()
  const value = Number(scanner.text.slice(start, scanner.at))
  if (!Number.isFinite(value)) throw new FieldError('must be a number within the range of 64-bit floats')
  return value
}

function readInt(scanner: Scanner, { minimum, maximum }: { minimum: number; maximum: number }): number {
  const digits = readInteger(scanner)
  const value = Number(digits)
  // From 2^53 on the number is rounded, but never back into the bounds, which are at most 2^53 - 1.
  if (value < minimum || value > maximum) failRange(`from ${minimum} to ${maximum}`, digits)
  return value === 0 ? 0 : value // -0 is 0
}

/** Sign and digits of the longest 64-bit integer. */
const int64Length = 20

function readInt64(scanner: Scanner): bigint {
  const digits = readInteger(scanner)
  if (digits.length > int64Length) failRange('of 64 bits', digits)
  const value = BigInt(digits)
  if (BigInt.asIntN(64, value) !== value) failRange('of 64 bits', digits)
  return value
}

function readInteger(scanner: Scanner): string {
  const start = startOfNumber(scanner, 'an integer')
  const integer = scanner.number()
  const digits = scanner.text.slice(start, scanner.at)
  if (integer) return digits
  throw new FieldError(`must be an integer, got ${clipped(digits)}: write it without fraction and exponent`)
}

function failRange(range: string, digits: string): never {
  throw new FieldError(`must be an integer ${range}, got ${clipped(digits)}`)
}

function clipped(digits: string): string {
  return digits.length > 30 ? `${digits.slice(0, 30)}...` : digits
}

function startOfNumber(scanner: Scanner, expected: string): number {
  const code = scanner.next()
  if (!isNumberStart(code)) mismatch(scanner, expected, code === Char.quote ? ': write it without quotes' : '')
  return scanner.at
}

/** Refuses the next value for its type; where there is no value at all, it is the text that is refused. */
function mismatch(scanner: Scanner, expected: string, hint = ''): never {
  const code = scanner.next()
  scanner.skip()
  throw new FieldError(`must be ${expected}, got ${named(code)}${hint}`)
}

function named(code: number): string {
  switch (code) {
    case Char.openObject:
      return 'an object'
    case Char.openList:
      return 'a list'
    case Char.quote:
      return 'a string'
    case Char.n:
      return 'null'
    case Char.t:
      return 'true'
    case Char.f:
      return 'false'
    default:
      return 'a number'
  }
}
