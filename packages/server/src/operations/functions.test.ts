import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testColony } from '@colonies/testkit'

test('a function may be registered under the field name that the Rust SDK sends', async (t) => {
  const colony = await testColony(t)
  const ada = await colony.executor('ada')
  const none = { colonyname: '', executorname: '', funcname: '' }
  const registration = { colonyname: colony.name, executorname: 'ada', funcname: 'render' }
  const added = await ada.addFunction({ fun: none, function: registration })
  assert.equal(added.funcname, 'render')
  const listed = await colony.user.getFunctions({ colonyname: colony.name })
  assert.deepEqual(
    listed.map(({ functionid }) => functionid),
    [added.functionid],
  )
  await assert.rejects(colony.stranger.addFunction({ fun: none, function: registration }), /Access denied/)
})
