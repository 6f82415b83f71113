import { compileDecoder } from '../../packages/protocol/dist/index.js'

/** @typedef {import('./schema-text.mjs').Schema} Schema */
/** @typedef {import('../../packages/protocol/dist/index.js').AnyOperation} Operation */

const id = '3ed2ea27df9c2cd49de1ad5e6859408f313a3735aa25b18640c0f1d9e61eacce'
const conditions = { colonyname: 'dev', executortype: 'dev' }
const plain = { funcname: 'hello', args: ['world'], maxexectime: 60, maxretries: 3, conditions }
const node = { nodename: 'greet', ...plain }

/**
 * What a field of this name has in examples. Those that may be left out are shown, too, unless they lie in another object.
 *
 * @type {Record<string, unknown>}
 */
const samples = {
  colonyname: 'dev',
  executorname: 'calculator',
  executortype: 'maths',
  funcname: 'add',
  key: 'progress',
  value: '40 %',
  message: 'half done',
  name: 'ada',
  out: ['hello world'],
  errors: ['the disk is full'],
  count: 20,
  seconds: 3600,
  days: 7,
  state: 0,
  timeout: 10,
  text: 'disk',
  payload: 'aGVsbG8=',
}

/**
 * A payload as it is signed. It has been decoded by the contract, and is about a colony where the contract needs one.
 *
 * @param {Operation} operation
 * @returns {{ text: string, by: string | undefined }} JSON in one line, or in several when it is long; and by what the colony is
 *   found
 * @throws when the contract does not take it
 */
export function examplePayload({ payloadtype, input, colony }) {
  const payload = { msgtype: payloadtype, ...objectOf(input, payloadtype, (name) => name in samples) }
  const text = JSON.stringify(payload)
  const found = colony?.(compileDecoder(input, { json: 'text' })(text))
  if (found?.key === '') throw new Error(`the example of ${payloadtype} names no colony: ${text}`)
  return { text: text.length <= 118 ? text : JSON.stringify(payload, null, 2), by: found?.by }
}

/**
 * @param {Schema} schema
 * @param {string} payloadtype
 * @param {(name: string) => boolean} isShown which fields are there beside the required ones
 * @returns {Record<string, unknown>}
 */
function objectOf(schema, payloadtype, isShown) {
  const required = new Set(schema.required ?? [])
  const shown = Object.entries(schema.properties ?? {}).filter(([name]) => required.has(name) || isShown(name))
  return Object.fromEntries(shown.map(([name, field]) => [name, sampleOf(name, field, payloadtype)]))
}

/**
 * @param {string} name
 * @param {Schema} schema
 * @param {string} payloadtype
 * @returns {unknown}
 */
function sampleOf(name, schema, payloadtype) {
  if (schema.properties?.nodename) return /child|workflow/.test(payloadtype) ? node : plain
  if (name in samples && typeof samples[name] === wanted[schema.type ?? '']) return samples[name]
  if (schema.type === 'array') return schema.items ? [sampleOf('', schema.items, payloadtype)] : []
  if (schema.type === 'object') return objectOf(schema, payloadtype, (inner) => inner === 'executortype')
  if (schema.type === 'boolean') return false
  return schema.type === 'string' ? id : 0
}

/** @type {Record<string, string>} */
const wanted = { string: 'string', integer: 'number', array: 'object' }
