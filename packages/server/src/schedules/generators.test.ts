import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '@colonies/database'
import { type TestColony, testColony } from '@colonies/testkit'
import { generators } from '../background/generators.js'
import { Alarm } from '../background/loop.js'
import { argsOfGraphs, passGeneratorTime, workflowText } from '../testing/schedules.js'

const loop = generators(1000, new Alarm())
const noTime = '0001-01-01T00:00:00Z'

type Wish = Parameters<TestColony['user']['addGenerator']>[0]['generator']

const wish = (changes: Partial<Wish> = {}): Wish => ({
  colonyname: 'dev',
  name: 'images',
  trigger: 3,
  workflowspec: workflowText(),
  ...changes,
})

test('a generator is added, read, found by name, listed by pages and removed', async (t) => {
  const { user, db } = await testColony(t)
  const added = await user.addGenerator({ generator: wish({ queuesize: 7, firstpack: '2020-01-01T00:00:00Z' }) })
  assert.deepEqual(
    [added.initiatorname, added.initiatorid, added.firstpack, added.lastrun, added.queuesize, added.checkerperiod],
    ['me', user.id, noTime, noTime, 0, 0],
  )
  const { generatorid } = added
  assert.deepEqual(await user.getGenerator({ generatorid }), { ...added, checkerperiod: 1000 })
  assert.deepEqual(await user.resolveGenerator({ colonyname: 'dev', generatorname: 'images' }), added)
  const second = await user.addGenerator({ generator: wish({ name: 'second' }) })
  const list = (count: number, after = '') => user.getGenerators({ colonyname: 'dev', count, after })
  assert.deepEqual(await list(10), [added, second])
  assert.deepEqual(await list(1), [added])
  assert.deepEqual(await list(1_000_000, generatorid), [second])
  assert.deepEqual(await list(0), [])
  await user.packGenerator({ generatorid, arg: 'x' })
  await user.removeGenerator({ generatorid })
  assert.deepEqual(await db.all(sql`select from generator_args`), [])
  for (const refused of [
    () => user.getGenerator({ generatorid }),
    () => user.removeGenerator({ generatorid }),
    () => user.packGenerator({ generatorid, arg: 'x' }),
    () => user.packGeneratorMany({ generatorid, args: [] }),
    () => user.resolveGenerator({ colonyname: 'dev', generatorname: 'images' }),
  ])
    await assert.rejects(refused(), { status: 404, message: /Generator with .* not found/ })
})

const refusals: { name: string; changes: Partial<Wish>; says: RegExp }[] = [
  { name: 'without a name', changes: { name: '' }, says: /generator\.name must not be empty/ },
  { name: 'trigger 0', changes: { trigger: 0 }, says: /generator\.trigger is how many arguments .* 1 to 10000, not 0/ },
  { name: 'a negative trigger', changes: { trigger: -1 }, says: /1 to 10000, not -1/ },
  { name: 'a trigger that no queue can hold', changes: { trigger: 10_001 }, says: /1 to 10000, not 10001/ },
  { name: 'no workflow', changes: { workflowspec: '' }, says: /The workflowspec is invalid JSON/ },
  { name: 'a broken workflow', changes: { workflowspec: '{not json' }, says: /The workflowspec is invalid JSON/ },
  { name: 'an unknown dependency', changes: { workflowspec: workflowText({ a: ['b'] }) }, says: /depends on b/ },
  {
    name: 'the workflow of another colony',
    changes: { workflowspec: '{"colonyname":"prod","functionspecs":[{"nodename":"a"}]}' },
    says: /for colony prod, and would run in dev/,
  },
  {
    name: 'too many roots for so many arguments',
    changes: {
      trigger: 10_000,
      workflowspec: workflowText(Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`n${n}`, []]))),
    },
    says: /10000 for each of its 30 roots, would be too many/,
  },
]

test('a generator that could never run as it says is refused when it is added', async (t) => {
  const { user, db } = await testColony(t)
  for (const { name, changes, says } of refusals) {
    await t.test(name, () =>
      assert.rejects(user.addGenerator({ generator: wish(changes) }), { status: 400, message: says }),
    )
  }
  await assert.rejects(user.getGenerators({ colonyname: 'dev', count: -1 }), { status: 400 })
  assert.deepEqual(await db.all(sql`select from generators`), [])
  const added = await Promise.allSettled([1, 2, 3].map(() => user.addGenerator({ generator: wish() })))
  assert.equal(added.filter(({ status }) => status === 'fulfilled').length, 1)
  await assert.rejects(user.addGenerator({ generator: wish() }), {
    status: 400,
    message: 'Generator with name <images> in Colony <dev> already exists',
  })
})

