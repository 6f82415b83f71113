import { sign } from '@colonies/identity'
import { malformedPayloads, oddPayloads } from './malformed-payloads.js'
import type { Random } from './random.js'

/** A request as it should be. */
export interface ValidRequest {
  payloadtype: string
  /** The payload before base64. */
  json: string
  /** Base64 of it, and its signature. */
  payload: string
  signature: string
  /** Whose request would be carried out; empty where nobody signs. */
  privateKey: string
  /** Whether the payload is read at all. */
  hasPayload: boolean
}

export interface Malformed {
  /** For messages of failed tests. */
  kind: string
  body: string | Buffer
  /** What the refusal has to name; undefined: it may be carried out, for somebody who may do nothing. */
  names: string | undefined
}

export interface Hostility {
  requests: readonly ValidRequest[]
  /** Of somebody whom nobody knows. */
  strangerKey: string
  random: Random
}

/** Makes one malformed request after the other: the same mistakes for the same seed, though keys and ids differ. */
export function malformedEnvelope({ requests, strangerKey, random }: Hostility): Malformed {
  const request = random.pick(requests)
  switch (random.pick(families)) {
    case 'payload':
      return request.hasPayload ? badPayload(request, random) : badBody(request, random)
    case 'odd':
      return oddPayload(request, strangerKey, random)
    case 'signature':
      return request.privateKey === '' ? badBody(request, random) : badSignature(request, random)
    case 'envelope':
      return badEnvelope(request, random)
    default:
      return badBody(request, random)
  }
}

/** Each as often as it stands here. */
const families = ['payload', 'payload', 'payload', 'odd', 'signature', 'envelope', 'body'] as const

function badPayload({ payloadtype, json, privateKey }: ValidRequest, random: Random): Malformed {
  const kind = random.pick(Object.keys(malformedPayloads))
  const malformed = malformedPayloads[kind]?.(json, random)
  if (!malformed) throw new Error(`There is no kind ${kind}.`)
  const base64 = Buffer.from(malformed.text).toString('base64')
  return {
    kind,
    body: envelope({ payloadtype, payload: base64, signature: signed(base64, privateKey) }),
    names: malformed.names,
  }
}

function oddPayload({ payloadtype, json }: ValidRequest, strangerKey: string, random: Random): Malformed {
  const kind = random.pick(Object.keys(oddPayloads))
  const text = oddPayloads[kind]?.(json, random) ?? ''
  let payload = Buffer.from(text).toString('base64')
  if (random.int(4) === 0) payload = badBase64(payload, random)
  return { kind, body: envelope({ payloadtype, payload, signature: signed(payload, strangerKey) }), names: undefined }
}

function badBase64(base64: string, random: Random): string {
  const at = random.int(base64.length + 1)
  return random.pick([
    base64.replace(/=+$/, ''),
    `${base64}====`,
    base64.slice(0, at) + random.pick(['!', '-', '_', '=', ' ', '\\r\\n', '%2B', 'é']) + base64.slice(at),
    base64.slice(at),
  ])
}

function badSignature({ payloadtype, payload, signature: good }: ValidRequest, random: Random): Malformed {
  const at = random.int(128)
  const digit = (Number.parseInt(good.charAt(at), 16) ^ (1 + random.int(15))).toString(16)
  const signature = random.pick([
    '',
    good.slice(0, -1),
    good.slice(0, random.int(129)),
    `${good}00`,
    `0x${good}`,
    ` ${good.slice(1)}`,
    good.slice(0, at) + random.pick(['g', 'z', ' ', 'é']) + good.slice(at + 1),
    good.slice(0, at) + digit + good.slice(at + 1), // of somebody else
    `${good.slice(0, 128)}${random.pick(['02', '04', '1b', 'ff'])}`,
    '0'.repeat(130),
    'f'.repeat(130),
    good.repeat(100),
  ])
  return { kind: 'signature', body: envelope({ payloadtype, payload, signature }), names: '' }
}

const wrongTypes = [undefined, null, 1, true, [], {}, ['x'], { a: 1 }]

function badEnvelope({ payloadtype, payload, signature }: ValidRequest, random: Random): Malformed {
  const good = { payloadtype, payload, signature }
  const refused = (body: string, names = 'The envelope', kind = 'envelope'): Malformed => ({ kind, body, names })
  switch (random.int(6)) {
    case 0: {
      const field = random.pick(['payloadtype', 'payload', 'signature'] as const)
      const wrong = random.pick(wrongTypes.filter((value) => value !== undefined && value !== null))
      return refused(JSON.stringify({ ...good, [field]: wrong }), field, 'envelope field')
    }
    case 1:
      return refused(JSON.stringify({ ...good, payloadtype: unknownType(payloadtype, random) }), '', 'payloadtype')
    case 2: {
      const field = random.pick(['payloadtype', 'PAYLOAD', 'Signature'])
      return refused(`${JSON.stringify(good).slice(0, -1)},"${field}":[1]}`, field.toLowerCase(), 'repeated key')
    }
    case 3: {
      const depth = random.pick([201, 5_000, 100_000])
      const inner = '['.repeat(depth) + ']'.repeat(depth)
      return refused(`{"x":${inner},${JSON.stringify(good).slice(1)}`, 'nested deeper', 'deep envelope')
    }
    case 4:
      return refused(`{"__proto__":${JSON.stringify(good)},"constructor":${JSON.stringify(good)}}`, '', 'prototype')
    default:
      return refused(JSON.stringify([good]), 'The envelope', 'list')
  }
}

function unknownType(payloadtype: string, random: Random): string {
  return random.pick([
    '',
    'msg',
    payloadtype.toUpperCase(),
    ` ${payloadtype}`,
    `${payloadtype}\ud800`,
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'error',
    'pausestatusreplymsg',
    'x'.repeat(10_000),
    "'; drop table live; --",
    '\u202e\u2028',
  ])
}

function badBody({ payloadtype, payload, signature }: ValidRequest, random: Random): Malformed {
  const good = envelope({ payloadtype, payload, signature })
  const body = random.pick<() => string | Buffer>([
    () => good.slice(0, random.int(good.length)),
    () => good + random.pick(['x', good, '}', '\0']),
    () => random.bytes(random.int(2_000)),
    () => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(good)]),
    () => Buffer.from(good, 'utf16le'),
    () => random.pick(['', ' ', 'null', '[]', '{', '"', '1', 'true', '{"payload":', 'payload=x&payloadtype=y', '\0']),
    () => good.replaceAll('"', "'"),
    () => `{"x":"${'y'.repeat(random.int(50_000))}`,
  ])()
  return { kind: 'body', body, names: 'The envelope' }
}

function envelope(fields: { payloadtype: string; payload: string; signature: string }): string {
  return JSON.stringify(fields)
}

function signed(payload: string, privateKey: string): string {
  return privateKey === '' ? '' : sign(payload, privateKey)
}
