import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ColoniesError } from '../errors.js'
import * as protocol from '../index.js'
import { submit } from '../processes.js'
import {
  Dict,
  Flag,
  Float,
  Int,
  Int32,
  Int64,
  List,
  ListOrNull,
  nullable,
  optional,
  Shape,
  Text,
  Time,
  UserList,
  UserObject,
} from '../schema.js'
import { compileDecoder } from './decode.js'
import { zeroTime } from './time.js'

const Everything = Shape({
  text: Text,
  flag: Flag,
  float: Float,
  int: Int,
  int32: Int32,
  int64: Int64,
  time: Time,
  list: optional(List(Text)),
  listOrNull: ListOrNull(Int),
  maybe: nullable(List(Text)),
  dict: Dict(Text),
  shape: optional(Shape({ inner: Text, deeper: Shape({ flag: Flag }) })),
  args: optional(UserList),
  kwargs: UserObject,
})
const decodeText = compileDecoder(Everything, { json: 'text' })
const decodeValue = compileDecoder(Everything, { json: 'value' })

const zero = {
  text: '',
  flag: false,
  float: 0,
  int: 0,
  int32: 0,
  int64: 0n,
  time: zeroTime,
  list: [],
  listOrNull: [],
  maybe: null,
  dict: {},
  shape: { inner: '', deeper: { flag: false } },
  args: '[]',
  kwargs: '{}',
}

test('missing and null are the zero value', () => {
  assert.deepEqual(decodeText('{}'), zero)
  const nulls = JSON.stringify(Object.fromEntries(Object.keys(zero).map((key) => [key, null])))
  assert.deepEqual(decodeText(nulls), zero)
  assert.deepEqual(decodeValue(nulls), { ...zero, args: [], kwargs: {} })
})

test('null inside of lists and dicts is the zero value of the item', () => {
  const { list, dict } = decodeText('{"list":["a",null],"dict":{"a":null}}')
  assert.deepEqual({ list, dict }, { list: ['a', ''], dict: { a: '' } })
})

test('an empty list stays an empty list where null stays null', () => {
  assert.deepEqual(decodeText('{"maybe":[]}').maybe, [])
})

test('zero values are new ones each time', () => {
  decodeText('{}').shape.deeper.flag = true
  decodeText('{}').list.push('x')
  assert.deepEqual(decodeText('{}'), zero)
})

test('keys match in any case, the last one wins, unknown ones are ignored', () => {
  assert.equal(decodeText('{"TEXT":"a","nope":[{"text":"b"}]}').text, 'a')
  assert.equal(decodeText('{"text":"a","Text":"b"}').text, 'b')
  assert.equal(decodeText('{"Text":"a","text":"b"}').text, 'b')
  assert.equal(decodeText('{"te\\u0078t":"a"}').text, 'a')
  assert.equal(decodeText('{"LISTORNULL":[1]}').listOrNull[0], 1)
  assert.equal(decodeText('{"\\u212awargs":{"a":1}}').kwargs, '{"a":1}', 'the Kelvin sign folds to k, as in Go')
  assert.equal(decodeText('{"arg\\u017f":[1]}').args, '[1]', 'the long s folds to s, as in Go')
})

test("the user's JSON keeps every byte as text, and exact numbers as values", () => {
  const args = '[ 1.0, 12345678901234567890, "\\u0000\\ud800<", {"b":1,"a":2,"b":3} ]'
  assert.equal(decodeText(`{"args": ${args} }`).args, args)
  assert.deepEqual(decodeValue(`{"args":${args}}`).args, [1, 12345678901234567890n, '\0\ufffd<', { b: 3, a: 2 }])
})

test('integers reach to their bounds', () => {
  const { int, int32, int64 } = decodeText('{"int":-9007199254740991,"int32":2147483647,"int64":-9223372036854775808}')
  assert.deepEqual([int, int32, int64], [-9007199254740991, 2147483647, -9223372036854775808n])
  assert.ok(Object.is(decodeText('{"int":-0}').int, 0))
})

test('times come in every RFC 3339 form and leave as UTC with microseconds', () => {
  for (const [given, expected] of [
    ['2026-11-21T00:10:56.623085Z', '2026-11-21T00:10:56.623085Z'],
    ['2026-11-21T01:10:56.623085+01:00', '2026-11-21T00:10:56.623085Z'],
    ['2026-12-31T23:59:59.1234567-00:30', '2027-01-01T00:29:59.123456Z'],
    ['0001-01-01T01:12:12+01:12', '0001-01-01T00:00:00Z'],
    ['0000-12-31T19:03:58-04:56', '0001-01-01T00:00:00Z'],
    ['2024-02-29T00:00:00.500Z', '2024-02-29T00:00:00.5Z'],
  ] as const) {
    assert.equal(decodeText(`{"time":"${given}"}`).time, expected)
  }
  for (const wrong of ['', '2026-11-21', '2026-02-30T00:00:00Z', '2026-11-21T24:00:00Z', '2026-11-21T00:00:00']) {
    assert.throws(() => decodeText(`{"time":"${wrong}"}`), {
      code: 'bad_request',
      message: /^time must be a time such as/,
    })
  }
})

