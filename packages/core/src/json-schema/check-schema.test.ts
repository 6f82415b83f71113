import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeJson, type JsonValue, limits, parseJson } from '@colonies/protocol'
import { findMisfit } from './check-schema.js'
import { SchemaError } from './keyword-values.js'
import { readSchema } from './read-schema.js'

const check = (schema: JsonValue, value: JsonValue) => findMisfit(readSchema(encodeJson(schema)), value)

/** The most that one check may take; ordinary ones take less than one. */
const msMax = 2000

function quickly<Result>(run: () => Result): Result {
  const before = process.cpuUsage()
  const result = run()
  // Of the processor, since other tests run beside this one.
  const { user, system } = process.cpuUsage(before)
  const ms = (user + system) / 1000
  assert.ok(ms < msMax, `took ${Math.round(ms)} ms`)
  return result
}

test('what is wrong is told with its place, what was wanted and what is there', () => {
  const property = (schema: JsonValue) => ({ properties: { a: schema } })
  const sentences: [JsonValue, JsonValue, string][] = [
    [{ required: ['a'] }, {}, "required field 'a' is missing"],
    [property({ required: ['b'] }), { a: {} }, "required field 'a.b' is missing"],
    [property({ type: 'string' }), { a: 1 }, "field 'a' must be a string, got a number"],
    [property({ type: 'number' }), { a: null }, "field 'a' must be a number, got null"],
    [property({ type: 'boolean' }), { a: [] }, "field 'a' must be a boolean, got an array"],
    [property({ type: 'object' }), { a: 'x' }, "field 'a' must be an object, got a string"],
    [property({ type: 'array' }), { a: {} }, "field 'a' must be an array, got an object"],
    [property({ type: 'integer' }), { a: 1.5 }, "field 'a' must be an integer, got 1.5"],
    [property({ type: ['string', 'null'] }), { a: true }, "field 'a' must be a string or null, got a boolean"],
    [property({ enum: ['a', 'b', 'c'] }), { a: 'v' }, "field 'a' must be one of [a b c], got v"],
    [property({ const: 1 }), { a: 2 }, "field 'a' must be 1, got 2"],
    [property({ items: { type: 'string' } }), { a: ['x', 1] }, "field 'a[1]' must be a string, got a number"],
    [
      property({ items: property({ type: 'string' }) }),
      { a: [{ a: 1 }] },
      "field 'a[0].a' must be a string, got a number",
    ],
    [property({ minimum: 1 }), { a: 0 }, "field 'a' must be at least 1, got 0"],
    [property({ maxLength: 2 }), { a: 'abc' }, "field 'a' must have at most 2 characters, has 3"],
    [property({ pattern: '^a' }), { a: 'b' }, "field 'a' must match the pattern ^a, got b"],
    [property({ uniqueItems: true }), { a: [1, 2, 1.0] }, "field 'a[2]' must not be there twice"],
    [{ additionalProperties: false }, { a: 1 }, "field 'a' is not allowed"],
    [
      { propertyNames: { maxLength: 1 } },
      { ab: 1 },
      "the key of field 'ab' is not allowed: field 'ab' must have at most 1 characters, has 2",
    ],
    [{ minProperties: 1 }, {}, 'the spec must have at least 1 keys, has 0'],
    [
      property({ anyOf: [{ type: 'string' }, { type: 'null' }] }),
      { a: 1 },
      "field 'a' has none of 2 possible forms; not the first: field 'a' must be a string, got a number",
    ],
    [property({ not: { type: 'string' } }), { a: 'x' }, "field 'a' has a form that is ruled out"],
  ]
  for (const [schema, value, sentence] of sentences) assert.equal(check(schema, value), sentence)
})

test('of several things that are wrong, the same is told each time', () => {
  const schema = { properties: { a: { type: 'string' }, b: { type: 'string' } }, required: ['c'] }
  assert.equal(check(schema, { b: 1, a: 1, c: 0 }), "field 'b' must be a string, got a number")
  assert.equal(check(schema, { a: 1, b: 1 }), "required field 'c' is missing")
})

test('numbers beyond doubles are compared exactly', () => {
  const schema = readSchema('{"properties":{"n":{"type":"integer","maximum":12345678901234567890}}}')
  assert.equal(findMisfit(schema, parseJson('{"n":12345678901234567890}')), undefined)
  assert.match(findMisfit(schema, parseJson('{"n":12345678901234567891}')) ?? '', /at most 12345678901234567890/)
  assert.equal(check({ multipleOf: 0.01 }, 4.02), undefined)
  assert.equal(findMisfit(readSchema('{"multipleOf":0.5}'), parseJson('1e400')) !== undefined, true)
})

