import { type Static, type TInteger, type TObject, type TProperties, type TSchema, Type } from 'typebox'

/**
 * The building blocks of contracts. They are TypeBox (JSON Schema) values, so one definition gives the static type, the
 * decoder, the encoder and the reference page. A missing field or `null` is the zero value of its type, as in Go.
 */

/** Marks what belongs to the user: kept as the JSON text that came, never parsed and printed again on the server. */
export interface UserJson {
  readonly userJson: unique symbol
}

/** Marks bytes: text in base64 on the wire. From callers a list of byte values is taken, too, since several SDKs send that. */
export interface WireBytes {
  readonly wireBytes: unique symbol
}

/** Bytes as standard base64 with padding: servers hand them on and need not look inside. */
export type Base64 = string & { readonly base64: unique symbol }

/** A JSON document as text, checked to be well-formed. */
export type JsonText = string & { readonly jsonText: unique symbol }

/** A value that JSON can carry; integers outside of ±2^53 are bigints. */
export type JsonValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue }

/** Options that the codec reads from a schema beside those of JSON Schema. */
export interface CodecOptions {
  /** Left out of a reply while it is the zero value. */
  omitEmpty?: boolean
  /** A reply has `null` where this list is empty. */
  nullWhenEmpty?: boolean
  /** `null` and absent stay `null` instead of becoming the zero value; an empty list stays an empty list. */
  nullable?: boolean
}

export const Text = Type.String()
/** 64 lower-case hex digits. */
export const Id = Type.String({ description: '64 hex digits' })
export const Flag = Type.Boolean()
export const Float = Type.Number()
/** RFC 3339 in UTC, at most microseconds; `0001-01-01T00:00:00Z` means "not yet". */
export const Time = Type.String({ format: 'date-time' })
/** An integer that may need all 64 bits. */
export const Int64 = Type.Unsafe<bigint>({ type: 'integer', format: 'int64' })
/** An integer within ±2^53. */
export const Int: TInteger = Type.Integer()
/** An integer that the database keeps in 32 bits. */
export const Int32: TInteger = Type.Integer({ minimum: -2147483648, maximum: 2147483647 })

export const UserList = Type.Unsafe<UserJson>({ type: 'array', format: 'user-json' })
export const UserObject = Type.Unsafe<UserJson>({ type: 'object', format: 'user-json' })

export const Bytes = Type.Unsafe<WireBytes>({ type: 'string', format: 'base64' })

export const List = <Item extends TSchema>(item: Item) => Type.Array(item)
/** A list whose empty form in a reply is `null`. */
export const ListOrNull = <Item extends TSchema>(item: Item) => Type.Array(item, { nullWhenEmpty: true })
export const Dict = <Value extends TSchema>(value: Value) => Type.Record(Type.String(), value)
export const Shape = <Properties extends TProperties>(properties: Properties): TObject<Properties> =>
  Type.Object(properties)

/** May be left out by callers; the server then sees the zero value. */
export const optional = <Schema extends TSchema>(schema: Schema) => Type.Optional(schema)
/** As `optional`, and left out of replies while it is the zero value. */
export const omitEmpty = <Schema extends TSchema>(schema: Schema) =>
  Type.Optional(Type.Unsafe<Static<Schema>>({ ...schema, omitEmpty: true }))
/** As `optional`, and `null` or absent stays `null`. */
export const nullable = <Schema extends TSchema>(schema: Schema) =>
  Type.Optional(Type.Unsafe<Static<Schema> | null>({ ...schema, nullable: true }))

type Atom = string | number | bigint | boolean | null | undefined

type Sided<T, Json> = T extends UserJson
  ? Json
  : T extends WireBytes
    ? Json extends JsonText
      ? Base64
      : Uint8Array
    : T extends Atom
      ? T
      : T extends readonly (infer Item)[]
        ? Sided<Item, Json>[]
        : { [Key in keyof T]: Sided<T[Key], Json> }

type Complete<T> = T extends UserJson | WireBytes
  ? T
  : T extends Atom
    ? T
    : T extends readonly (infer Item)[]
      ? Complete<Item>[]
      : { [Key in keyof T]-?: Complete<Exclude<T[Key], undefined>> }

/** What a handler sees: every field there, the user's JSON as text, bytes as base64. */
export type ServerSide<Schema extends TSchema> = Sided<Complete<Static<Schema>>, JsonText>
/** What a caller sends: optional fields may be missing, the user's JSON as values. */
export type ClientSide<Schema extends TSchema> = Sided<Static<Schema>, JsonValue>
/** What a caller gets back: every field there, the user's JSON as values. */
export type ClientReply<Schema extends TSchema> = Sided<Complete<Static<Schema>>, JsonValue>
