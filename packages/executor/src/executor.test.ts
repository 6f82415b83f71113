import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { ConflictError, ConnectionError, DeniedError, InvalidError } from '@colonies/client'
import { ExecutorState } from '@colonies/protocol'
import { FakeColony } from './colony.fake.js'
import { defineFunction } from './define-function.js'
import { createExecutor } from './executor.js'
import { FailProcess } from './fail-process.js'
import { ExecutorStopping, LostProcess } from './held-process.js'

const lost = new ConnectionError('nobody there')
const deny = () => {
  throw new DeniedError('Access denied', { status: 403 })
}

test('what a handler returns is the output', async () => {
  const functions = [
    defineFunction({ name: 'list' }, () => [1, 'two', null]),
    defineFunction({ name: 'one' }, async () => ({ a: 1 })),
    defineFunction({ name: 'none' }, () => {}),
  ]
  const colony = new FakeColony()
  for (const { name } of functions) colony.submit(name, { funcname: name })
  const executor = createExecutor({ ...colony.options, functions })
  await executor.start()
  await colony.until(() => colony.callsOf('closeSuccessful').length === 3)
  assert.deepEqual(colony.callsOf('closeSuccessful'), [
    { processid: 'list', attempt: 1, out: [1, 'two', null] },
    { processid: 'one', attempt: 1, out: [{ a: 1 }] },
    { processid: 'none', attempt: 1, out: [] },
  ])
  await executor.stop()
})

test('what a handler throws fails the process, line by line, with its causes', async () => {
  const functions = [
    defineFunction({ name: 'several' }, () => {
      throw new FailProcess(['no disk', 'no hope'])
    }),
    defineFunction({ name: 'deep' }, () => {
      throw new Error('first\nsecond', { cause: new TypeError('third') })
    }),
    defineFunction({ name: 'loud' }, () => {
      throw new Error(`\0${'x'.repeat(100_000)}`)
    }),
    defineFunction({ name: 'needy', args: [{ name: 'n', type: 'number', required: true }] }, (_, n) => n),
  ]
  const colony = new FakeColony()
  for (const funcname of ['several', 'deep', 'loud', 'needy', 'unheard']) colony.submit(funcname, { funcname })
  const executor = createExecutor({ ...colony.options, functions })
  await executor.start()
  await colony.until(() => colony.callsOf('closeFailed').length === 5)
  assert.deepEqual(
    colony.callsOf('closeFailed').map(({ errors }) => errors),
    [
      ['no disk', 'no hope'],
      ['first', 'second', 'Caused by: third'],
      [`\ufffd${'x'.repeat(9_999)}`],
      ['The argument "n" is missing.'],
      ['This executor has no function "unheard". Its functions: several, deep, loud, needy.'],
    ],
  )
  await executor.stop()
})

test('there are never more handlers at work than agreed, and each end makes room', async () => {
  const colony = new FakeColony()
  const ends: (() => void)[] = []
  const handler = () =>
    new Promise<void>((resolve) => {
      ends.push(resolve)
    })
  for (const id of ['a', 'b', 'c']) colony.submit(id, { funcname: 'wait' })
  const functions = [defineFunction({ name: 'wait' }, handler)]
  const executor = createExecutor({ ...colony.options, functions, concurrency: 2 })
  await executor.start()
  await settle()
  assert.deepEqual([ends.length, executor.running], [2, 2])
  ends[0]?.()
  await colony.until(() => colony.callsOf('closeSuccessful').length === 1)
  await settle()
  assert.deepEqual([ends.length, executor.running], [3, 2])
  for (const end of ends) end()
  await executor.stop()
})

test('heartbeats go on while a handler waits, and a lost process aborts its signal and is not closed', async () => {
  const colony = new FakeColony({
    heartbeat: ({ processids }) => ({ lost: colony.callsOf('heartbeat').length === 3 ? processids : [] }),
  })
  let reason: unknown
  const functions = [
    defineFunction({ name: 'wait' }, async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      reason = signal.reason
      return 'too late'
    }),
  ]
  colony.submit('p', { funcname: 'wait' })
  const executor = createExecutor({ ...colony.options, functions })
  await executor.start()
  await settle()
  for (let beat = 1; beat <= 2; beat++) {
    colony.clock.pass(15_000)
    await colony.until(() => colony.callsOf('heartbeat').length === beat + 1)
    await settle()
  }
  assert.deepEqual(
    colony.callsOf('heartbeat').map(({ processids, attempts }) => [processids, attempts]),
    [
      [[], []],
      [['p'], [1]],
      [['p'], [1]],
    ],
  )
  assert.ok(reason instanceof LostProcess)
  await executor.stop()
  assert.deepEqual(colony.callsOf('closeSuccessful'), [])
  assert.deepEqual(colony.callsOf('unassign'), [])
})

