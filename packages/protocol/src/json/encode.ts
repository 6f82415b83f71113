import type { TSchema } from 'typebox'
import { bytesToBase64, isBase64 } from '../base64.js'
import type { ClientSide, JsonText, ServerSide } from '../schema.js'
import { FieldError } from './field-error.js'
import { type Field, type Kind, kindOf } from './kind.js'
import { zeroTime } from './time.js'
import { quote, writeJson } from './value.js'

export interface EncodeOptions<Mode extends 'text' | 'value'> {
  /**
   * What the user's JSON is. `text` is the server's side: source text that goes in as it is; what is undefined becomes its
   * zero value. `value` is the client's side: values; optional fields that are undefined are left out.
   */
  readonly json: Mode
}

/** Writes one kind of value. */
interface Writer {
  /** @param value neither undefined nor null */
  write(value: unknown): string
  isZero(value: unknown): boolean
  /** What the server writes for undefined and null. */
  readonly zeroText: string
}

/**
 * Makes an encoder. Keys come in the order of the schema, keys that the schema does not have are left out. The options
 * `omitEmpty`, `nullWhenEmpty` and `nullable` of the schema are honoured.
 *
 * @returns an encoder that throws TypeError naming the field where a value does not have the type of the schema
 */
export function compileEncoder<Schema extends TSchema>(
  schema: Schema,
  options: EncodeOptions<'text'>,
): (value: ServerSide<Schema>) => JsonText
export function compileEncoder<Schema extends TSchema>(
  schema: Schema,
  options: EncodeOptions<'value'>,
): (value: ClientSide<Schema>) => JsonText
export function compileEncoder(
  schema: TSchema,
  { json }: EncodeOptions<'text' | 'value'>,
): (value: unknown) => JsonText {
  const writer = writerOf(kindOf(schema), json)
  return (value) => FieldError.asTypeError('The value', () => put(writer, value, json)) as JsonText
}

function put(writer: Writer, value: unknown, json: 'text' | 'value'): string {
  if (value !== undefined && value !== null) return writer.write(value)
  if (json === 'text') return writer.zeroText
  if (value === undefined) throw new FieldError('is missing')
  return 'null'
}

function writerOf(kind: Kind, json: 'text' | 'value'): Writer {
  const writer = plainWriterOf(kind, json)
  return kind.nullable ? { ...writer, zeroText: 'null' } : writer
}

function plainWriterOf(kind: Kind, json: 'text' | 'value'): Writer {
  switch (kind.kind) {
    case 'text':
      return { write: writeText, isZero: (value) => value === '', zeroText: '""' }
    case 'time':
      return { write: writeText, isZero: (value) => value === zeroTime, zeroText: quote(zeroTime) }
    case 'bytes':
      return json === 'text'
        ? { write: writeText, isZero: (value) => value === '', zeroText: '""' }
        : { write: writeBytes, isZero: (value) => value instanceof Uint8Array && value.length === 0, zeroText: '""' }
    case 'flag':
      return { write: writeFlag, isZero: (value) => value === false, zeroText: 'false' }
    case 'float':
      return { write: writeFloat, isZero: (value) => value === 0, zeroText: '0' }
    case 'int':
    case 'int64':
      return { write: writeInteger, isZero: (value) => value === 0 || value === 0n, zeroText: '0' }
    case 'list':
      return listWriter(writerOf(kind.item, json), json, kind.nullWhenEmpty === true)
    case 'dict':
      return dictWriter(writerOf(kind.item, json), json)
    case 'shape':
      return shapeWriter(kind.fields, json)
    case 'user-json':
      return json === 'text' ? userTextWriter(kind.empty) : userValueWriter(kind.empty)
  }
}

