import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readyLines } from './ready-lines.js'

test('there is one line for each type, with the earliest of its times', () => {
  const parts = [
    { executorType: 'cpu', count: 1, from: 7n },
    { executorType: 'gpu', count: 2, from: 5n },
    { executorType: 'cpu', count: 3, from: 4n },
  ]
  assert.deepEqual(readyLines(parts), [
    { executorType: 'cpu', count: 4, from: 4n },
    { executorType: 'gpu', count: 2, from: 5n },
  ])
})

test('of what comes at an unknown time, the earliest is not known', () => {
  const known = { executorType: 'cpu', count: 1, from: 7n }
  const unknown = { executorType: 'cpu', count: 1 }
  assert.deepEqual(readyLines([known, unknown, known]), [{ executorType: 'cpu', count: 3 }])
})
