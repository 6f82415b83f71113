import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Activity } from './activity.js'

test('a replica is quiet after ten to twenty seconds without a sign, and not any more with the first one', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const activity = new Activity()
  const told: boolean[] = []
  activity.follow((isQuiet) => told.push(isQuiet))
  const pass = (ms: number) => t.mock.timers.tick(ms)
  pass(9_999)
  activity.touch()
  pass(1)
  pass(9_999)
  assert.equal(activity.isQuiet, false, 'the sign is ten seconds old')
  pass(1)
  assert.deepEqual([activity.isQuiet, told], [true, [true]])
  pass(60_000)
  activity.touch()
  assert.deepEqual([activity.isQuiet, told], [false, [true, false]])
  pass(10_000)
  activity.touch()
  pass(10_000)
  pass(9_999)
  assert.deepEqual([activity.isQuiet, told], [false, [true, false]], 'each sign counts')
  pass(1)
  assert.deepEqual([activity.isQuiet, told], [true, [true, false, true]])
  activity.close()
  activity.touch()
  assert.equal(told.length, 3)
})
