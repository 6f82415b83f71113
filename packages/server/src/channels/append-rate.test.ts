import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@colonies/protocol'
import { AppendRate } from './append-rate.js'

test('a writer has a burst, then a steady rate; others have their own', () => {
  let now = 0
  const rate = new AppendRate(() => now)
  const takeAll = (id: string) => {
    let taken = 0
    while (rate.take(id)) taken += 1
    return taken
  }
  assert.equal(takeAll('p'), limits.channelAppendBurst)
  assert.equal(takeAll('q'), limits.channelAppendBurst)
  now += 1_000
  assert.equal(takeAll('p'), limits.channelAppendsPerSecond)
  rate.giveBack('p')
  assert.equal(takeAll('p'), 1)
  now += 3_600_000
  rate.giveBack('p')
  assert.equal(takeAll('p'), limits.channelAppendBurst)
})

test('quiet writers are forgotten', () => {
  let now = 0
  const rate = new AppendRate(() => now)
  for (let n = 0; n < 10_000; n++) rate.take(`p${n}`)
  for (let n = 0; n < limits.channelAppendBurst; n++) rate.take('busy')
  now += 4_000
  rate.take('busy')
  now += 1_001
  rate.take('another')
  let left = 0
  while (rate.take('busy')) left += 1
  assert.equal(left, 499, 'the busy one is remembered')
})
