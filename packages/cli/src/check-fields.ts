import type { TSchema } from 'typebox'
import { UsageError } from './exit-codes.js'

/** What is used of a schema here; a contract is plain JSON Schema. */
interface Schema {
  readonly format?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
}

/** What people write for fields that have another name, some of them copied from examples. */
const otherNames: Readonly<Record<string, string>> = {
  func: 'funcname',
  function: 'funcname',
  name: 'funcname',
  node: 'nodename',
  memory: 'mem',
  executor: 'executornames',
  targettype: 'executortype',
  type: 'executortype',
  timeout: 'maxexectime',
  retries: 'maxretries',
  dependson: 'dependencies',
}

/**
 * Refuses fields that the contract does not have: the server would ignore them, and whoever wrote them would never know.
 *
 * @param what the file or text, for the sentence
 * @throws UsageError that names each field with its path, and what may have been meant
 */
export function checkFields(schema: TSchema, value: unknown, what: string): void {
  const unknown = unknownFields(schema as Schema, value, '')
  if (unknown.length === 0) return
  const fields = unknown.length === 1 ? 'the unknown field' : 'unknown fields'
  throw new UsageError(`${what} has ${fields} ${unknown.join(', ')}. Correct it, or give --lenient to leave it out.`)
}

function unknownFields(schema: Schema, value: unknown, path: string): string[] {
  if (Array.isArray(value)) {
    const { items } = schema
    return items ? value.flatMap((one, index) => unknownFields(items, one, `${path}[${index}]`)) : []
  }
  // User JSON and dictionaries have no properties in their schema: any field goes.
  const { properties } = schema
  if (!properties || typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, member]) => {
    const place = path === '' ? key : `${path}.${key}`
    const known = Object.hasOwn(properties, key) ? properties[key] : undefined
    if (known) return unknownFields(known, member, place)
    const meant = nearest(key, Object.keys(properties))
    return [meant ? `"${place}" (did you mean ${meant}?)` : `"${place}"`]
  })
}

/** @returns the name that is most like the given one; undefined when none is like it */
export function nearest(given: string, names: readonly string[]): string | undefined {
  const plain = given.toLowerCase().replace(/[-_ ]/g, '')
  const meant = otherNames[plain]
  if (names.includes(plain)) return plain
  if (meant !== undefined && names.includes(meant)) return meant
  const distances = names
    .map((name) => ({ name, distance: distance(plain, name) }))
    .sort((a, b) => a.distance - b.distance)
  const [best] = distances
  return best && best.distance <= Math.max(1, Math.floor(plain.length / 4)) ? best.name : undefined
}

/** How many letters have to be added, taken away or changed. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1]
    for (const [at, other] of [...to].entries()) {
      const changed = (row[at] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(changed, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
