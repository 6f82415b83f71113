import type { Random } from './random.js'

/** A payload that no server may carry out, as it is before base64. */
export interface MalformedPayload {
  /** JSON, or what pretends to be. */
  text: string | Buffer
  /** What the refusal has to name. */
  names: string
}

/** Makes something malformed of the JSON text of a valid request. */
type Malform = (json: string, random: Random) => MalformedPayload

/** A field of a request: where it stands, and what it holds. */
interface Field {
  /** As refusals write it: `spec.functionspecs[0].priority`. */
  path: string
  key: string
  holder: Record<string, unknown>
}

/** Below these, anything is allowed: it is the user's JSON. */
const userJson = /(\.(args|kwargs|out|schema)|^(out|status)|blueprint\.spec)$/

function fieldsOf(value: unknown, path = ''): Field[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => fieldsOf(item, `${path}[${index}]`))
  if (typeof value !== 'object' || value === null) return []
  const holder = value as Record<string, unknown>
  return Object.keys(holder).flatMap((key) => {
    const own = { path: path === '' ? key : `${path}.${key}`, key, holder }
    return userJson.test(own.path) ? [own] : [own, ...fieldsOf(holder[key], own.path)]
  })
}

/** Something of another type than `value`. Never null, which stands for the zero value of every type. */
function otherType(value: unknown, random: Random): unknown {
  const all = ['1', 1, true, ['x'], { x: 1 }, [], {}]
  const typeOf = (one: unknown) => (Array.isArray(one) ? 'list' : typeof one)
  return random.pick(all.filter((one) => typeOf(one) !== typeOf(value)))
}

function someField(json: string, random: Random, accept: (field: Field) => boolean): Field | undefined {
  const fields = fieldsOf(JSON.parse(json)).filter(accept)
  return fields.length === 0 ? undefined : random.pick(fields)
}

/** There always is one: `msgtype`. */
function someText(json: string, random: Random): Field {
  return random.pick(fieldsOf(JSON.parse(json)).filter(({ holder, key }) => typeof holder[key] === 'string'))
}

/** Where the JSON text stands that `JSON.stringify` cannot write. */
const mark = '\u2603'

/** Writes the request that a field belongs to, with `raw` in place of the field's value. */
function writeWith(json: string, { path, key }: Field, raw: string): string {
  const request = JSON.parse(json)
  const field = fieldsOf(request).find((one) => one.path === path)
  if (!field) throw new Error(`There is no field ${path}.`)
  field.holder[key] = mark
  return JSON.stringify(request).replace(`"${mark}"`, () => raw)
}

/** Depths from just too deep to what would end a recursive reader. */
const depths = [201, 250, 1000, 20_000]

function nested(random: Random, open = random.pick(['[', '{"a":'])): string {
  const depth = random.pick(depths)
  const close = open === '[' ? ']' : '}'
  return open.repeat(depth) + (open === '[' ? '' : '1') + close.repeat(depth)
}

const isInteger = ({ holder, key }: Field) => typeof holder[key] === 'number' && key !== 'long' && key !== 'lat'

const wrongType: Malform = (json, random) => {
  const field = random.pick(fieldsOf(JSON.parse(json)))
  const raw = JSON.stringify(otherType(field.holder[field.key], random))
  return { text: writeWith(json, field, raw), names: field.path }
}

const wrongNumber: Malform = (json, random) => {
  const field = someField(json, random, isInteger)
  if (!field) return wrongType(json, random)
  const raw = random.pick(['1.0', '1e3', '9223372036854775808', '-9223372036854775809', '9'.repeat(5000), '1e400'])
  return { text: writeWith(json, field, raw), names: field.path }
}

const notANumber: Malform = (json, random) => {
  const field = someField(json, random, isInteger)
  if (!field) return truncated(json, random)
  const raw = random.pick(['01', '+1', '.5', '1.', '0x10', 'NaN', 'Infinity', '1_000', '-'])
  return { text: writeWith(json, field, raw), names: 'The payload is invalid JSON' }
}

const nul: Malform = (json, random) => {
  const field = someText(json, random)
  return { text: writeWith(json, field, '"a\\u0000b"'), names: field.path }
}