test('a schema that is none is refused with the place of the mistake', () => {
  const mistakes: [JsonValue, RegExp][] = [
    ['x', /^# must be a schema/],
    [{ type: 'strnig' }, /^#\/type must be one of string/],
    [{ properties: { a: { required: true } } }, /^#\/properties\/a\/required must be a list/],
    [{ properties: [] }, /^#\/properties must be an object/],
    [{ items: { minimum: '1' } }, /^#\/items\/minimum must be a number/],
    [{ anyOf: [] }, /^#\/anyOf must not be empty/],
    [{ pattern: '(' }, /^#\/pattern is a pattern that/],
    [{ multipleOf: 0 }, /greater than 0/],
    [{ minLength: -1 }, /whole number from 0/],
    [{ $ref: 'https://example.com/schema' }, /is not in this schema/],
    [{ $ref: '#/$defs/none' }, /is not in this schema/],
    [{ $defs: { a: { type: 1 } } }, /^#\/\$defs\/a\/type must be a list/],
  ]
  for (const [schema, sentence] of mistakes)
    assert.throws(
      () => readSchema(encodeJson(schema)),
      (error) => error instanceof SchemaError && sentence.test(error.message),
      encodeJson(schema),
    )
})

test('keys that objects inherit are ordinary keys', () => {
  const text = '{"properties":{"__proto__":{"type":"string"},"constructor":{"type":"string"}},"required":["toString"]}'
  const schema = readSchema(text)
  assert.equal(findMisfit(schema, parseJson('{}')), "required field 'toString' is missing")
  const withProto = parseJson('{"toString":1,"__proto__":5}')
  assert.equal(findMisfit(schema, withProto), "field '__proto__' must be a string, got a number")
  assert.equal(findMisfit(schema, parseJson('{"toString":1}')), undefined)
  assert.throws(() => readSchema('{"$ref":"#/__proto__"}'), SchemaError)
  assert.equal(check({ hasOwnProperty: 1, toString: 2, valueOf: { type: 'nothing' } } as never, 1), undefined)
  assert.equal(({} as { polluted?: unknown }).polluted, undefined)
})

test('schemas that lead to themselves without end are refused, and those that follow the value are not', () => {
  assert.match(check({ $ref: '#' }, {}) ?? '', /leads deeper than 500 rules/)
  assert.match(
    check(
      { allOf: [{ $ref: '#/$defs/a' }], $defs: { a: { anyOf: [{ $ref: '#/$defs/b' }] }, b: { $ref: '#/$defs/a' } } },
      1,
    ) ?? '',
    /leads deeper/,
  )
  const chain: { [key: string]: JsonValue } = {}
  for (let n = 0; n < 8000; n++) chain[`a${n}`] = { $ref: `#/$defs/a${n + 1}` }
  chain.a8000 = true
  assert.match(quickly(() => check({ $ref: '#/$defs/a0', $defs: chain }, 1)) ?? '', /leads deeper/)
  const tree = { properties: { next: { $ref: '#' } }, required: ['value'] }
  let value: JsonValue = { value: 0 }
  for (let n = 1; n < limits.jsonDepthMax - 1; n++) value = { value: n, next: value }
  assert.equal(check(tree, value), undefined)
})

test('schemas that multiply their work are refused after so many steps', () => {
  const laughs: { [key: string]: JsonValue } = { a0: { type: 'object' } }
  for (let n = 1; n <= 40; n++)
    laughs[`a${n}`] = { allOf: [{ $ref: `#/$defs/a${n - 1}` }, { $ref: `#/$defs/a${n - 1}` }] }
  const never: JsonValue = { anyOf: Array.from({ length: 100 }, () => ({ $ref: '#/$defs/b' })) }
  const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`k${n}`, n]))
  const attacks: [JsonValue, JsonValue][] = [
    [{ $ref: '#/$defs/a40', $defs: laughs }, {}],
    [
      { ...never, $defs: { b: { anyOf: Array.from({ length: 1000 }, () => ({ items: { type: 'string' } })) } } },
      Array.from({ length: 1000 }, () => 1),
    ],
    [{ patternProperties: Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`^(a|b|${n})*$`, true])) }, many],
    [
      { allOf: Array.from({ length: 500 }, () => ({ uniqueItems: true })) },
      Array.from({ length: 5000 }, (_, n) => `x${n}`),
    ],
    [{ allOf: Array.from({ length: 1000 }, () => ({ enum: [1], not: {} })) }, 'y'.repeat(1_000_000)],
    [{ allOf: Array.from({ length: 1000 }, () => ({ minLength: 1 })) }, 'y'.repeat(1_000_000)],
    [{ pattern: '^(([a-z])+.)+[A-Z]([a-z])+$' }, 'a'.repeat(1_000_000)],
    [{ items: { allOf: Array.from({ length: 80 }, () => ({ multipleOf: 5e-324 })) } }, Array(20_000).fill(1e308)],
    [{ pattern: '(\\p{L}?){500}!' }, 'ä'.repeat(1_000_000)],
    [
      {
        unevaluatedProperties: false,
        allOf: Array.from({ length: 500 }, () => ({
          properties: {},
          additionalProperties: true,
          unevaluatedProperties: true,
        })),
      },
      many,
    ],
  ]
  for (const [schema, value] of attacks) {
    const misfit = quickly(() => check(schema, value))
    assert.ok(misfit, encodeJson(schema).slice(0, 100))
  }
})

test('large schemas are read in time', () => {
  const deep = quickly(() =>
    readSchema(`${'{"not":'.repeat(limits.jsonDepthMax - 1)}{}${'}'.repeat(limits.jsonDepthMax - 1)}`),
  )
  assert.equal(findMisfit(deep, 1) === undefined, limits.jsonDepthMax % 2 === 1)
  const choices = Array.from({ length: 30_000 }, (_, n) => `v${n}`)
  assert.equal(
    quickly(() => check({ enum: choices }, 'v29999')),
    undefined,
  )
  assert.match(
    quickly(() => check({ enum: choices }, 'no')) ?? '',
    /^the spec must be one of \[v0 v1 .*\.\.\., got no$/,
  )
  const patterns = Object.fromEntries(Array.from({ length: 8000 }, (_, n) => [`a{1000}(b|${n}){4}`, true]))
  assert.throws(() => quickly(() => readSchema(encodeJson({ patternProperties: patterns }))), /too large/)
})
