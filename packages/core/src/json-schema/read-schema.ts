import { type JsonValue, parseJson } from '@colonies/protocol'
import { isObject, type JsonObject, own, type Reading, SchemaError } from './keyword-values.js'
import { keywords } from './keywords.js'
import { Pattern } from './pattern.js'
import { PatternError } from './pattern-syntax.js'
import type { Schema } from './schema.js'

/**
 * Reads a JSON Schema, of the drafts 4 to 2020-12. What it refers to is looked up in the schema itself, never elsewhere.
 * Keywords that are not known say nothing, as the standard wants it; `format` is one of them.
 *
 * @param text well-formed JSON
 * @throws SchemaError
 */
export function readSchema(text: string): Schema {
  return new SchemaReader(parseJson(text)).read()
}

/** States of all patterns of one schema. */
const patternStatesMax = 20_000

class SchemaReader implements Reading {
  readonly #root: JsonValue
  /** Each object that is a schema is read once: references make circles. */
  readonly #known = new Map<JsonValue, Schema>()
  /** What is still to be read: references make chains longer than a stack. */
  readonly #open: { raw: JsonObject; place: string; schema: Schema }[] = []
  /** By `$anchor`; found when the first is asked for. */
  #anchors: ReadonlyMap<string, JsonValue> | undefined
  /** Up to draft 7, what stands beside a reference does not count. */
  readonly #refsAlone: boolean
  #patternStates = 0

  constructor(root: JsonValue) {
    this.#root = root
    this.#refsAlone = isObject(root) && /draft-0[3-7]/.test(String(own(root, '$schema')))
  }

  read(): Schema {
    const schema = this.schema(this.#root, '#')
    // Filling one may open others, which come to the end of the list.
    for (const one of this.#open) this.#fill(one)
    return schema
  }

  schema(raw: JsonValue, place: string): Schema {
    if (raw === true) return {}
    if (raw === false) return { nothing: true }
    if (!isObject(raw)) throw new SchemaError(`${place} must be a schema: an object, true or false`)
    const known = this.#known.get(raw)
    if (known) return known
    const schema: Schema = {}
    this.#known.set(raw, schema)
    this.#open.push({ raw, place, schema })
    return schema
  }

  pattern(source: string, place: string): Pattern {
    try {
      const pattern = new Pattern(source, patternStatesMax - this.#patternStates)
      this.#patternStates += pattern.size
      return pattern
    } catch (error) {
      if (!(error instanceof PatternError)) throw error
      throw new SchemaError(`${place} is a pattern that ${error.message}`, { cause: error })
    }
  }

  follow(reference: string, place: string): Schema {
    const [base = '', fragment = ''] = reference.split('#', 2)
    const id = isObject(this.#root) ? own(this.#root, '$id') : undefined
    const here = base === '' || (typeof id === 'string' && base === id.split('#', 1)[0])
    const target = here ? this.#find(fragment) : undefined
    if (target === undefined) throw new SchemaError(`${place} refers to what is not in this schema: put it into $defs`)
    return this.schema(target, `#${fragment}`)
  }

  #fill({ raw, place, schema }: { raw: JsonObject; place: string; schema: Schema }): void {
    const id = own(raw, '$id')
    if (raw !== this.#root && typeof id === 'string' && !id.startsWith('#'))
      throw new SchemaError(`${place} has an $id, which only the whole schema may have: refer to it by its place`)
    const alone = this.#refsAlone && Object.hasOwn(raw, '$ref')
    for (const [name, value] of Object.entries(raw)) {
      const keyword = Object.hasOwn(keywords, name) && !(alone && name !== '$ref') ? keywords[name] : undefined
      if (keyword) Object.assign(schema, keyword({ value, place: `${place}/${name}`, raw, reader: this }))
    }
  }

  #find(fragment: string): JsonValue | undefined {
    if (fragment === '') return this.#root
    if (!fragment.startsWith('/')) {
      this.#anchors ??= anchorsOf(this.#root)
      return this.#anchors.get(fragment)
    }
    let target: JsonValue | undefined = this.#root
    for (const step of decoded(fragment).slice(1).split('/')) {
      const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
      if (Array.isArray(target)) target = /^\d{1,9}$/.test(key) ? target[Number(key)] : undefined
      else target = target !== undefined && isObject(target) ? own(target, key) : undefined
    }
    return target
  }
}

/** Schemas by their `$anchor`. What looks like one within `enum` or `const` is none. */
function anchorsOf(root: JsonValue): ReadonlyMap<string, JsonValue> {
  const anchors = new Map<string, JsonValue>()
  const open: JsonValue[] = [root]
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (value === null || typeof value !== 'object') continue
    if (isObject(value)) {
      for (const name of ['$anchor', '$dynamicAnchor', '$id']) {
        const anchor = own(value, name)
        if (typeof anchor === 'string') anchors.set(anchor.replace(/^#/, ''), value)
      }
    }
    for (const [key, inner] of Object.entries(value)) if (key !== 'enum' && key !== 'const') open.push(inner)
  }
  return anchors
}

function decoded(fragment: string): string {
  try {
    return decodeURIComponent(fragment)
  } catch {
    return fragment
  }
}