test('a process that comes again while its first handler still works is held as a process of its own', async () => {
  const colony = new FakeColony()
  const signals: AbortSignal[] = []
  const ends: (() => void)[] = []
  const functions = [
    defineFunction({ name: 'f' }, async ({ signal, setOutput }) => {
      const attempt = signals.push(signal)
      await new Promise<void>((resolve) => ends.push(resolve))
      await setOutput([attempt])
    }),
  ]
  const executor = createExecutor({ ...colony.options, functions, concurrency: 3 })
  await executor.start()
  for (const attempt of [1, 2]) {
    colony.submit('p', { funcname: 'f' }, { attempt })
    await settle()
  }
  assert.equal(executor.running, 2)
  assert.deepEqual([signals[0]?.aborted, signals[1]?.aborted], [true, false])

  ends[0]?.()
  await settle()
  assert.equal(executor.running, 1)
  colony.clock.pass(15_000)
  await colony.until(() => colony.callsOf('heartbeat').length === 2)
  const { processids, attempts } = colony.callsOf('heartbeat').at(-1) ?? {}
  assert.deepEqual([processids, attempts], [['p'], [2]])

  ends[1]?.()
  await executor.stop()
  assert.deepEqual(colony.callsOf('setOutput'), [{ processid: 'p', attempt: 2, out: [2] }])
  assert.deepEqual(colony.callsOf('closeSuccessful'), [{ processid: 'p', attempt: 2, out: [] }])
})

test('a handler that does not heed its signal blocks no slot', async () => {
  const colony = new FakeColony()
  colony.submit('deaf', { funcname: 'deaf', maxexectime: 10 })
  colony.submit('next', { funcname: 'next' })
  const functions = [
    defineFunction({ name: 'deaf' }, () => new Promise<never>(() => {})),
    defineFunction({ name: 'next' }, () => 1),
  ]
  const executor = createExecutor({ ...colony.options, functions })
  await executor.start()
  await settle()
  colony.clock.pass(10_000) // its maxexectime
  await settle()
  colony.clock.pass(1_000) // its time to notice
  await colony.until(() => colony.callsOf('closeSuccessful').length === 1)
  assert.equal(colony.callsOf('closeSuccessful')[0]?.processid, 'next')
  await executor.stop()
})

test('a stop waits for handlers, then gives back what is not finished', async () => {
  const colony = new FakeColony()
  const reasons: unknown[] = []
  const untilAborted = async (signal: AbortSignal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    reasons.push(signal.reason)
  }
  const functions = [
    defineFunction({ name: 'quick' }, () => settle()),
    defineFunction({ name: 'saves' }, async ({ signal }) => {
      await untilAborted(signal)
      return 'half of it'
    }),
    defineFunction({ name: 'gives up' }, async ({ signal }) => {
      await untilAborted(signal)
      throw signal.reason
    }),
    defineFunction({ name: 'deaf' }, () => new Promise<never>(() => {})),
  ]
  for (const { name } of functions) colony.submit(name, { funcname: name })
  const executor = createExecutor({ ...colony.options, functions, concurrency: 4 })
  await executor.start()
  await colony.until(() => executor.running === 4 || colony.callsOf('closeSuccessful').length > 0)
  await settle()
  const stopped = executor.stop({ drainMs: 5_000 })
  await settle()
  colony.clock.pass(5_000)
  await settle()
  colony.clock.pass(1_000)
  await stopped
  await executor.stopped
  assert.deepEqual(idsOf(colony.callsOf('closeSuccessful')), ['quick', 'saves'])
  assert.deepEqual(idsOf(colony.callsOf('unassign')), ['gives up', 'deaf'])
  assert.ok(reasons.every((reason) => reason instanceof ExecutorStopping))
  assert.equal(executor.running, 0)
})

test('an executor asks with the same assign id until it gets a process', async () => {
  let asked = 0
  const colony = new FakeColony({
    assign: () => {
      if (++asked < 3) throw lost
      return asked === 3 ? 'none' : 'next'
    },
  })
  colony.submit('p', { funcname: 'f' })
  const executor = createExecutor({ ...colony.options, functions: [defineFunction({ name: 'f' }, () => 1)] })
  await executor.start()
  for (let failure = 1; failure <= 2; failure++) {
    await colony.until(() => colony.reports.length === failure)
    await settle()
    colony.clock.pass(15_000)
  }
  await settle()
  colony.clock.pass(1_000) // after an answer that came at once
  await colony.until(() => colony.callsOf('closeSuccessful').length === 1)
  await settle()
  await executor.stop()
  const [first, second, third, fourth, fifth, last] = colony.assignids
  assert.deepEqual([second, third, fourth], [first, first, first])
  assert.notEqual(fifth, first)
  assert.equal(last, fifth) // what the request that was given up may have got is asked for once more
})

