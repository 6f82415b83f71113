import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { AbortedError, workflow } from '@colonies/client'
import { State } from '@colonies/protocol'
import { type TestColony, testColony } from '@colonies/testkit'
import { defineFunction, type ExecutorFunction } from './define-function.js'
import { createExecutor, type Executor } from './executor.js'

test('the workflow of the paper gives 13, on executors of three types', async (t) => {
  const colony = await testColony(t)
  const genNums = defineFunction({ name: 'gen_nums' }, () => [2, 3])
  // Both squares get all numbers of their parent; by its name each knows which one is its own.
  const square = defineFunction({ name: 'square' }, ({ process }, ...numbers: number[]) => {
    const number = numbers[process.spec.nodename === 'square1' ? 0 : 1] ?? 0
    return number * number
  })
  const sum = defineFunction({ name: 'sum' }, (_context, ...numbers: number[]) => numbers.reduce((a, b) => a + b))
  await start(t, colony, { name: 'ada', type: 'edge', functions: [genNums] })
  await start(t, colony, { name: 'bob', type: 'cloud', functions: [square] })
  await start(t, colony, { name: 'cy', type: 'browser', functions: [sum] })

  const wf = workflow('dev')
  const node = (name: string, funcname: string, executortype: string) =>
    wf.node(name, { funcname, conditions: { executortype } })
  node('gen', 'gen_nums', 'edge')
    .then(node('square1', 'square', 'cloud'), node('square2', 'square', 'cloud'))
    .then(node('sum', 'sum', 'browser'))
  assert.deepEqual((await colony.user.runWorkflow(wf)).outputs, { sum: [13] })
})

test('a handler adds children while it runs, and what follows waits for them', async (t) => {
  const colony = await testColony(t)
  const functions = [
    defineFunction({ name: 'map' }, async (context) => {
      const reduce = context.process.children[0] ?? ''
      for (const word of ['a', 'b', 'c']) {
        await context.addChild(
          { nodename: word, funcname: 'work', args: [word], conditions: { executortype: 'cli' } },
          { childprocessid: reduce },
        )
      }
    }),
    defineFunction({ name: 'work' }, (_context, word: string) => word.toUpperCase()),
    defineFunction({ name: 'reduce' }, ({ input }) => [...input].sort().join('')),
  ]
  await start(t, colony, { name: 'ada', functions, concurrency: 3 })
  const wf = workflow('dev')
  const on = { conditions: { executortype: 'cli' } }
  wf.node({ funcname: 'map', ...on }).then(wf.node({ funcname: 'reduce', ...on }))
  assert.deepEqual((await colony.user.runWorkflow(wf)).outputs, { reduce: ['ABC'] })
})

test('a handler talks with whoever submitted its process', async (t) => {
  const colony = await testColony(t)
  const functions = [
    defineFunction({ name: 'chat' }, async ({ channel }) => {
      const chat = channel('chat')
      for await (const { sequence, text, senderid } of chat) {
        if (senderid !== colony.user.id) continue
        if (text === 'bye') break
        await chat.append(text.toUpperCase(), { inreplyto: sequence })
      }
      await chat.append('', { type: 'end' })
      return (await chat.read()).length
    }),
  ]
  await start(t, colony, { name: 'ada', functions })
  const processid = await colony.submit({ funcname: 'chat', channels: ['chat'] })
  const chat = colony.user.channel(processid, 'chat')
  await chat.append('hello')
  const heard: unknown[] = []
  for await (const { text, type, senderid, inreplyto } of chat) {
    if (senderid === colony.user.id) continue
    heard.push([text, type, inreplyto])
    if (text === 'HELLO') await chat.append('bye')
  }
  assert.deepEqual(heard, [
    ['HELLO', 'data', 1n],
    ['', 'end', 0n],
  ])
  assert.deepEqual((await colony.user.waitFor(processid)).out, [4])
})

test('an executor that has lost its process says nothing more', async (t) => {
  const colony = await testColony(t)
  const over = moment<void>()
  const functions = [
    defineFunction({ name: 'f' }, async ({ channel, client, process, attempt }) => {
      const progress = channel('progress')
      if (attempt > 1) return 'done'
      await progress.append('first attempt')
      await client.unassign({ processid: process.processid })
      await assert.rejects(progress.append('too late'), /Not authorized to write to channel/)
      await assert.rejects(async () => {
        for await (const _ of progress);
      })
      over.resolve()
      return 'nobody wants to know'
    }),
  ]
  await start(t, colony, { name: 'ada', functions })
  const processid = await colony.submit({ funcname: 'f', channels: ['progress'] })
  await over.promise
  const texts: string[] = []
  for await (const { text } of colony.user.channel(processid, 'progress')) texts.push(text)
  assert.deepEqual(texts, ['first attempt'])
})

test('what a handler tells on the way is there afterwards', async (t) => {
  const colony = await testColony(t)
  const functions = [
    defineFunction({ name: 'f' }, async ({ log, addAttribute, setOutput }) => {
      await log('half way')
      await addAttribute('place', 'here')
      await setOutput(['a part'])
    }),
  ]
  await start(t, colony, { name: 'ada', functions })
  const process = await colony.user.waitFor(await colony.submit())
  assert.deepEqual([process.state, process.out], [State.success, ['a part']])
  assert.deepEqual(
    process.attributes.map(({ key, value }) => [key, value]),
    [['place', 'here']],
  )
  const logs = await colony.user.getLogs({ colonyname: 'dev', processid: process.processid, count: 10 })
  assert.deepEqual(
    logs.map(({ message }) => message),
    ['half way'],
  )
})