test('packed arguments are seen in the queue, then by the executor', async (t) => {
  const colony = await testColony(t)
  const { user } = colony
  const ada = await colony.executor('ada')
  const { generatorid } = await user.addGenerator({ generator: wish() })
  await user.packGenerator({ generatorid, arg: 'a0' })
  await ada.packGenerator({ generatorid })
  const waiting = await user.getGenerator({ generatorid })
  assert.equal(waiting.queuesize, 2)
  assert.equal(waiting.firstpack, waiting.oldestpack)
  assert.deepEqual(await user.packGeneratorMany({ generatorid, args: ['a2', 'a3'] }), { count: 2 })
  await colony.run(loop)
  const process = await ada.assign({ colonyname: 'dev', timeout: -1 })
  assert.deepEqual([process.spec.args, process.spec.kwargs, process.in], [['a0', '', 'a2'], {}, []])
  assert.equal(process.initiatorname, 'me')
  const after = await user.getGenerator({ generatorid })
  assert.equal(after.queuesize, 1)
  assert.notEqual(after.lastrun, noTime)
})

test('the last argument that a graph needs starts it at once, long before the loop would look', async (t) => {
  const colony = await testColony(t, { loops: true, env: { COLONIES_GENERATOR_CHECKER_PERIOD: '3600000' } })
  const ada = await colony.executor('ada')
  const { generatorid } = await colony.user.addGenerator({ generator: wish({ trigger: 2 }) })
  for (const args of [
    ['a', 'b'],
    ['c', 'd'],
    ['e', 'f'],
  ]) {
    const assigned = ada.assign({ colonyname: 'dev', timeout: 20 })
    await colony.user.packGeneratorMany({ generatorid, args })
    assert.deepEqual((await assigned).spec.args, args)
  }
})

test('a request that is sent again packs once', async (t) => {
  const { user, db } = await testColony(t)
  const { generatorid } = await user.addGenerator({ generator: wish() })
  for (let turn = 0; turn < 3; turn += 1) {
    await user.packGenerator({ generatorid, arg: 'a', requestid: 'one' })
    assert.deepEqual(await user.packGeneratorMany({ generatorid, args: ['b', 'c'], requestid: 'two' }), { count: 2 })
  }
  assert.equal((await user.getGenerator({ generatorid })).queuesize, 3)
  assert.deepEqual(await db.all(sql`select arg from generator_args order by place`), [
    { arg: 'a' },
    { arg: 'b' },
    { arg: 'c' },
  ])
})

test('a request id counts for one generator of one caller, whatever else has it', async (t) => {
  const { user, db } = await testColony(t)
  const once = { requestid: 'one' }
  const [first, second] = [
    await user.addGenerator({ generator: wish() }),
    await user.addGenerator({ generator: wish({ name: 'second' }) }),
  ]
  const spec = { funcname: 'f', conditions: { colonyname: 'dev', executortype: 'cli' } }
  await user.submit({ spec, ...once })
  for (const { generatorid } of [first, second, first]) await user.packGenerator({ generatorid, arg: 'a', ...once })
  assert.equal((await db.all(sql`select from generator_args`)).length, 2)
})

test('a set-aside generator tells who reads it why', async (t) => {
  const colony = await testColony(t)
  const ada = await colony.executor('ada')
  const { generatorid } = await ada.addGenerator({ generator: wish({ trigger: 1, timeout: 5 }) })
  await colony.colonyOwner.rejectExecutor({ colonyname: 'dev', executorname: 'ada' })
  await colony.user.packGenerator({ generatorid, arg: 'a' })
  await colony.run(loop)
  const { lasterror, queuesize } = await colony.user.getGenerator({ generatorid })
  assert.match(lasterror, /ada, who added this generator, is no approved member/)
  assert.equal(queuesize, 1)
  await colony.colonyOwner.approveExecutor({ colonyname: 'dev', executorname: 'ada' })
  await passGeneratorTime(colony.db, 61)
  await colony.run(loop)
  assert.deepEqual(await argsOfGraphs(colony.db), [['a']])
})
