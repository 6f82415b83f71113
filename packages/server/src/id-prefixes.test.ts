import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testColony } from '@colonies/testkit'

const colonyname = 'dev'

test('the beginning of an id finds its process in any state, however many came after it', async (t) => {
  const colony = await testColony(t)
  const submit = async (count: number) => {
    const spec = { funcname: 'f', conditions: { colonyname, executortype: 'cli' } }
    const items = await colony.user.submitBatch({ colonyname, items: Array.from({ length: count }, () => ({ spec })) })
    return items.map(({ processid }) => processid)
  }
  const find = async (prefix: string, count = 2, after = '') => {
    const found = await colony.user.getProcesses({ colonyname, prefix, count, after })
    return found.map(({ processid }) => processid)
  }
  const [ended = '', running = '', waiting = ''] = await submit(3)
  const ada = await colony.executor('ada')
  await colony.assign('ada')
  await colony.assign('ada')
  await ada.closeSuccessful({ processid: ended })
  const later = await submit(300)
  assert.deepEqual(await Promise.all([ended, running, waiting].map((id) => colony.stateOf(id))), [
    'success',
    'running',
    'waiting',
  ])
  for (const id of [ended, running, waiting]) {
    assert.deepEqual(await find(id.slice(0, 40)), [id])
    assert.deepEqual(await find(id), [id])
  }
  const all = [ended, running, waiting, ...later].sort()
  const first = await find(ended.slice(0, 4), 100)
  assert.deepEqual(first, all.slice(0, 100))
  assert.deepEqual(await find(ended.slice(0, 4), 100, first.at(-1)), all.slice(100, 200))
  assert.deepEqual(await find('ffff'), [])
  for (const prefix of ['abc', 'zzzz', "0' or 1", 'f'.repeat(65)])
    await assert.rejects(find(prefix), { code: 'bad_request' }, prefix)
})

test('the beginning of an id finds its workflow, and none of another colony', async (t) => {
  const colony = await testColony(t)
  const spec = { colonyname, functionspecs: [{ nodename: 'n', funcname: 'f', conditions: { executortype: 'cli' } }] }
  const { processgraphid } = await colony.user.submitWorkflow({ spec })
  await colony.user.cancelProcessGraph({ processgraphid })
  for (let count = 0; count < 3; count++) await colony.user.submitWorkflow({ spec })
  const prefix = processgraphid.slice(0, 40)
  const found = await colony.user.getProcessGraphs({ colonyname, prefix, count: 2 })
  assert.deepEqual(
    found.map((graph) => [graph.processgraphid, graph.state]),
    [[processgraphid, 4]],
  )

  const owner = colony.stranger
  await colony.serverOwner.addColony({ colony: { name: 'lab', colonyid: owner.id ?? '' } })
  await owner.addUser({ user: { colonyname: 'lab', userid: colony.user.id ?? '', name: 'me' } })
  for (const list of [colony.user.getProcessGraphs, colony.user.getProcesses])
    assert.deepEqual(await list({ colonyname: 'lab', prefix, count: 2 }), [])
})
