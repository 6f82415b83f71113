import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonValue, Process } from '@colonies/protocol'
import { argumentsOf } from './arguments.js'
import { defineFunction } from './define-function.js'
import { FailProcess } from './fail-process.js'

const specs = [
  { name: 'n', type: 'integer', required: true },
  { name: 'unit', type: 'string', enum: ['m', 'km'] },
]

test('arguments come by position, then by name; nodes without any take the outputs of their parents', () => {
  assert.deepEqual(argumentsOf(processWith({ args: [1, 'km', 'more'] }), specs), [1, 'km', 'more'])
  assert.deepEqual(argumentsOf(processWith({ args: [1], kwargs: { n: 9, unit: 'm' } }), specs), [1, 'm'])
  assert.deepEqual(argumentsOf(processWith({ kwargs: { n: 9 } }), specs), [9, undefined])
  assert.deepEqual(argumentsOf(processWith({ in: [4, 'm'] }), specs), [4, 'm'])
  assert.deepEqual(argumentsOf(processWith({ in: [2, 3] }), []), [2, 3])
  assert.deepEqual(argumentsOf(processWith({}), [{ name: 'constructor', type: 'any' }]), [undefined])
})

test('what is missing or wrong is named, all at once', () => {
  const cases: [JsonValue[], string[]][] = [
    [[], ['The argument "n" is missing.']],
    [[null], ['The argument "n" must be of type integer, not null.']],
    [[1.5], ['The argument "n" must be of type integer, not number.']],
    [[2n ** 60n], ['The argument "n" must be of type integer, not integer beyond 2^53.']],
    [
      ['1', 'mile'],
      ['The argument "n" must be of type integer, not string.', 'The argument "unit" must be one of: m, km.'],
    ],
  ]
  for (const [args, reasons] of cases) {
    assert.throws(
      () => argumentsOf(processWith({ args }), specs),
      (error) => error instanceof FailProcess && assert.deepEqual(error.reasons, reasons) === undefined,
    )
  }
})

test('handlers have the types of their arguments', () => {
  const defined = defineFunction(
    {
      name: 'travel',
      args: [
        { name: 'n', type: 'number', required: true },
        { name: 'unit', type: 'string', enum: ['m', 'km'] },
      ],
    },
    (_context, n, unit) => {
      const typedNumber: number = n
      const typedUnit: 'm' | 'km' | undefined = unit
      return [typedNumber, typedUnit ?? 'm']
    },
  )
  const free = defineFunction({ name: 'sum' }, (_context, ...numbers: number[]) => numbers.reduce((a, b) => a + b, 0))
  assert.deepEqual([defined.name, free.name, free.args], ['travel', 'sum', []])
})

function processWith(given: { args?: JsonValue[]; kwargs?: JsonValue; in?: JsonValue[] }): Process {
  const { args = [], kwargs = {}, in: input = [] } = given
  return { spec: { args, kwargs }, in: input } as unknown as Process
}
