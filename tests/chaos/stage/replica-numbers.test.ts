import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metricOf } from './replica-numbers.js'

test('a metric that is not there is an error, not a number that compares as well', () => {
  const page = '# TYPE colonies_waiters gauge\ncolonies_waiters 7\ncolonies_claims_total many\n'
  assert.equal(metricOf(page, 'colonies_waiters'), 7)
  for (const name of ['colonies_waiter', 'colonies_claims_total', 'colonies_heap_used_bytes'])
    assert.throws(() => metricOf(page, name), new RegExp(`no number ${name}`))
})
