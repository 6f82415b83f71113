import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '@colonies/testkit'
import { deleteFunction, type FunctionRow, findFunction, listFunctions, upsertFunction } from './functions.js'
import { testColony } from './testing/colony.js'

const first = { executor: '', function: '' }

const fun = (executorName: string, name: string, changes: Partial<FunctionRow> = {}): FunctionRow => ({
  function_id: `${executorName}-${name}`,
  executor_name: executorName,
  executor_type: 'cli',
  function_name: name,
  description: '',
  args: '[]',
  location: '',
  ...changes,
})

test('a function that is registered again keeps its id and takes the new description', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await testColony(db, 'dev', [])
  await upsertFunction(db, key, fun('ada', 'f'))
  const again = await upsertFunction(db, key, fun('ada', 'f', { function_id: 'another', description: 'adds' }))
  assert.deepEqual([again?.function_id, again?.description], ['ada-f', 'adds'])
  assert.equal((await listFunctions(db, key, { executorName: '', after: first, count: 10 })).length, 1)
})

test('the id of a function belongs to one function of a colony', async (t) => {
  const { db } = await testDatabase(t)
  const dev = await testColony(db, 'dev', [])
  const lab = await testColony(db, 'lab', [])
  await upsertFunction(db, dev.key, fun('ada', 'f'))
  assert.equal(await upsertFunction(db, dev.key, fun('bob', 'g', { function_id: 'ada-f' })), undefined)
  assert.ok(await upsertFunction(db, lab.key, fun('bob', 'g', { function_id: 'ada-f' })))
  assert.equal((await findFunction(db, dev.key, 'ada-f'))?.executor_name, 'ada')
})

test('functions are listed by executor and name, of one executor or of all', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await testColony(db, 'dev', [])
  for (const [executor, name] of [
    ['bob', 'f'],
    ['ada', 'g'],
    ['ada', 'f'],
  ] as const)
    await upsertFunction(db, key, fun(executor, name))
  const ids = async (executorName: string) =>
    (await listFunctions(db, key, { executorName, after: first, count: 10 })).map((row) => row.function_id)
  assert.deepEqual(await ids(''), ['ada-f', 'ada-g', 'bob-f'])
  assert.deepEqual(await ids('ada'), ['ada-f', 'ada-g'])
  assert.deepEqual(await ids('nobody'), [])
  const after = { executor: 'ada', function: 'f' }
  const [next] = await listFunctions(db, key, { executorName: '', after, count: 1 })
  assert.equal(next?.function_id, 'ada-g')
})

test('only the executor that offers a function takes it back', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await testColony(db, 'dev', [])
  await upsertFunction(db, key, fun('ada', 'f'))
  assert.equal(await deleteFunction(db, key, 'ada-f', 'bob'), 0)
  assert.equal(await deleteFunction(db, key, 'ada-f', 'ada'), 1)
})
