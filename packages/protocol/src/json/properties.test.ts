import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ColoniesError } from '../errors.js'
import { type FunctionSpecWire, submit } from '../processes.js'
import { compileDecoder } from './decode.js'
import { compileEncoder } from './encode.js'
import { JsonError } from './scan.js'
import { encodeJson, parseJson } from './value.js'

const decode = compileDecoder(submit.input, { json: 'text' })
const decodeValues = compileDecoder(submit.input, { json: 'value' })
const encode = compileEncoder(submit.input, { json: 'text' })
const encodeValues = compileEncoder(submit.input, { json: 'value' })

const json = fc.json({ maxDepth: 4, noUnicodeString: false })
const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0'))
const int32 = fc.integer()
const spec = fc.record(
  {
    funcname: text,
    args: fc.array(fc.jsonValue({ maxDepth: 2 })),
    kwargs: fc.dictionary(text, fc.jsonValue({ maxDepth: 2 })),
    priority: int32,
    maxretries: int32,
    conditions: fc.record(
      {
        colonyname: text,
        executornames: fc.option(fc.array(text)),
        nodes: int32,
        walltime: fc.maxSafeInteger(),
        gpu: fc.record({ name: text, count: int32 }, { requiredKeys: [] }),
      },
      { requiredKeys: [] },
    ),
    env: fc.dictionary(text, text),
    channels: fc.array(text),
  },
  { requiredKeys: [] },
)
const payload = fc.record({ spec, requestid: text }).map((value) => JSON.stringify(value))

/** Runs a reader on what may be broken: it may refuse, but only in the two ways that it promises. */
function tryReading(read: (text: string) => unknown, given: string): void {
  try {
    read(given)
  } catch (error) {
    assert.ok(error instanceof ColoniesError ? error.code === 'bad_request' : error instanceof JsonError, String(error))
  }
}

test("the user's JSON survives byte for byte", () => {
  fc.assert(
    fc.property(json, fc.constantFrom('', ' ', '\n\t'), (value, blanks) => {
      const args = `[${blanks}${value}${blanks},1.0]`
      assert.equal(decode(`{"spec":{"args":${blanks}${args}${blanks}}}`).spec.args, args)
    }),
  )
})

test('values equal those of JSON.parse, apart from integers that it rounds', () => {
  fc.assert(
    fc.property(json, (value) => {
      assert.deepEqual(JSON.parse(encodeJson(parseJson(value))), JSON.parse(value))
      if (!/\d{16}/.test(value)) assert.deepEqual(parseJson(value), JSON.parse(value))
    }),
  )
})

test('integers of any size survive as values', () => {
  fc.assert(
    fc.property(fc.bigInt(), (value) => {
      assert.equal(BigInt(parseJson(String(value)) as number | bigint), value)
      assert.equal(encodeJson(parseJson(String(value))), String(value))
    }),
  )
})

test('what a decoder gives, the encoder turns into what decodes the same', () => {
  fc.assert(
    fc.property(payload, (given) => {
      assert.deepEqual(decode(encode(decode(given))), decode(given))
      assert.deepEqual(decodeValues(encodeValues(decodeValues(given))), decodeValues(given))
    }),
  )
})

test('keys in any case, and in any order, decode the same', () => {
  fc.assert(
    fc.property(payload, fc.infiniteStream(fc.boolean()), (given, upper) => {
      const changed = (key: string) =>
        [...key].map((letter) => (upper.next().value ? letter.toUpperCase() : letter)).join('')
      const { spec, ...rest } = JSON.parse(given) as { spec: FunctionSpecWire }
      const entries = Object.entries(spec)
        .reverse()
        .map(([key, value]) => [changed(key), value])
      const other = JSON.stringify({ ...rest, [changed('spec')]: Object.fromEntries(entries) })
      assert.deepEqual(decode(other), decode(given))
    }),
  )
})

test('the last of repeated keys decides', () => {
  fc.assert(
    fc.property(payload, payload, (first, second) => {
      const repeated = `${first.slice(0, -1)},${second.slice(1)}`
      assert.deepEqual(decode(repeated), decode(second))
    }),
  )
})

test('a text that is cut off is refused', () => {
  fc.assert(
    fc.property(payload, fc.nat(), (given, length) => {
      assert.throws(() => decode(given.slice(0, length % given.length)), { code: 'bad_request' })
    }),
  )
})

test('a text with anything in any place is read or refused, as JSON.parse reads or refuses it', () => {
  const splice = fc.record({ at: fc.nat(), remove: fc.nat(3), insert: fc.string({ unit: 'binary', maxLength: 3 }) })
  const syntax = fc.record({
    at: fc.nat(),
    remove: fc.nat(3),
    insert: fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0dn1e.-') }),
  })
  fc.assert(
    fc.property(payload, fc.array(fc.oneof(splice, syntax), { minLength: 1, maxLength: 3 }), (given, splices) => {
      let garbled = given
      for (const { at, remove, insert } of splices) {
        const place = at % (garbled.length + 1)
        garbled = garbled.slice(0, place) + insert + garbled.slice(place + remove)
      }
      tryReading(decode, garbled)
      tryReading(decodeValues, garbled)
      let expected: unknown
      try {
        expected = JSON.parse(garbled)
      } catch {
        assert.throws(() => parseJson(garbled), JsonError)
        assert.throws(() => decode(garbled), { code: 'bad_request' })
        return
      }
      tryReading(parseJson, garbled)
      assert.equal(typeof parseJson(garbled), typeof expected)
    }),
    { numRuns: 2000 },
  )
})

test('any text at all is read or refused', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (given) => {
      tryReading(decode, given)
      tryReading(parseJson, given)
    }),
  )
})
