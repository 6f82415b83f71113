import assert from 'node:assert/strict'
import { test } from 'node:test'
import { identityWith } from './identity.js'
import { javascript } from './javascript.js'
import { isId, newId } from './new-id.js'

test('ids are 64 lower-case hex digits and never the same, also within one millisecond', () => {
  const ids = new Set(Array.from({ length: 20_000 }, () => newId(1_700_000_000_000)))
  assert.equal(ids.size, 20_000)
  for (const id of ids) assert.ok(isId(id), id)
})

test('ids sort by the millisecond they were made in', () => {
  const times = [0, 1, 15, 16, 1_699_999_999_999, 1_700_000_000_000, 1_700_000_000_001.75, 2 ** 48 - 1]
  const ids = times.map((nowMs) => newId(nowMs))
  assert.deepEqual(ids.toSorted(), ids)
})

test('an id tells the time it was made at', () => {
  const before = Date.now()
  const made = Number.parseInt(newId().slice(0, 12), 16)
  assert.ok(made >= before && made <= Date.now())
})

test('only 64 lower-case hex digits are an id', () => {
  const id = newId()
  for (const text of ['', id.slice(1), `${id}0`, `${id}\n`, ` ${id.slice(1)}`, 'A'.repeat(64), 'g'.repeat(64)]) {
    assert.equal(isId(text), false, text)
  }
})

test('the id of an attribute is the hash of target, key and type', () => {
  const { attributeId, hashText } = identityWith(javascript)
  assert.equal(attributeId('ab', 'result', 1), hashText('abresult1'))
})
