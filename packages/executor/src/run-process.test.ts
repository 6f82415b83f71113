import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { ConflictError, ConnectionError, InvalidError, ServerError } from '@colonies/client'
import { FakeColony } from './colony.fake.js'
import { defineFunction } from './define-function.js'
import { createExecutor } from './executor.js'

const lost = new ConnectionError('nobody there')

test('a close is repeated until it is answered', async () => {
  let failures = 3
  const colony = new FakeColony({
    closeSuccessful: () => {
      if (failures-- > 0) throw lost
    },
  })
  colony.submit('p', { funcname: 'f' })
  const executor = createExecutor({ ...colony.options, functions: [defineFunction({ name: 'f' }, () => 1)] })
  await executor.start()
  for (let close = 1; close <= 4; close++) {
    await colony.until(() => colony.callsOf('closeSuccessful').length === close)
    await settle()
    colony.clock.pass(15_000)
  }
  await executor.stop()
  assert.equal(colony.callsOf('closeSuccessful').length, 4)
})

test('a close that the server fails at each time becomes a failure, and then makes room', async () => {
  const fail = () => {
    throw new ServerError('The server failed', { status: 500, code: 'internal', retryable: true })
  }
  const colony = new FakeColony({ closeSuccessful: fail, closeFailed: fail })
  colony.submit('p', { funcname: 'f' })
  const executor = createExecutor({ ...colony.options, functions: [defineFunction({ name: 'f' }, () => 1)] })
  await executor.start()
  await colony.until(() => colony.callsOf('closeSuccessful').length === 1)
  for (let turns = 0; executor.running > 0 && turns < 100; turns++) {
    await settle()
    colony.clock.pass(15_000)
  }
  const failures = colony.callsOf('closeFailed')
  assert.deepEqual([colony.callsOf('closeSuccessful').length, failures.length, executor.running], [20, 20, 0])
  assert.deepEqual(failures[0]?.errors, ['The output could not be handed in: The server failed'])
  assert.match(colony.reports.at(-1) ?? '', /Process p could not be closed: The server failed/)
  await executor.stop()
})

test('a refused close is not repeated, an output that cannot be sent fails the process', async () => {
  const colony = new FakeColony({
    closeSuccessful: ({ processid }) => {
      if (processid === 'late') throw new ConflictError('too late', { status: 403, code: 'lease_lost' })
      throw new InvalidError('out[0] is a function, which JSON cannot carry')
    },
  })
  colony.submit('late', { funcname: 'f' })
  colony.submit('odd', { funcname: 'f' })
  const executor = createExecutor({ ...colony.options, functions: [defineFunction({ name: 'f' }, () => 1)] })
  await executor.start()
  await colony.until(() => colony.callsOf('closeFailed').length === 1)
  await executor.stop()
  assert.match(String(colony.callsOf('closeFailed')[0]?.errors), /cannot be handed in: out\[0\]/)
  assert.match(colony.reports.join(), /late was refused: too late/)
})

/** Lets everything happen that waits for no time and no network. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await setImmediate()
}
