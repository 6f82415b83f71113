import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  decodeBase64,
  encodeBase64,
  readEnvelope,
  readRefusal,
  readReply,
  writeRefusal,
  writeReply,
  writeRequest,
} from './envelope.js'
import { compileDecoder } from './json/decode.js'
import { operations } from './operations.js'

/** Envelopes and how the original answered them. */
const malformed: { name: string; body: string; status: number }[] = JSON.parse(
  readFileSync(new URL('../vectors/malformed.json', import.meta.url), 'utf8'),
)

test('envelopes that the original refused for their form are refused, the others are read', () => {
  const inputs = new Map(Object.values(operations).map(({ payloadtype, input }) => [payloadtype, input]))
  for (const { name, body, status } of malformed) {
    // A spec or executor that is null is a zero value here; the operation then refuses what is empty in it.
    if (name === 'null where an object is expected' || name === 'executor null') continue
    const read = () => {
      const { payloadtype, payload } = readEnvelope(body)
      const input = inputs.get(payloadtype)
      if (input) compileDecoder(input, { json: 'text' })(decodeBase64(payload))
    }
    if (status === 400) assert.throws(read, { code: 'bad_request' }, name)
    else read()
  }
})

test('the kind of problem is named', () => {
  for (const [body, sentence] of [
    ['', 'The envelope is invalid JSON: unexpected end of the text, expected a value at position 0'],
    ['hello', 'The envelope is invalid JSON: unexpected "h", expected a value at position 0'],
    ['null', 'The envelope must be an object, got null'],
    ['[]', 'The envelope must be an object, got a list'],
    ['{"payload":{}}', 'payload must be a string, got an object'],
    [
      '{"payload":""}{}',
      'The envelope is invalid JSON: unexpected "{", expected nothing after the value at position 14',
    ],
  ] as const) {
    assert.throws(() => readEnvelope(body), { code: 'bad_request', message: sentence })
  }
})

test('an envelope in other case, with more fields and without some', () => {
  assert.deepEqual(readEnvelope('{"PayloadType":"a","PAYLOAD":"b","extra":[1],"signature":null}'), {
    payloadtype: 'a',
    payload: 'b',
    signature: '',
  })
})

test('what is written is read again', () => {
  const payload = encodeBase64('{"a":"å😀"}')
  assert.deepEqual(readEnvelope(writeRequest('x"msg', payload, 'ab')), {
    payloadtype: 'x"msg',
    payload,
    signature: 'ab',
  })
  assert.equal(writeReply('xmsg', payload), `{"payloadtype":"xmsg","payload":"${payload}","error":false}`)
  assert.deepEqual(readReply(writeReply('xmsg', payload)), { payloadtype: 'xmsg', payload, error: false })
  const refusal = readReply(writeRefusal(404, 'There is no "å"'))
  assert.deepEqual(Object.keys(JSON.parse(writeRefusal(404, ''))), ['payloadtype', 'payload', 'error'])
  assert.deepEqual([refusal.payloadtype, refusal.error], ['error', true])
  assert.deepEqual(readRefusal(decodeBase64(refusal.payload)), { status: 404, message: 'There is no "å"', code: '' })
})

test('base64 is the same as that of Node, of any length', () => {
  for (const text of ['', 'a', 'ab', 'abc', 'å😀\0', '\ufeffx', 'x'.repeat(100_000)]) {
    const base64 = Buffer.from(text).toString('base64')
    assert.equal(encodeBase64(text), base64)
    assert.equal(decodeBase64(base64), text)
  }
})

test('base64 may have line ends inside and anything behind its padding', () => {
  for (const [base64, text] of [
    ['e3\r\n0=\n', '{}'],
    ['e30=%%garbage', '{}'],
    ['eyJhIjoxfQ==e30=', '{"a":1}'],
    ['/w==', '\ufffd'],
  ] as const) {
    assert.equal(decodeBase64(base64), text)
  }
  for (const base64 of ['%%%', 'e30', 'e30 ', 'e 30=', '=', 'e===', 'e3=', 'e30K=', 'e3-_', 'e30Kå', 'e3=0']) {
    assert.throws(() => decodeBase64(base64), { code: 'bad_request', message: /^payload must be standard base64/ })
  }
})
