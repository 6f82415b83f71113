import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../limits.js'
import type { JsonValue } from '../schema.js'
import { encodeJson, parseJson } from './value.js'

test('integers outside of ±2^53 are bigints, both ways', () => {
  const text = '[9007199254740991,9007199254740992,-9007199254740993,12345678901234567890123,1.5,0]'
  const value = [9007199254740991, 9007199254740992n, -9007199254740993n, 12345678901234567890123n, 1.5, 0]
  assert.deepEqual(parseJson(text), value)
  assert.equal(encodeJson(value), text)
})

test('an integer of a million digits does not stop the program', () => {
  assert.equal(parseJson('9'.repeat(1_000_000)), Number.POSITIVE_INFINITY)
})

test('a key __proto__ is a key and touches no prototype', () => {
  const value = parseJson('{"__proto__":{"admin":true},"constructor":1}') as Record<string, JsonValue>
  assert.deepEqual(Object.keys(value), ['__proto__', 'constructor'])
  assert.equal(value.admin, undefined)
  assert.equal(Object.getPrototypeOf(value), Object.prototype)
  assert.equal(encodeJson(value), '{"__proto__":{"admin":true},"constructor":1}')
})

test('the last of repeated keys wins', () => {
  assert.deepEqual(parseJson('{"a":1,"b":2,"a":3}'), { a: 3, b: 2 })
})

test('what JSON cannot carry is refused with its place', () => {
  const cyclic: { self?: unknown } = {}
  cyclic.self = cyclic
  for (const [value, sentence] of [
    [undefined, /^The value is undefined, which JSON cannot carry/],
    [{ a: [1, { b: undefined }] }, /^a\[1\]\.b is undefined/],
    [[() => 1], /^\[0\] is function/],
    [Symbol('s'), /is symbol/],
    [{ 'odd key': Number.NaN }, /^\["odd key"\] is NaN/],
    [[Number.POSITIVE_INFINITY], /is Infinity/],
    [{ at: new Date(0) }, /^at is a Date/],
    [new Map(), /is a Map/],
    [new Uint8Array(2), /is a Uint8Array/],
    [cyclic, /nests deeper than 200 levels or contains itself/],
  ] as const) {
    assert.throws(() => encodeJson(value as unknown as JsonValue), { name: 'TypeError', message: sentence })
  }
})

test('both directions have the same bound of depth', () => {
  const text = '['.repeat(limits.jsonDepthMax) + ']'.repeat(limits.jsonDepthMax)
  assert.equal(encodeJson(parseJson(text)), text)
  assert.throws(() => parseJson(`[${text}]`), /nested deeper/)
  assert.throws(() => parseJson('['.repeat(100_000)), /nested deeper/)
})