function shapeWriter(fields: readonly Field[], json: 'text' | 'value'): Writer {
  const members = fields.map(({ name, optional, value }) => ({
    name,
    first: `${quote(name)}:`,
    next: `,${quote(name)}:`,
    leaveOut: value.omitEmpty === true,
    mayMiss: optional && json === 'value',
    writer: writerOf(value, json),
  }))
  const write = (value: unknown) => {
    const object = recordOf(value)
    let text = '{'
    for (const { name, first, next, leaveOut, mayMiss, writer } of members) {
      const member = object[name]
      if (mayMiss && member === undefined) continue
      try {
        if (leaveOut && isZero(writer, member)) continue
        text += (text.length === 1 ? first : next) + put(writer, member, json)
      } catch (error) {
        throw FieldError.within(name, error)
      }
    }
    return `${text}}`
  }
  return {
    write,
    isZero: (value) => members.every(({ name, writer }) => isZero(writer, recordOf(value)[name])),
    zeroText: json === 'text' ? write({}) : '{}',
  }
}

function isZero(writer: Writer, value: unknown): boolean {
  return value === undefined || value === null || writer.isZero(value)
}

function listWriter(item: Writer, json: 'text' | 'value', nullWhenEmpty: boolean): Writer {
  const zeroText = nullWhenEmpty ? 'null' : '[]'
  return {
    zeroText,
    isZero: (value) => Array.isArray(value) && value.length === 0,
    write(value) {
      if (!Array.isArray(value)) mismatch('a list', value)
      if (value.length === 0) return zeroText
      let text = '['
      for (let index = 0; index < value.length; index++) {
        try {
          text += (index === 0 ? '' : ',') + put(item, value[index], json)
        } catch (error) {
          throw FieldError.within(index, error)
        }
      }
      return `${text}]`
    },
  }
}

function dictWriter(item: Writer, json: 'text' | 'value'): Writer {
  return {
    zeroText: '{}',
    isZero: (value) => Object.keys(recordOf(value)).length === 0,
    write(value) {
      const dict = recordOf(value)
      let text = '{'
      for (const key of Object.keys(dict)) {
        try {
          text += `${(text.length === 1 ? '' : ',') + quote(key)}:${put(item, dict[key], json)}`
        } catch (error) {
          throw FieldError.within(key, error)
        }
      }
      return `${text}}`
    },
  }
}

function userTextWriter(empty: '[]' | '{}'): Writer {
  return {
    zeroText: empty,
    isZero: (value) => value === empty || value === 'null',
    write: (value) => (typeof value === 'string' ? value : mismatch('JSON text', value)),
  }
}

function userValueWriter(empty: '[]' | '{}'): Writer {
  const list = empty === '[]'
  return {
    zeroText: empty,
    isZero: (value) => Object.keys(recordOf(value)).length === 0,
    write(value) {
      if (typeof value !== 'object' || Array.isArray(value) !== list) mismatch(list ? 'a list' : 'an object', value)
      return writeJson(value)
    },
  }
}

function writeText(value: unknown): string {
  return typeof value === 'string' ? quote(value) : mismatch('a string', value)
}

function writeBytes(value: unknown): string {
  if (value instanceof Uint8Array) return `"${bytesToBase64(value)}"`
  // Whoever has it from JSON has it so.
  return typeof value === 'string' && isBase64(value) ? `"${value}"` : mismatch('a Uint8Array', value)
}

function writeFlag(value: unknown): string {
  return typeof value === 'boolean' ? String(value) : mismatch('true or false', value)
}

function writeFloat(value: unknown): string {
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : mismatch('a finite number', value)
}

function writeInteger(value: unknown): string {
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return String(value)
  return mismatch('an integer; from 2^53 on, a bigint', value)
}

function recordOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) mismatch('an object', value)
  return value as Record<string, unknown>
}

function mismatch(expected: string, value: unknown): never {
  const found = Array.isArray(value) ? 'a list' : typeof value === 'number' ? value : typeof value
  throw new FieldError(`must be ${expected}, got ${found}`)
}
