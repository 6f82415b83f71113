import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ChannelEntry, channelAppend } from '../channels.js'
import { ColoniesError } from '../errors.js'
import { compileDecoder } from './decode.js'
import { compileEncoder } from './encode.js'

const onServer = compileDecoder(channelAppend.input, { json: 'text' })
const onClient = compileDecoder(ChannelEntry, { json: 'value' })

test('bytes come as base64 or as a list of values, and are base64 on the server', () => {
  const accepted: [payload: string, base64: string | null][] = [
    ['"aGVsbG8="', 'aGVsbG8='],
    ['"aGVs\\nbG8="', 'aGVsbG8='],
    ['""', ''],
    ['[104, 101,108,108,111]', 'aGVsbG8='],
    ['[ ]', ''],
    ['[0,null,255]', 'AAD/'],
    ['null', null],
  ]
  for (const [payload, base64] of accepted) assert.equal(onServer(`{"payload":${payload}}`).payload, base64, payload)
  assert.equal(onServer('{}').payload, null)
})

test('what are no bytes is refused', () => {
  const refused = [
    '"a"',
    '"aGVsbG8"',
    '"a b="',
    '"===="',
    '[256]',
    '[-1]',
    '[1.5]',
    '[1e1]',
    '[1000]',
    '["1"]',
    '7',
    '{}',
  ]
  for (const payload of [...refused, '[01]', '[1', '[,1]']) {
    assert.throws(
      () => onServer(`{"payload":${payload}}`),
      (error) => error instanceof ColoniesError && /payload|invalid JSON/.test(error.message),
      payload,
    )
  }
})

test('all bytes survive on both ways', () => {
  const toServer = compileEncoder(channelAppend.input, { json: 'value' })
  const toClient = compileEncoder(ChannelEntry, { json: 'text' })
  const rest = { sequence: 1n, inreplyto: 0n, timestamp: '2026-11-21T00:10:56Z', senderid: '', type: 'data', error: '' }
  fc.assert(
    fc.property(fc.option(fc.uint8Array({ maxLength: 100_000, size: 'max' })), (payload) => {
      const base64 = payload && Buffer.from(payload).toString('base64')
      const sent = onServer(toServer({ processid: '', name: '', payload }))
      assert.equal(sent.payload, base64)
      assert.equal(payload && onServer(`{"payload":[${payload.join()}]}`).payload, base64)
      assert.deepEqual(onClient(toClient({ ...rest, payload: sent.payload })).payload, payload)
    }),
    { numRuns: 30 },
  )
})

test('an entry is written as clients of the original expect it', () => {
  const write = compileEncoder(ChannelEntry, { json: 'text' })
  const entry = {
    sequence: 2n,
    inreplyto: 0n,
    timestamp: '2026-11-21T00:10:56Z',
    senderid: 'id',
    payload: null,
    error: '',
  }
  assert.equal(
    write({ ...entry, type: 'end' }),
    '{"sequence":2,"timestamp":"2026-11-21T00:10:56Z","senderid":"id","payload":null,"type":"end"}',
  )
  assert.match(write({ ...entry, inreplyto: 1n, type: 'data' }), /"sequence":2,"inreplyto":1,"timestamp"/)
})
