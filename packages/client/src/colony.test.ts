import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { State } from '@colonies/protocol'
import { type TestColony, testColony } from '@colonies/testkit'
import { WebSocket } from 'ws'
import { createClient } from './client.js'
import { ConflictError, NotFoundError } from './errors.js'
import { workflow } from './workflow.js'

const wish = { funcname: 'f', conditions: { colonyname: 'dev', executortype: 'cli' } }

test('a run ends on any final state, with frames and without', async (t) => {
  const colony = await testColony(t)
  const executor = await colony.executor('ada')
  const options = { endpoint: colony.url, privateKey: colony.keys.user }
  for (const client of [createClient({ ...options, WebSocket }), createClient(options)]) {
    const success = client.run(wish)
    const { processid, attempt } = await executor.assign({ colonyname: 'dev', timeout: 10 })
    await executor.closeSuccessful({ processid, attempt, out: ['done', 2n ** 60n] })
    assert.deepEqual((await success).out, ['done', 2n ** 60n])

    const failure = client.run(wish)
    const second = await executor.assign({ colonyname: 'dev', timeout: 10 })
    await executor.closeFailed({ processid: second.processid, errors: ['no disk'] })
    assert.deepEqual((await failure).errors, ['no disk'])

    const cancelled = client.run(wish)
    const third = await executor.assign({ colonyname: 'dev', timeout: 10 })
    await client.cancelProcess({ processid: third.processid })
    assert.equal((await cancelled).state, State.cancelled)
  }
})

test('the same request again gives the same process, and the same assign id what is still held', async (t) => {
  const colony = await testColony(t)
  const executor = await colony.executor('ada')
  const requestid = 'mine'
  const first = await colony.user.submit({ spec: wish, requestid })
  const again = await colony.user.submit({ spec: wish, requestid })
  assert.equal(first.processid, again.processid)

  const assignid = 'mine too'
  const held = await executor.assign({ colonyname: 'dev', timeout: 10, assignid })
  assert.equal((await executor.assign({ colonyname: 'dev', timeout: 10, assignid })).processid, held.processid)
  await assert.rejects(executor.assign({ colonyname: 'dev', timeout: -1 }), NotFoundError)
  assert.equal(await executor.waitForProcess({ colonyname: 'dev', timeout: -1 }), undefined)
})

test('many are submitted and closed at once, each with its outcome', async (t) => {
  const colony = await testColony(t)
  const executor = await colony.executor('ada')
  const submitted = await colony.user.submitMany('dev', [wish, { ...wish, priority: 1_000_000 }, wish])
  assert.deepEqual(
    submitted.map(({ error }) => error?.code),
    [undefined, 'bad_request', undefined],
  )
  const held = await executor.assign({ colonyname: 'dev', timeout: 10 })
  const ids = [held.processid, submitted.find(({ processid }) => processid && processid !== held.processid)?.processid]
  const closed = await executor.closeMany(
    'dev',
    ids.map((processid = '') => ({ processid, out: [1] })),
  )
  assert.equal(closed[0]?.error, undefined)
  assert.ok(closed[1]?.error instanceof ConflictError)
  assert.deepEqual(
    closed.map(({ processid }) => processid),
    ids,
  )
})

test('when a replica stops, calls and waits go on at another', async (t) => {
  const colony = await testColony(t)
  const other = await colony.anotherReplica()
  const executor = createClient({ endpoint: other.url, privateKey: await keyOfExecutor(colony) })
  const client = createClient({ endpoints: [colony.url, other.url], privateKey: colony.keys.user, WebSocket })
  const result = client.result(wish)
  const { processid } = await executor.assign({ colonyname: 'dev', timeout: 10 })
  await colony.server.stop()
  await executor.closeSuccessful({ processid, out: ['survived'] })
  assert.deepEqual(await result, ['survived'])
  assert.equal((await client.getProcess({ processid })).state, State.success)
})

test('a workflow is waited for to its end, with the outputs of its leaves', async (t) => {
  const colony = await testColony(t)
  const executor = await colony.executor('ada')
  const wf = workflow('dev')
  const on = { conditions: { executortype: 'cli' } }
  wf.node('gen', on).then(wf.node('a', on), wf.node('b', on)).then(wf.node('sum', on))
  const run = colony.user.runWorkflow(wf)
  for (let node = 0; node < 4; node++) {
    const process = await executor.assign({ colonyname: 'dev', timeout: 10 })
    const out = [process.spec.nodename, ...(process.in as string[])]
    await executor.closeSuccessful({ processid: process.processid, out: [out.join('+')] })
  }
  const { graph, outputs, leaves } = await run
  assert.equal(graph.state, State.success)
  assert.deepEqual(outputs, { sum: ['sum+a+gen+b+gen'] })
  assert.equal(leaves.length, 1)
})

test('a failed node ends the run of its workflow', async (t) => {
  const colony = await testColony(t)
  const executor = await colony.executor('ada')
  const wf = workflow('dev')
  const on = { conditions: { executortype: 'cli' } }
  wf.node('first', on).then(wf.node('second', on))
  const run = colony.user.runWorkflow(wf)
  const { processid } = await executor.assign({ colonyname: 'dev', timeout: 10 })
  await executor.closeFailed({ processid, errors: ['no disk'] })
  const { graph, outputs, leaves } = await run
  assert.equal(graph.state, State.failed)
  assert.deepEqual(outputs, { second: [] })
  assert.match(leaves[0]?.errors.join() ?? '', /first/)
})

async function keyOfExecutor(colony: TestColony): Promise<string> {
  const key = generatePrivateKey()
  const [colonyname, executorname] = ['dev', 'bob']
  const executor = { colonyname, executorname, executorid: identityOf(key), executortype: 'cli' }
  await colony.colonyOwner.addExecutor({ executor })
  await colony.colonyOwner.approveExecutor({ colonyname, executorname })
  return key
}
