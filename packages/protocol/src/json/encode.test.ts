import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Process, submit } from '../processes.js'
import {
  type ClientSide,
  Dict,
  Flag,
  Float,
  Int,
  Int64,
  type JsonText,
  List,
  ListOrNull,
  nullable,
  omitEmpty,
  optional,
  type ServerSide,
  Shape,
  Text,
  Time,
  UserList,
  UserObject,
} from '../schema.js'
import { compileDecoder } from './decode.js'
import { compileEncoder } from './encode.js'

const Everything = Shape({
  text: Text,
  flag: Flag,
  float: Float,
  int: Int,
  int64: Int64,
  time: Time,
  list: List(Text),
  listOrNull: ListOrNull(Int),
  maybe: nullable(List(Text)),
  dict: Dict(Text),
  shape: Shape({ inner: optional(Text) }),
  args: UserList,
  kwargs: optional(UserObject),
})
type ServerEverything = ServerSide<typeof Everything>
const encodeText = compileEncoder(Everything, { json: 'text' })
const encodeValue = compileEncoder(Everything, { json: 'value' })

const full: ServerEverything = {
  kwargs: '{ "a": 1.0 }' as JsonText,
  args: '[ 12345678901234567890 ]' as JsonText,
  shape: { inner: '<&>\u2028' },
  dict: { b: 'x', a: 'y', ['__proto__']: 'z' },
  maybe: [],
  listOrNull: [],
  list: ['a', 'b"\\\n\ud800'],
  time: '2026-11-21T00:10:56Z',
  int64: 9223372036854775807n,
  int: -5,
  float: 1e21,
  flag: true,
  text: 'å😀',
}

test('keys come in the order of the schema, and the user gets the very text that came', () => {
  assert.equal(
    encodeText(full),
    '{"text":"å😀","flag":true,"float":1e+21,"int":-5,"int64":9223372036854775807,"time":"2026-11-21T00:10:56Z",' +
      '"list":["a","b\\"\\\\\\n\\ud800"],"listOrNull":null,"maybe":[],"dict":{"b":"x","a":"y","__proto__":"z"},' +
      '"shape":{"inner":"<&>\u2028"},"args":[ 12345678901234567890 ],"kwargs":{ "a": 1.0 }}',
  )
})

test('the server writes zero values for what is undefined or null', () => {
  assert.equal(
    encodeText({} as ServerEverything),
    '{"text":"","flag":false,"float":0,"int":0,"int64":0,"time":"0001-01-01T00:00:00Z","list":[],"listOrNull":null,' +
      '"maybe":null,"dict":{},"shape":{"inner":""},"args":[],"kwargs":{}}',
  )
  assert.equal(compileEncoder(ListOrNull(Text), { json: 'text' })([]), 'null')
})

test('what is marked so is left out while it is the zero value', () => {
  const Sparse = Shape({
    text: omitEmpty(Text),
    int: omitEmpty(Int),
    int64: omitEmpty(Int64),
    flag: omitEmpty(Flag),
    time: omitEmpty(Time),
    list: omitEmpty(List(Text)),
    dict: omitEmpty(Dict(Text)),
    shape: omitEmpty(Shape({ inner: Text })),
    args: omitEmpty(UserList),
  })
  const encode = compileEncoder(Sparse, { json: 'text' })
  assert.equal(encode(compileDecoder(Sparse, { json: 'text' })('{}')), '{}')
  assert.equal(encode({} as ServerSide<typeof Sparse>), '{}')
  const text = '{"text":"a","int":1,"shape":{"inner":"b"},"args":[0]}'
  assert.equal(encode(compileDecoder(Sparse, { json: 'text' })(text)), text)
})

test('a client leaves out optional fields, and is told of fields that it must give', () => {
  const encode = compileEncoder(submit.input, { json: 'value' })
  assert.equal(
    encode({ spec: { funcname: 'render', args: [1, 2n ** 64n, { a: null }], conditions: { colonyname: 'dev' } } }),
    '{"spec":{"funcname":"render","args":[1,18446744073709551616,{"a":null}],"conditions":{"colonyname":"dev"}}}',
  )
  assert.throws(() => encode({} as ClientSide<typeof submit.input>), { name: 'TypeError', message: 'spec is missing' })
})

test('a wrong type is the mistake of the calling program, and the field is named', () => {
  const good = { ...full, args: [], kwargs: {} }
  for (const [wrong, sentence] of [
    [{ text: 5 }, 'text must be a string, got 5'],
    [{ flag: 'true' }, 'flag must be true or false, got string'],
    [{ float: Number.NaN }, 'float must be a finite number, got NaN'],
    [{ int: 1.5 }, 'int must be an integer; from 2^53 on, a bigint, got 1.5'],
    [{ int64: 2 ** 53 }, 'int64 must be an integer; from 2^53 on, a bigint, got 9007199254740992'],
    [{ list: 'abc' }, 'list must be a list, got string'],
    [{ list: ['a', 1] }, 'list[1] must be a string, got 1'],
    [{ dict: [] }, 'dict must be an object, got a list'],
    [{ dict: { a: 1 } }, 'dict.a must be a string, got 1'],
    [{ shape: { inner: {} } }, 'shape.inner must be a string, got object'],
    [{ args: {} }, 'args must be a list, got object'],
    [{ args: [undefined] }, 'args[0] is undefined, which JSON cannot carry: leave it out or use null'],
    [{ kwargs: { a: new Date(0) } }, 'kwargs.a is a Date, which JSON cannot carry: make it text or a list first'],
  ] as const) {
    assert.throws(() => encodeValue({ ...good, ...(wrong as object) }), { name: 'TypeError', message: sentence })
  }
})

test('a field that may be left out is named, too', () => {
  const encode = compileEncoder(Shape({ metadata: Shape({ labels: omitEmpty(Dict(Text)) }) }), { json: 'value' })
  const wrong = { metadata: { labels: ['x'] } } as never
  assert.throws(() => encode(wrong), { message: 'metadata.labels must be an object, got a list' })
})

test('a process survives both directions', () => {
  const text = compileEncoder(Process, { json: 'text' })({} as ServerSide<typeof Process>)
  const process = compileDecoder(Process, { json: 'text' })(text)
  assert.equal(compileEncoder(Process, { json: 'text' })(process), text)
  assert.equal(JSON.parse(text).spec.conditions.executornames, null)
  assert.equal('channels' in JSON.parse(text).spec, false)
  assert.equal('attempt' in JSON.parse(text), false)
})
