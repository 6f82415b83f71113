import assert from 'node:assert/strict'
import { test } from 'node:test'
import { numberOption } from './number-option.js'

test('an option that is no number, or too small, is refused with a sentence', () => {
  assert.equal(numberOption('minutes', '0.5', { least: 0.01, parts: true }), 0.5)
  assert.equal(numberOption('seeds', '1000', { least: 1 }), 1_000)
  assert.equal(numberOption('seeds', undefined, { least: 1 }), undefined)
  for (const text of ['abc', '', '1O0', 'Infinity', '0', '-1', '1.5'])
    assert.throws(() => numberOption('seeds', text, { least: 1 }), {
      message: `--seeds is a whole number from 1 on, not "${text}"`,
    })
})
