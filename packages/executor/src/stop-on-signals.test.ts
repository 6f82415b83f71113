import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import type { Executor } from './executor.js'
import { stopOnSignals } from './stop-on-signals.js'

function executorThatStops() {
  let tell: () => void = () => {}
  const stopped = new Promise<void>((resolve) => {
    tell = resolve
  })
  let stops = 0
  const executor: Executor = { id: '', running: 0, stopped, start: async () => {}, stop: async () => void stops++ }
  return { executor, tell, stops: () => stops }
}

test('a signal that comes twice within a moment stops once; a later one is left to the program', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { executor, tell, stops } = executorThatStops()
  const source = new EventEmitter()
  const ended = stopOnSignals(executor, source)
  assert.equal(source.emit('SIGINT'), true)
  t.mock.timers.tick(299)
  assert.equal(source.emit('SIGINT'), true)
  assert.equal(source.emit('SIGTERM'), true)
  assert.equal(stops(), 1)
  t.mock.timers.tick(1)
  assert.equal(source.emit('SIGINT'), false)
  tell()
  await ended
})

test('an executor that stopped by itself leaves the signals to the program', async () => {
  const { executor, tell, stops } = executorThatStops()
  const source = new EventEmitter()
  const ended = stopOnSignals(executor, source)
  tell()
  await ended
  assert.deepEqual([source.emit('SIGINT'), stops()], [false, 0])
})
