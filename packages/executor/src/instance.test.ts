import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeColony } from './colony.fake.js'
import { defineFunction } from './define-function.js'
import { createExecutor } from './executor.js'

const settle = () => new Promise((resolve) => setImmediate(resolve))

test('a program takes nothing before the server has heard of it, and all that it takes is under its own name', async () => {
  let isHeard = false
  const colony = new FakeColony({
    heartbeat: () => {
      if (!isHeard) throw new Error('nobody there')
      return { lost: [] }
    },
  })
  const functions = [defineFunction({ name: 'f' }, () => 1)]
  colony.submit('p', { funcname: 'f' })
  const executor = createExecutor({ ...colony.options, functions })
  const started = executor.start()
  await colony.until(() => colony.reports.length === 1)
  await settle()
  assert.deepEqual(colony.assignids, [])
  isHeard = true
  colony.clock.pass(15_000)
  await started
  await colony.until(() => colony.callsOf('closeSuccessful').length === 1)
  await executor.stop()
  const [first, second] = colony.callsOf('heartbeat')
  assert.match(String(first?.instanceid), /^[0-9a-f]{64}$/)
  assert.equal(second?.instanceid, first?.instanceid)
  assert.ok(colony.assignids.length > 0)
  for (const assignid of colony.assignids) assert.ok(String(assignid).startsWith(`instance:${first?.instanceid}.`))
})

test('each program is an instance of its own, also under one identity; one that is stopped before it is heard of ends', async () => {
  const colony = new FakeColony({
    heartbeat: () => {
      throw new Error('nobody there')
    },
  })
  const executors = [1, 2].map(() => createExecutor({ ...colony.options, functions: [] }))
  const started = executors.map((executor) => executor.start())
  await colony.until(() => colony.reports.length === 2)
  await Promise.all(executors.map((executor) => executor.stop()))
  await Promise.all(started)
  assert.equal(new Set(colony.callsOf('heartbeat').map(({ instanceid }) => instanceid)).size, 2)
  assert.deepEqual(colony.callsOf('waitForProcess'), [])
})
