import * as protocol from '../../packages/protocol/dist/index.js'

/**
 * The part of JSON Schema that contracts use.
 *
 * @typedef {{ type?: string, format?: string, description?: string, nullable?: boolean, nullWhenEmpty?: boolean,
 *   required?: string[], items?: Schema, properties?: Record<string, Schema>, patternProperties?: Record<string, Schema> }} Schema
 */

/** Objects that have a name, such as `Process`: told once, and linked. */
export const namedObjects = Object.entries(/** @type {Record<string, unknown>} */ (protocol))
  .filter((entry) => isObject(entry[1]))
  .map(([name, schema]) => ({ name, schema: /** @type {Schema} */ (schema) }))

/** @param {unknown} value */
function isObject(value) {
  return typeof value === 'object' && value !== null && 'properties' in value
}

/** By its fields: `optional` and its kin copy a schema. @param {Schema} schema @returns {string | undefined} */
export function nameOf(schema) {
  if (schema.type !== 'object' || schema.properties === undefined) return undefined
  return namedObjects.find(({ schema: { properties } }) => properties === schema.properties)?.name
}

/**
 * @param {Schema | undefined} schema
 * @returns {string}
 */
export function typeOf(schema) {
  if (schema === undefined) return 'anything'
  return `${plainTypeOf(schema)}${schema.nullable ? ', or null' : ''}`
}

/** @param {Schema} schema @returns {string} */
function plainTypeOf(schema) {
  if (schema.format === 'user-json') return `any JSON ${schema.type === 'array' ? 'list' : 'object'}, kept as it comes`
  if (schema.type === 'array')
    return `list of ${typeOf(schema.items)}${schema.nullWhenEmpty ? ' (null when empty)' : ''}`
  if (schema.format === 'int64') return 'integer of 64 bits'
  if (schema.format === 'date-time') return 'time'
  if (schema.format === 'base64') return 'bytes, in base64'
  if (schema.patternProperties) return `object of ${typeOf(Object.values(schema.patternProperties)[0])}`
  if (schema.type === 'object') return objectText(schema)
  if (schema.description === '64 hex digits') return 'id'
  return schema.type === 'string' ? 'text' : (schema.type ?? 'anything')
}

/** @param {Schema} schema */
function objectText(schema) {
  const name = nameOf(schema)
  if (name) return `[${name}](#${name.toLowerCase()})`
  const names = Object.keys(schema.properties ?? {})
  return names.length === 0 ? 'an empty object' : `object of ${names.map((field) => `\`${field}\``).join(', ')}`
}

/**
 * Rows of the fields of an object, and of those of nameless objects in it with their path.
 *
 * @param {Schema} schema
 * @param {(field: string) => string} meaningOf
 * @returns {string[]}
 */
export function fieldRows(schema, meaningOf, path = '') {
  const required = new Set(schema.required ?? [])
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const here = `${path}${name}`
    const row = `| \`${here}\` | ${typeOf(field)} | ${required.has(name) ? 'yes' : ''} | ${meaningOf(name)} |`
    const inner = field.type === 'array' ? field.items : field
    if (!inner?.properties || nameOf(inner)) return [row]
    return [row, ...fieldRows(inner, meaningOf, field.type === 'array' ? `${here}[].` : `${here}.`)]
  })
}

/** A table of fields; empty for an object without any. @param {string[]} rows */
export function fieldTable(rows) {
  return rows.length === 0 ? '' : `| Field | Type | Required | Means |\n|---|---|---|---|\n${rows.join('\n')}`
}