test('the handler of a cancelled process hears of it at its next request', async (t) => {
  const colony = await testColony(t)
  const heard = moment<boolean>()
  const begun = moment<string>()
  const cancelled = moment<void>()
  const functions = [
    defineFunction({ name: 'f' }, async ({ process, signal, setOutput }) => {
      begun.resolve(process.processid)
      await cancelled.promise
      await setOutput([1]).catch(() => {})
      heard.resolve(signal.aborted)
    }),
  ]
  await start(t, colony, { name: 'ada', functions })
  const processid = await colony.submit()
  await begun.promise
  await colony.user.cancelProcess({ processid })
  cancelled.resolve()
  assert.equal(await heard.promise, true)
  assert.equal(await colony.stateOf(processid), 'cancelled')
})

test('a loop over a channel ends with the hold of the process, also with a signal of its own', async (t) => {
  const colony = await testColony(t)
  const begun = moment<void>()
  const ownAborted: boolean[] = []
  const talk = defineFunction({ name: 'f' }, async ({ channel, signal }) => {
    const chat = channel('chat')
    begun.resolve()
    const own = new AbortController()
    for (const options of [{}, { signal: own.signal }, { signal: undefined }]) {
      await assert.rejects(async () => {
        for await (const { text } of chat.follow(options)) assert.fail(text)
      }, AbortedError)
      ownAborted.push(own.signal.aborted)
    }
    signal.throwIfAborted()
  })
  const executor = await start(t, colony, { name: 'ada', functions: [talk] })
  const processid = await colony.submit({ funcname: 'f', channels: ['chat'] })
  await begun.promise
  await executor.stop({ drainMs: 0 })
  assert.deepEqual(ownAborted, [false, false, false])
  assert.equal(await colony.stateOf(processid), 'waiting')
})

test('what a stopping executor gives back is done by another', async (t) => {
  const colony = await testColony(t)
  const begun = moment<void>()
  const never = defineFunction({ name: 'f' }, ({ signal }) => {
    begun.resolve()
    return new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  })
  const first = await start(t, colony, { name: 'ada', functions: [never] })
  const processid = await colony.submit()
  await begun.promise
  await first.stop({ drainMs: 0 })
  assert.equal(await colony.stateOf(processid), 'waiting')

  await start(t, colony, { name: 'bob', functions: [defineFunction({ name: 'f' }, () => 'done')] })
  const process = await colony.user.waitFor(processid)
  assert.deepEqual([process.out, process.retries], [['done'], 0])
})

test('an executor that takes processes in advance does each of them once', async (t) => {
  const colony = await testColony(t)
  const done: string[] = []
  const f = defineFunction({ name: 'f' }, ({ process }) => void done.push(process.processid))
  const specs = Array.from({ length: 250 }, () => ({
    funcname: 'f',
    conditions: { colonyname: colony.name, executortype: 'cli' },
  }))
  const submitted = (await colony.user.submitMany(colony.name, specs)).map(({ processid }) => processid ?? '')
  await start(t, colony, { name: 'ada', functions: [f], concurrency: 4, prefetch: 60 })
  for (const processid of submitted) assert.equal((await colony.user.waitFor(processid)).state, State.success)
  assert.deepEqual(done.sort(), submitted.sort())
})

test('an executor with the colony key enters by itself, and its functions are shown', async (t) => {
  const colony = await testColony(t)
  const functions = [
    defineFunction(
      { name: 'add', description: 'Adds.', args: [{ name: 'a', type: 'number', required: true }] },
      (_context, a) => a,
    ),
  ]
  for (let start = 0; start < 2; start++) {
    const executor = createExecutor({
      client: colony.stranger,
      colonyPrivateKey: colony.keys.colony,
      colonyname: 'dev',
      name: 'eve',
      type: 'cli',
      functions,
    })
    await executor.start()
    await executor.stop()
  }
  const shown = await colony.user.getFunctions({ colonyname: 'dev', executorname: 'eve' })
  assert.deepEqual(
    shown.map(({ funcname, description, args }) => [funcname, description, args[0]?.required]),
    [['add', 'Adds.', true]],
  )
})

/** Something that happens once, for others to wait for. */
function moment<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => {}
  const promise = new Promise<Value>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

interface Wishes {
  name: string
  type?: string
  functions: ExecutorFunction[]
  concurrency?: number
  prefetch?: number
}

async function start(t: TestContext, colony: TestColony, wishes: Wishes): Promise<Executor> {
  const { name, type = 'cli', functions, concurrency = 1, prefetch = 0 } = wishes
  const client = await colony.executor(name, { type })
  const executor = createExecutor({
    ...{ client, colonyname: 'dev', name, type, functions },
    ...{ concurrency, prefetch, report: () => {} },
  })
  t.after(() => executor.stop({ drainMs: 0 }))
  await executor.start()
  return executor
}