test('lines are logged in order, and before the close', async () => {
  const colony = new FakeColony()
  const functions = [
    defineFunction({ name: 'f' }, ({ log }) => {
      void log('one')
      void log('two')
    }),
  ]
  colony.submit('p', { funcname: 'f' })
  const executor = createExecutor({ ...colony.options, functions })
  await executor.start()
  await colony.until(() => colony.callsOf('closeSuccessful').length === 1)
  await executor.stop()
  const names = colony.calls.map(({ name }) => name).filter((name) => name === 'addLog' || name.startsWith('close'))
  assert.deepEqual(names, ['addLog', 'closeSuccessful'])
  assert.deepEqual(colony.callsOf('addLog'), [{ processid: 'p', message: 'one\ntwo', attempt: 1 }])
})

test('with the colony key an executor adds and approves itself, and shows its functions', async () => {
  const colony = new FakeColony({
    getExecutors: deny,
    getFunctions: () => [{ functionid: 'old', funcname: 'gone' }],
  })
  const functions = [defineFunction({ name: 'f', description: 'd', args: [{ name: 'n', type: 'number' }] }, () => {})]
  const executor = createExecutor({ ...colony.options, functions, colonyPrivateKey: 'k', location: 'north' })
  await executor.start()
  await executor.stop()
  assert.deepEqual(
    colony.calls.map(({ name }) => name).filter((name) => name !== 'heartbeat'),
    ['getExecutors', 'addExecutor', 'approveExecutor', 'getFunctions', 'removeFunction', 'addFunction'],
  )
  assert.deepEqual(colony.callsOf('addExecutor'), [
    {
      executor: {
        executorid: executor.id,
        executorname: 'ada',
        executortype: 'cli',
        colonyname: 'dev',
        locationname: 'north',
      },
    },
  ])
})

test('what the colony knows is not added again', async () => {
  for (const state of [ExecutorState.pending, ExecutorState.approved]) {
    const colony = new FakeColony({ getExecutors: () => [{ executorid: 'e'.repeat(64), executorname: 'ada', state }] })
    const executor = createExecutor({ ...colony.options, functions: [], colonyPrivateKey: 'k' })
    await executor.start()
    await executor.stop()
    assert.equal(colony.callsOf('addExecutor').length, 0)
    assert.equal(colony.callsOf('approveExecutor').length, state === ExecutorState.pending ? 1 : 0)
  }
})

test('a name that is taken is not approved for its owner', async () => {
  const colony = new FakeColony({
    getExecutors: () => [{ executorid: 'other', executorname: 'ada', state: ExecutorState.pending }],
    addExecutor: () => {
      throw new ConflictError('it already exists', { status: 400, code: 'already_exists' })
    },
  })
  await assert.rejects(createExecutor({ ...colony.options, functions: [], colonyPrivateKey: 'k' }).start(), /is taken/)
  assert.deepEqual(colony.callsOf('approveExecutor'), [])
})

test('without the colony key an executor says who has to let it in, and waits for it', async () => {
  let approved = false
  const colony = new FakeColony({
    getFunctions: () => {
      return approved ? [] : deny()
    },
    getExecutors: () => [{ executorid: 'e'.repeat(64), executorname: 'ada', state: 0 }],
  })
  const executor = createExecutor({ ...colony.options, functions: [] })
  const started = executor.start()
  await colony.until(() => colony.reports.length === 1)
  assert.match(colony.reports.join(), /Waiting for the owner of colony dev to approve executor ada \(id e+\)/)
  approved = true
  await settle()
  colony.clock.pass(2_000)
  await started
  await executor.stop()
})

test('a second start is refused, and the first goes on', async () => {
  const colony = new FakeColony()
  const executor = createExecutor({ ...colony.options, functions: [defineFunction({ name: 'f' }, () => 1)] })
  await Promise.all([executor.start(), assert.rejects(executor.start(), /ada was started already/)])
  colony.submit('p', { funcname: 'f' })
  await colony.until(() => colony.callsOf('closeSuccessful').length === 1)
  await executor.stop()
  await assert.rejects(executor.start(), InvalidError)
  assert.equal(colony.callsOf('closeSuccessful').length, 1)
})

test('options that cannot work are refused', () => {
  const { options } = new FakeColony()
  const f = defineFunction({ name: 'f' }, () => {})
  assert.throws(() => createExecutor({ ...options, functions: [f, f] }), /a name of its own/)
  assert.throws(() => createExecutor({ ...options, functions: [f], concurrency: 0 }), /at least 1/)
  assert.throws(() => createExecutor({ ...options, functions: [f], prefetch: 1_001 }), /0 to 1000/)
  assert.throws(() => createExecutor({ ...options, functions: [f], prefetch: 1, free: () => ({}) }), /prefetch or free/)
  assert.throws(() => createExecutor({ colonyname: 'dev', name: 'a', type: 'b', functions: [f] }), /private key/)
})

function idsOf(inputs: Record<string, unknown>[]): unknown[] {
  return inputs.map(({ processid }) => processid)
}

/** Lets everything happen that waits for no time and no network. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await setImmediate()
}
