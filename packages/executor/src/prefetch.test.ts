import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { ConnectionError } from '@colonies/client'
import { FakeColony } from './colony.fake.js'
import { defineFunction } from './define-function.js'
import { createExecutor } from './executor.js'

test('with prefetch there is work at hand when a handler ends, and a stop gives back what has not begun', async () => {
  const colony = new FakeColony()
  const ends: (() => void)[] = []
  const wait = defineFunction({ name: 'wait' }, () => new Promise<void>((resolve) => void ends.push(resolve)))
  for (const id of 'abcdefgh') colony.submit(id, { funcname: 'wait' })
  const executor = createExecutor({ ...colony.options, functions: [wait], concurrency: 2, prefetch: 4 })
  await executor.start()
  await settle()
  assert.deepEqual([ends.length, executor.running], [2, 6])
  ends[0]?.()
  await settle()
  assert.deepEqual([ends.length, executor.running], [3, 5]) // half of what was taken in advance is used up first
  ends[1]?.()
  await settle()
  assert.deepEqual([ends.length, executor.running], [4, 4])
  ends[2]?.()
  await settle()
  assert.deepEqual([ends.length, executor.running], [5, 5])
  const stopped = executor.stop()
  await settle()
  assert.deepEqual(idsOf(colony.callsOf('unassign')), ['f', 'g', 'h'])
  for (const end of ends) end()
  await stopped
  assert.deepEqual(idsOf(colony.callsOf('closeSuccessful')), ['a', 'b', 'c', 'd', 'e'])
  assert.equal(ends.length, 5)
})

test('what was taken in advance and is lost never begins', async () => {
  const colony = new FakeColony({ heartbeat: ({ processids }) => ({ lost: (processids as string[]).slice(1) }) })
  const begun: string[] = []
  let end = () => {}
  const wait = defineFunction({ name: 'wait' }, ({ process }) => {
    begun.push(process.processid)
    return new Promise<void>((resolve) => {
      end = resolve
    })
  })
  for (const id of 'abc') colony.submit(id, { funcname: 'wait' })
  const executor = createExecutor({ ...colony.options, functions: [wait], prefetch: 2 })
  await executor.start()
  await settle()
  colony.clock.pass(15_000)
  await colony.until(() => colony.callsOf('heartbeat').length === 2)
  await settle()
  assert.deepEqual([begun, executor.running], [['a'], 1])
  end()
  await executor.stop()
  assert.deepEqual([begun, colony.callsOf('unassign')], [['a'], []])
})

test('what has not begun when half of its time is over goes back, so that its lease does not end in the line', async () => {
  const colony = new FakeColony()
  const ends: (() => void)[] = []
  const wait = defineFunction({ name: 'wait' }, () => new Promise<void>((resolve) => void ends.push(resolve)))
  for (const id of 'abc') colony.submit(id, { funcname: 'wait', maxexectime: 10 })
  const executor = createExecutor({ ...colony.options, functions: [wait], prefetch: 2 })
  await executor.start()
  await settle()
  ends[0]?.()
  await settle()
  colony.clock.pass(5_000)
  await settle()
  assert.deepEqual([idsOf(colony.callsOf('unassign')), executor.running], [['c'], 1])
  ends[1]?.()
  await executor.stop()
  assert.deepEqual(idsOf(colony.callsOf('closeSuccessful')), ['a', 'b'])
})

test('what comes as the executor stops goes back at once, a few at a time, also when one cannot', async () => {
  let underWay = 0
  let most = 0
  const colony = new FakeColony({
    unassign: async ({ processid }) => {
      most = Math.max(most, ++underWay)
      await settle()
      underWay -= 1
      if (processid === 'p3') throw new ConnectionError('nobody there')
    },
  })
  const never = defineFunction({ name: 'wait' }, () => assert.fail('It has begun.'))
  const executor = createExecutor({ ...colony.options, functions: [never], prefetch: 99 })
  await executor.start()
  await settle()
  for (let number = 0; number < 50; number++) colony.submit(`p${number}`, { funcname: 'wait' })
  await executor.stop()
  assert.equal(colony.callsOf('unassign').length, 50)
  assert.ok(most <= 8, `${most} at once`)
  assert.deepEqual(colony.reports, ['Process p3 could not be given back: nobody there'])
  assert.deepEqual(colony.callsOf('closeFailed'), [])
})

test('a stop asks for no more than the request had asked for that it gave up', async () => {
  const colony = new FakeColony()
  const ends: (() => void)[] = []
  const wait = defineFunction({ name: 'wait' }, () => new Promise<void>((resolve) => void ends.push(resolve)))
  for (const id of 'abc') colony.submit(id, { funcname: 'wait' })
  const executor = createExecutor({ ...colony.options, functions: [wait], concurrency: 4 })
  await executor.start()
  await settle()
  const stopped = executor.stop()
  for (const id of 'defg') colony.submit(id, { funcname: 'wait' })
  await settle()
  for (const end of ends) end()
  await stopped
  assert.deepEqual(idsOf(colony.callsOf('unassign')), ['d'])
})

function idsOf(inputs: Record<string, unknown>[]): unknown[] {
  return inputs.map(({ processid }) => processid)
}

/** Lets everything happen that waits for no time and no network. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await setImmediate()
}
