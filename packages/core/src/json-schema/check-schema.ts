import { type JsonValue, limits } from '@colonies/protocol'
import { isObject, type JsonObject } from './keyword-values.js'
import { type Choices, canonicalOf, type Schema } from './schema.js'
import { field, type Place, pathOf, shown, typeOf, typePhrase } from './schema-sentences.js'

/**
 * Checks a value against a schema. Each rule, place and character counts as a step, and rules may lead to each other so deep,
 * so that no schema can make this take long: what needs more is refused.
 *
 * @returns what is wrong first, in the order of the value, as `field 'a.b' must be a string, got a number`; undefined when it fits
 */
export function findMisfit(schema: Schema, value: JsonValue): string | undefined {
  try {
    return new Check().fit(schema, value, { place: undefined, seen: undefined })?.()
  } catch (error) {
    if (error instanceof EndlessError) return error.message
    throw error
  }
}

/** What is wrong; a sentence only when somebody wants to read it. */
type Misfit = () => string

class EndlessError extends Error {}

/** Where the value is that is checked. */
interface Where {
  readonly place: Place
  /** Collects what some rule looked at, where an `unevaluated...` around needs to know. */
  readonly seen: Seen | undefined
}

interface Seen {
  readonly keys: Set<string>
  readonly items: Set<number>
}

const nothingSeen = (): Seen => ({ keys: new Set(), items: new Set() })

/** Of one `multipleOf`: of 1e308 by 5e-324, it works with numbers of two thousand bits. */
const DIVISION_STEPS = 20

class Check {
  #stepsLeft: number = limits.schemaStepsMax
  #depth = 0
  /** Listing the keys of a large object takes long, and many rules may ask for them. */
  readonly #keys = new Map<JsonObject, readonly string[]>()

  readonly #spend = (steps: number): void => {
    this.#stepsLeft -= steps
    if (this.#stepsLeft < 0)
      throw new EndlessError(`checking takes more than ${limits.schemaStepsMax} steps: simplify the schema`)
  }

  fit(schema: Schema, value: JsonValue, where: Where): Misfit | undefined {
    this.#spend(1)
    this.#depth++
    if (this.#depth > limits.schemaDepthMax)
      throw new EndlessError(`the schema leads deeper than ${limits.schemaDepthMax} rules: does it refer to itself?`)
    const misfit = this.#fitAll(schema, value, where)
    this.#depth--
    return misfit
  }

  #fitAll(schema: Schema, value: JsonValue, where: Where): Misfit | undefined {
    const { place, seen } = where
    if (schema.nothing) return () => `${field(place)} is not allowed`
    const looksBack = schema.unevaluatedItems !== undefined || schema.unevaluatedProperties !== undefined
    const inner = looksBack ? { place, seen: nothingSeen() } : where
    const misfit =
      fitType(schema, value, place) ??
      this.#fitChoices(schema, value, place) ??
      this.#fitKind(schema, value, inner) ??
      this.#fitParts(schema, value, inner)
    if (misfit || !looksBack || !inner.seen) return misfit
    return this.#fitRest(schema, value, inner.seen, place) ?? void this.#add(seen, inner.seen)
  }