test('a wrong type is refused with field, expectation and finding', () => {
  for (const [text, sentence] of [
    ['[]', 'The payload must be an object, got a list'],
    ['null', 'The payload must be an object, got null'],
    ['"x"', 'The payload must be an object, got a string'],
    ['{"text":1}', 'text must be a string, got a number'],
    ['{"Text":{}}', 'text must be a string, got an object'],
    ['{"flag":"true"}', 'flag must be true or false, got a string'],
    ['{"float":"1"}', 'float must be a number, got a string: write it without quotes'],
    ['{"float":1e999}', 'float must be a number within the range of 64-bit floats'],
    ['{"int":1.0}', 'int must be an integer, got 1.0: write it without fraction and exponent'],
    ['{"int":1e0}', 'int must be an integer, got 1e0: write it without fraction and exponent'],
    ['{"int":true}', 'int must be an integer, got true'],
    [
      '{"int":9007199254740992}',
      'int must be an integer from -9007199254740991 to 9007199254740991, got 9007199254740992',
    ],
    ['{"int32":2147483648}', 'int32 must be an integer from -2147483648 to 2147483647, got 2147483648'],
    ['{"int64":9223372036854775808}', 'int64 must be an integer of 64 bits, got 9223372036854775808'],
    [`{"int64":${'9'.repeat(1000)}}`, `int64 must be an integer of 64 bits, got ${'9'.repeat(30)}...`],
    ['{"list":{}}', 'list must be a list, got an object'],
    ['{"list":["a",2]}', 'list[1] must be a string, got a number'],
    ['{"dict":[]}', 'dict must be an object, got a list'],
    ['{"dict":{"a b":1}}', 'dict["a b"] must be a string, got a number'],
    ['{"shape":{"deeper":{"flag":0}}}', 'shape.deeper.flag must be true or false, got a number'],
    ['{"args":{"a":1}}', 'args must be a list, got an object'],
    ['{"kwargs":"{}"}', 'kwargs must be an object, got a string'],
    ['{"text":"a\\u0000b"}', 'text contains a NUL character, which cannot be stored: remove it'],
    ['{"dict":{"\\u0000":"a"}}', 'dict["\\u0000"] contains a NUL character, which cannot be stored: remove it'],
    ['{"text":"a"', "The payload is invalid JSON: unexpected end of the text, expected ',' or '}' at position 11"],
    ['{"args":[1,]}', 'The payload is invalid JSON: unexpected "]", expected a value at position 11'],
    ['{"text":hello}', 'The payload is invalid JSON: unexpected "h", expected a value at position 8'],
    ['{} x', 'The payload is invalid JSON: unexpected "x", expected nothing after the value at position 3'],
    ['{"nope":nul}', 'The payload is invalid JSON: unexpected "n", expected null at position 8'],
  ] as const) {
    assert.throws(
      () => decodeText(text),
      (error) => {
        assert.ok(error instanceof ColoniesError && error.code === 'bad_request')
        assert.equal(error.message, sentence)
        return true
      },
    )
  }
})

test('a client reads NUL in replies', () => {
  assert.equal(decodeValue('{"text":"\\u0000"}').text, '\0')
})

test('a path names the item of a list, and long keys are cut', () => {
  const decode = compileDecoder(Shape({ items: List(Shape({ spec: Shape({ count: Int32 }) })) }), { json: 'text' })
  assert.throws(() => decode('{"items":[{},{"spec":{"count":[]}}]}'), { message: /^items\[1\]\.spec\.count must be/ })
  assert.throws(
    () => decodeText(`{"dict":{"${'k'.repeat(1e6)}":1}}`),
    ({ message }) => message.length < 150,
  )
})

test('keys such as __proto__ do nothing but be keys', () => {
  const { dict } = decodeText('{"__proto__":{"text":"x"},"constructor":{},"dict":{"__proto__":"p","toString":"t"}}')
  assert.deepEqual(Object.entries(dict), [
    ['__proto__', 'p'],
    ['toString', 't'],
  ])
  assert.equal(Object.getPrototypeOf(dict), Object.prototype)
  assert.equal(decodeText('{"dict":{"__proto__":null}}').dict.polluted, undefined)
  assert.equal(({} as { text?: string }).text, undefined)
})

test('deep nesting is refused wherever it stands, without a stack overflow', () => {
  const deep = '['.repeat(100_000)
  for (const text of [deep, `{"args":${deep}`, `{"unknown":${deep}`, `{"text":${deep}`, `{"list":${deep}`]) {
    assert.throws(() => decodeText(text), { code: 'bad_request' })
    assert.throws(() => decodeValue(text), { code: 'bad_request' })
  }
})

test('a list at the top may be null', () => {
  assert.deepEqual(compileDecoder(ListOrNull(Text), { json: 'value' })('null'), [])
})

test('a schema that is not made of the building blocks is refused when the decoder is made', () => {
  assert.throws(() => compileDecoder(Shape({ a: { type: 'null' } }), { json: 'text' }), TypeError)
  assert.throws(() => compileDecoder(Shape({ name: Text, Name: Text }), { json: 'text' }), TypeError)
})

test('a spec of a null is a complete one', () => {
  const decode = compileDecoder(submit.input, { json: 'text' })
  assert.deepEqual(decode('{"spec":null}'), decode('{}'))
  assert.equal(decode('{}').spec.conditions.gpu.count, 0)
  assert.equal(decode('{}').spec.conditions.executornames, null)
})

test('every contract has codecs', () => {
  for (const { input, output } of Object.values(protocol.operations)) {
    compileDecoder(input, { json: 'text' })('{}')
    protocol.compileEncoder(output, { json: 'text' })
    compileDecoder(output, { json: 'value' })
    protocol.compileEncoder(input, { json: 'value' })
  }
})
