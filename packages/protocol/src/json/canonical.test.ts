import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalJson } from './canonical.js'
import { JsonError } from './scan.js'

const same: [string, string][] = [
  ['{"a":1,"b":2}', ' { "b" : 2 , "a" : 1 } '],
  ['{"a":1}', '{"a":2,"a":1}'],
  ['1', '1.0'],
  ['1', '10e-1'],
  ['100', '1E+2'],
  ['0', '-0.000e7'],
  ['0.5', '5e-1'],
  ['12345678901234567890', '1234567890123456789e1'],
  ['"\\u0061"', '"a"'],
  ['{"__proto__":1,"a":[]}', '{"a":[],"__proto__":1}'],
]
const different: [string, string][] = [
  ['12345678901234567', '12345678901234568'],
  ['0.1', '0.10000000000000000001'],
  ['1', '-1'],
  ['1', '"1"'],
  ['1', '10'],
  ['1e999999999999999999999', '1e999999999999999999998'],
  ['[1,2]', '[2,1]'],
  ['{}', '[]'],
  ['null', 'false'],
]

test('texts of one value become one text', () => {
  for (const [one, other] of same) assert.equal(canonicalJson(one), canonicalJson(other), `${one} ${other}`)
  for (const [one, other] of different) assert.notEqual(canonicalJson(one), canonicalJson(other), `${one} ${other}`)
})

test('the canonical text has the value of its source, and is its own canonical text', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const canonical = canonicalJson(text)
      assert.deepEqual(
        JSON.parse(canonical),
        JSON.parse(text, (_, value) => (Object.is(value, -0) ? 0 : value)),
      )
      assert.equal(canonicalJson(canonical), canonical)
    }),
  )
})

test('what nests too deep, or is no JSON, is refused', () => {
  assert.throws(() => canonicalJson('['.repeat(100_000)), JsonError)
  assert.throws(() => canonicalJson('{"a":}'), JsonError)
})

test('a number of a megabyte takes no more than its length', () => {
  const zeros = '0'.repeat(1_000_000)
  assert.equal(canonicalJson(`1${zeros}`), '1e1000000')
  assert.equal(canonicalJson(`0.${zeros}1`), '1e-1000001')
})