  #fitChoices({ choices, constant }: Schema, value: JsonValue, place: Place): Misfit | undefined {
    if (!choices && !constant) return undefined
    const canonical = canonicalOf(value)
    this.#spend(canonical.length >> 2)
    const isIn = (one: Choices | undefined) => !one || one.allowed.has(canonical)
    if (!isIn(choices))
      return () => `${field(place)} must be one of ${shown(choices?.values ?? [])}, got ${shown(value)}`
    if (!isIn(constant))
      return () => `${field(place)} must be ${shown(constant?.values[0] ?? null)}, got ${shown(value)}`
    return undefined
  }

  #fitKind(schema: Schema, value: JsonValue, where: Where): Misfit | undefined {
    if (typeof value === 'string') return this.#fitText(schema, value, where.place)
    if (typeof value === 'number' || typeof value === 'bigint') {
      if (schema.multipleOf !== undefined) this.#spend(DIVISION_STEPS)
      return fitNumber(schema, value, where.place)
    }
    if (Array.isArray(value)) return this.#fitList(schema, value, where)
    return isObject(value) ? this.#fitObject(schema, value, where) : undefined
  }

  #fitText({ minLength, maxLength, pattern }: Schema, text: string, place: Place): Misfit | undefined {
    if (minLength !== undefined || maxLength !== undefined) {
      this.#spend(text.length >> 4)
      const length = charactersOf(text)
      if (length < (minLength ?? 0))
        return () => `${field(place)} must have at least ${minLength} characters, has ${length}`
      if (length > (maxLength ?? length))
        return () => `${field(place)} must have at most ${maxLength} characters, has ${length}`
    }
    if (pattern && !pattern.test(text, this.#spend))
      return () => `${field(place)} must match the pattern ${pattern.source}, got ${shown(text)}`
    return undefined
  }

  #fitList(schema: Schema, list: readonly JsonValue[], { place, seen }: Where): Misfit | undefined {
    const { prefixItems = [], items, minItems = 0, maxItems = list.length } = schema
    if (list.length < minItems) return () => `${field(place)} must have at least ${minItems} items, has ${list.length}`
    if (list.length > maxItems) return () => `${field(place)} must have at most ${maxItems} items, has ${list.length}`
    for (const [index, item] of items || prefixItems.length > 0 ? list.entries() : []) {
      const rule = prefixItems[index] ?? items
      if (!rule) break
      const misfit = this.fit(rule, item, { place: { around: place, key: index }, seen: undefined })
      if (misfit) return misfit
      seen?.items.add(index)
    }
    return this.#fitContains(schema, list, { place, seen }) ?? this.#fitUnique(schema, list, place)
  }

  #fitContains(schema: Schema, list: readonly JsonValue[], { place, seen }: Where): Misfit | undefined {
    const { contains, minContains = 1, maxContains = list.length } = schema
    if (!contains) return undefined
    let count = 0
    for (const [index, item] of list.entries()) {
      if (this.fit(contains, item, { place: { around: place, key: index }, seen: undefined })) continue
      seen?.items.add(index)
      count++
    }
    if (count < minContains)
      return () => `${field(place)} must contain at least ${minContains} items of some form, has ${count}`
    if (count > maxContains)
      return () => `${field(place)} must contain at most ${maxContains} items of some form, has ${count}`
    return undefined
  }

  #fitUnique({ uniqueItems }: Schema, list: readonly JsonValue[], place: Place): Misfit | undefined {
    if (!uniqueItems) return undefined
    const known = new Set<string>()
    for (const [index, item] of list.entries()) {
      const canonical = canonicalOf(item)
      this.#spend(4 + (canonical.length >> 2))
      if (known.has(canonical)) return () => `${field({ around: place, key: index })} must not be there twice`
      known.add(canonical)
    }
    return undefined
  }

  #fitObject(schema: Schema, object: JsonObject, where: Where): Misfit | undefined {
    const { place } = where
    for (const name of schema.required ?? []) {
      this.#spend(1)
      if (!Object.hasOwn(object, name)) return () => missing(name, place)
    }
    for (const [name, names] of schema.dependentRequired ?? []) {
      this.#spend(1 + names.length)
      const absent = Object.hasOwn(object, name) ? names.find((one) => !Object.hasOwn(object, one)) : undefined
      if (absent !== undefined) return () => `${missing(absent, place)}, since '${name}' is there`
    }
    const keys = this.#keysOf(object)
    const { minProperties = 0, maxProperties = keys.length } = schema
    if (keys.length < minProperties)
      return () => `${field(place)} must have at least ${minProperties} keys, has ${keys.length}`
    if (keys.length > maxProperties)
      return () => `${field(place)} must have at most ${maxProperties} keys, has ${keys.length}`
    if (!(schema.properties ?? schema.patternProperties ?? schema.additionalProperties ?? schema.propertyNames))
      return undefined
    for (const key of keys) {
      const misfit = this.#fitMember(schema, key, object[key] ?? null, where)
      if (misfit) return misfit
    }
    return undefined
  }

  #fitMember(schema: Schema, key: string, value: JsonValue, { place, seen }: Where): Misfit | undefined {
    this.#spend(1)
    const where = { place: { around: place, key }, seen: undefined }
    const { properties, patternProperties = [], additionalProperties, propertyNames } = schema
    const named = propertyNames && this.fit(propertyNames, key, where)
    if (named) return () => `the key of ${field(where.place)} is not allowed: ${named()}`
    const own = properties?.get(key)
    const rules = own ? [own] : []
    for (const { pattern, schema: rule } of patternProperties) if (pattern.test(key, this.#spend)) rules.push(rule)
    if (rules.length === 0 && additionalProperties) rules.push(additionalProperties)
    for (const rule of rules) {
      const misfit = this.fit(rule, value, where)
      if (misfit) return misfit
    }
    if (rules.length > 0) seen?.keys.add(key)
    return undefined
  }

  /** Schemas for the same value. */
  #fitParts(schema: Schema, value: JsonValue, where: Where): Misfit | undefined {
    const { ref, allOf = [], anyOf, oneOf, not, dependentSchemas = [] } = schema
    for (const part of ref ? [ref, ...allOf] : allOf) {
      const misfit = this.fit(part, value, where)
      if (misfit) return misfit
    }
    for (const [name, part] of isObject(value) ? dependentSchemas : []) {
      this.#spend(1)
      const misfit = Object.hasOwn(value as object, name) ? this.fit(part, value, where) : undefined
      if (misfit) return misfit
    }
    return (
      (anyOf && this.#fitSome(anyOf, value, where)) ??
      (oneOf && this.#fitOne(oneOf, value, where)) ??
      (not && !this.fit(not, value, { ...where, seen: undefined })
        ? () => `${field(where.place)} has a form that is ruled out`
        : undefined) ??
      this.#fitCondition(schema, value, where)
    )
  }

  #fitSome(parts: readonly Schema[], value: JsonValue, where: Where): Misfit | undefined {
    let first: Misfit | undefined
    let some = false
    for (const part of parts) {
      const misfit = this.#tryPart(part, value, where)
      first ??= misfit
      some ||= !misfit
      // Others may still have seen more.
      if (some && !where.seen) return undefined
    }
    return some
      ? undefined
      : () => `${field(where.place)} has none of ${parts.length} possible forms; not the first: ${first?.()}`
  }

  #fitOne(parts: readonly Schema[], value: JsonValue, where: Where): Misfit | undefined {
    const misfits = parts.map((part) => this.#tryPart(part, value, where))
    const count = misfits.filter((misfit) => !misfit).length
    if (count === 1) return undefined
    if (count > 1) return () => `${field(where.place)} has ${count} of ${parts.length} forms of which it must have one`
    return () => `${field(where.place)} has none of ${parts.length} possible forms; not the first: ${misfits[0]?.()}`
  }

  #fitCondition({ condition, whenMet, whenNotMet }: Schema, value: JsonValue, where: Where): Misfit | undefined {
    if (!condition) return undefined
    const then = this.#tryPart(condition, value, where) ? whenNotMet : whenMet
    return then && this.fit(then, value, where)
  }

  /** What a part has seen counts only if it fits. */
  #tryPart(part: Schema, value: JsonValue, { place, seen }: Where): Misfit | undefined {
    const inner = seen && nothingSeen()
    const misfit = this.fit(part, value, { place, seen: inner })
    if (!misfit && inner) this.#add(seen, inner)
    return misfit
  }

  /** `unevaluatedItems` and `unevaluatedProperties`: of what no other rule has seen. */
  #fitRest(schema: Schema, value: JsonValue, seen: Seen, place: Place): Misfit | undefined {
    const { unevaluatedItems, unevaluatedProperties } = schema
    for (const [index, item] of unevaluatedItems && Array.isArray(value) ? value.entries() : []) {
      this.#spend(1)
      if (!unevaluatedItems || seen.items.has(index)) continue
      const misfit = this.fit(unevaluatedItems, item, { place: { around: place, key: index }, seen: undefined })
      if (misfit) return misfit
      seen.items.add(index)
    }
    for (const key of unevaluatedProperties && isObject(value) ? this.#keysOf(value) : []) {
      this.#spend(1)
      if (!unevaluatedProperties || seen.keys.has(key)) continue
      const misfit = this.fit(unevaluatedProperties, (value as JsonObject)[key] ?? null, {
        place: { around: place, key },
        seen: undefined,
      })
      if (misfit) return misfit
      seen.keys.add(key)
    }
    return undefined
  }

  #keysOf(object: JsonObject): readonly string[] {
    const known = this.#keys.get(object)
    if (known) return known
    const keys = Object.keys(object)
    this.#keys.set(object, keys)
    return keys
  }

  #add(seen: Seen | undefined, more: Seen): void {
    if (!seen) return
    this.#spend(more.keys.size + more.items.size)
    for (const key of more.keys) seen.keys.add(key)
    for (const index of more.items) seen.items.add(index)
  }
}

