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

/** As many arguments as every engine passes to one call. */
const chunkLength = 0x8000

/** Encodes text as UTF-8, then base64. */
export function encodeBase64(text: string): string {
  const bytes = new TextEncoder().encode(text)
  let binary = ''
  for (let start = 0; start < bytes.length; start += chunkLength) {
    binary += String.fromCharCode(...bytes.subarray(start, start + chunkLength))
  }
  return btoa(binary)
}

/**
 * Decodes base64, then UTF-8; bytes that are not UTF-8 become U+FFFD. Line ends inside and anything behind the padding are
 * tolerated, as in the original, since some clients wrap lines.
 *
 * @throws ColoniesError `bad_request`
 */
export function decodeBase64(base64: string): string {
  const bytes = Uint8Array.from(decodeBinary(base64), (character) => character.charCodeAt(0))
  // A byte order mark stays, and is then refused as no JSON, as everywhere else.
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

function decodeBinary(base64: string): string {
  const text = base64.replace(/[\r\n]/g, '')
  const padding = text.indexOf('=')
  const end = padding < 0 ? text.length : padding + (4 - (padding % 4))
  // `atob` alone would also take other blanks and missing padding, which the original does not.
  if (end > text.length || end % 4 !== 0 || /[^A-Za-z0-9+/=]/.test(text.slice(0, end))) failBase64()
  try {
    return atob(text.slice(0, end))
  } catch (cause) {
    failBase64(cause)
  }
}

function failBase64(cause?: unknown): never {
  throw new ColoniesError('bad_request', 'payload must be standard base64 with padding (letters, digits, + and /)', {
    cause,
  })
}