/** The last of repeated keys counts, whatever its case. */
const repeatedKey: Malform = (json, random) => {
  const field = random.pick(fieldsOf(JSON.parse(json)))
  const value = field.holder[field.key]
  const inDictionary = /\b(env|projects)\.\w+$/.test(field.path) // there, case tells keys apart
  const key = inDictionary ? field.key : random.pick([field.key, field.key.toUpperCase()])
  const raw = `${JSON.stringify(value)},${JSON.stringify(key)}:${JSON.stringify(otherType(value, random))}`
  return { text: writeWith(json, field, raw), names: field.path }
}

const truncated: Malform = (json, random) => ({
  text: json.slice(0, random.int(json.length)),
  names: 'The payload is invalid JSON',
})

const continued: Malform = (json, random) => ({
  text: json + random.pick(['x', '{}', ',', ']', '}', '\0', 'null', json]),
  names: 'The payload is invalid JSON',
})

const controlCharacter: Malform = (json, random) => {
  const at = random.int(json.length)
  const character = String.fromCharCode(random.pick([0, 1, 2, 7, 8, 11, 12, 14, 27, 31]))
  return { text: json.slice(0, at) + character + json.slice(at), names: 'The payload is invalid JSON' }
}

const badEscape: Malform = (json, random) => {
  const field = someText(json, random)
  const raw = random.pick(['"\\x41"', '"\\u12"', '"\\ud8"', '"\\', "'a'", '"a\nb"'])
  return { text: writeWith(json, field, raw), names: 'The payload is invalid JSON' }
}

const deep: Malform = (json, random) => {
  const key = random.pick(['unknown', '__proto__', 'constructor'])
  return { text: `{"${key}":${nested(random)},${json.slice(1)}`, names: 'nested deeper than 200 levels' }
}

const deepUserJson: Malform = (json, random) => {
  const field = someField(json, random, ({ path }) => userJson.test(path) && !path.startsWith('fun.'))
  if (!field) return deep(json, random)
  const raw = nested(random, Array.isArray(field.holder[field.key]) ? '[' : '{"a":')
  return { text: writeWith(json, field, raw), names: 'nested deeper than 200 levels' }
}

const notAnObject: Malform = (_json, random) => ({
  text: random.pick(['null', '[]', '1', '"text"', 'true', '[null]', '-0', '1e5']),
  names: 'The payload',
})

const noJson: Malform = (_json, random) => ({
  text: random.pick(['', ' ', '\ufeff{}', '{', '{"a"', "{'a':1}", '{a:1}', '{"a":1,}', '<xml/>', '/* */{}']),
  names: 'The payload',
})

const randomBytes: Malform = (_json, random) => ({ text: random.bytes(random.int(300)), names: 'The payload' })

const otherMessage: Malform = (json, random) => {
  const other = random.pick(['"getcolonymsg2"', '""', '"GETCOLONYMSG"', 'null', '"\\ud800"', '"__proto__"'])
  return { text: json.replace(/"msgtype":"\w+"/, () => `"msgtype":${other}`), names: 'msgtype' }
}

/** Each kind of malformed payload, by name. */
export const malformedPayloads: Readonly<Record<string, Malform>> = {
  wrongType,
  wrongNumber,
  notANumber,
  nul,
  repeatedKey,
  truncated,
  continued,
  controlCharacter,
  badEscape,
  deep,
  deepUserJson,
  notAnObject,
  noJson,
  randomBytes,
  otherMessage,
}

/**
 * Odd payloads that are no errors by Go's rules, so whether they are refused depends on what they ask for: to be sent by
 * somebody who may do nothing.
 */
export const oddPayloads: Readonly<Record<string, (json: string, random: Random) => string | Buffer>> = {
  unknownKeys: (json) => `{"__proto__":{"colonyname":"x"},"constructor":1,"toString":[],${json.slice(1)}`,
  prototypeInField(json, random) {
    const field = random.pick(fieldsOf(JSON.parse(json)))
    return writeWith(json, field, '{"__proto__":{"polluted":true}}')
  },
  loneSurrogates(json, random) {
    return writeWith(json, someText(json, random), '"\\ud800\\udfff\\udc00"')
  },
  notUtf8: (json, random) => Buffer.concat([Buffer.from(json.slice(0, -2)), random.bytes(3), Buffer.from('"}')]),
  hugeText(json, random) {
    return writeWith(json, someText(json, random), JSON.stringify('x'.repeat(random.int(20_000))))
  },
  nullFields(json, random) {
    return writeWith(json, random.pick(fieldsOf(JSON.parse(json))), 'null')
  },
  upperCaseKeys: (json) => json.replace(/"(\w+)":/g, (key) => key.toUpperCase()),
}
