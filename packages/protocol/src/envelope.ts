import { base64ToBytes, bytesToBase64 } from './base64.js'
import { ColoniesError, type ErrorCode } from './errors.js'
import { compileDecoder } from './json/decode.js'
import { compileEncoder } from './json/encode.js'
import { quote } from './json/value.js'
import { Flag, Int32, omitEmpty, Shape, Text } from './schema.js'

/**
 * What every message is wrapped in. The payload is JSON as base64, and it is this base64 text that is signed, exactly as sent.
 */
const Envelope = Shape({ payloadtype: Text, payload: Text, signature: Text })
const Reply = Shape({ payloadtype: Text, payload: Text, error: Flag })
const Refusal = Shape({
  status: Int32,
  message: Text,
  /** Ours: the key in `errors`, so that no client has to look at the text; empty: not told. */
  code: omitEmpty(Text),
})

/** A request as it comes; fields that are missing are empty. `payload` is base64 that nobody has looked at yet. */
export interface Envelope {
  payloadtype: string
  payload: string
  signature: string
}

/** A reply as it comes. With `error`, the payload is for `readRefusal`. */
export interface ReplyEnvelope {
  payloadtype: string
  payload: string
  error: boolean
}

/** Reads a request body. Extra fields are ignored; @throws ColoniesError `bad_request` */
export const readEnvelope: (text: string) => Envelope = compileDecoder(Envelope, {
  json: 'text',
  subject: 'The envelope',
})

/** Reads a reply body. @throws ColoniesError `bad_request` when it is none, as from a proxy on the way */
export const readReply: (text: string) => ReplyEnvelope = compileDecoder(Reply, { json: 'value', subject: 'The reply' })

/** Reads the decoded payload of a reply with `error`. */
export const readRefusal: (text: string) => { status: number; message: string; code: string } = compileDecoder(
  Refusal,
  {
    json: 'value',
    subject: 'The refusal',
  },
)

/**
 * @param payload base64
 * @param signature hex digits; empty for operations that nobody has to sign
 */
export function writeRequest(payloadtype: string, payload: string, signature: string): string {
  return `{"payloadtype":${quote(payloadtype)},"payload":"${payload}","signature":"${signature}"}`
}

/** @param payload base64 */
export function writeReply(payloadtype: string, payload: string): string {
  return `{"payloadtype":${quote(payloadtype)},"payload":"${payload}","error":false}`
}

const writeRefusalPayload = compileEncoder(Refusal, { json: 'text' })

/**
 * @param status the HTTP status, repeated for clients that look only at the body
 * @param code for programs; left out when empty
 */
export function writeRefusal(status: number, message: string, code: ErrorCode | '' = ''): string {
  const payload = encodeBase64(writeRefusalPayload({ status, message, code }))
  return `{"payloadtype":"error","payload":"${payload}","error":true}`
}

/** Encodes text as UTF-8, then base64. */
export function encodeBase64(text: string): string {
  return bytesToBase64(new TextEncoder().encode(text))
}

/**
 * Decodes base64, then UTF-8; bytes that are not UTF-8 become U+FFFD. Line ends inside and anything behind the padding are
 * tolerated, as in the original, since some clients wrap lines.
 *
 * @throws ColoniesError `bad_request`
 */
export function decodeBase64(base64: string): string {
  const text = base64.replace(/[\r\n]/g, '')
  const padding = text.indexOf('=')
  const bytes = base64ToBytes(padding < 0 ? text : text.slice(0, padding + (4 - (padding % 4))))
  if (!bytes)
    throw new ColoniesError('bad_request', 'payload must be standard base64 with padding (letters, digits, + and /)')
  // A byte order mark stays, and is then refused as no JSON, as everywhere else.
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}