function missing(name: string, place: Place): string {
  return `required field '${pathOf({ around: place, key: name })}' is missing`
}

function fitType({ types }: Schema, value: JsonValue, place: Place): Misfit | undefined {
  if (!types) return undefined
  const type = typeOf(value)
  if (types.some((one) => one === type || (one === 'integer' && isInteger(value)))) return undefined
  return () =>
    `${field(place)} must be ${types.map(typePhrase).join(' or ')}, got ${type === 'number' && types.includes('integer') ? shown(value) : typePhrase(type)}`
}

function isInteger(value: JsonValue): boolean {
  return typeof value === 'bigint' || Number.isInteger(value)
}

function fitNumber(schema: Schema, value: number | bigint, place: Place): Misfit | undefined {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema
  const must = (rule: string, bound: number | bigint) => () => `${field(place)} must be ${rule} ${bound}, got ${value}`
  if (minimum !== undefined && value < minimum) return must('at least', minimum)
  if (maximum !== undefined && value > maximum) return must('at most', maximum)
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) return must('greater than', exclusiveMinimum)
  if (exclusiveMaximum !== undefined && value >= exclusiveMaximum) return must('less than', exclusiveMaximum)
  if (multipleOf !== undefined && !isMultiple(value, multipleOf)) return must('a multiple of', multipleOf)
  return undefined
}

/** Exact for the decimal numbers that are written, which doubles are not: 0.3 is a multiple of 0.1. */
function isMultiple(value: number | bigint, of: number | bigint): boolean {
  const [one, other] = [decimalOf(value), decimalOf(of)]
  if (!one || !other) return false
  const power = Math.min(one.power, other.power)
  const whole = ({ digits, power: own }: Decimal) => digits * 10n ** BigInt(own - power)
  return whole(one) % whole(other) === 0n
}

interface Decimal {
  digits: bigint
  power: number
}

function decimalOf(value: number | bigint): Decimal | undefined {
  if (typeof value === 'bigint') return { digits: value, power: 0 }
  if (!Number.isFinite(value)) return undefined
  const [mantissa = '', exponent = '0'] = String(value).split('e')
  const [integer = '', fraction = ''] = mantissa.split('.')
  return { digits: BigInt(integer + fraction), power: Number(exponent) - fraction.length }
}

/** Code points, as the standard counts. */
function charactersOf(text: string): number {
  let count = 0
  for (let at = 0; at < text.length; at++) {
    if ((text.codePointAt(at) ?? 0) > 0xffff) at++
    count++
  }
  return count
}
