import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '@colonies/database'
import { type TestColony, testColony } from '@colonies/testkit'
import { EndedTexts } from '../ended-texts.js'
import { Rendered } from '../handler.js'
import { processHandlers } from './processes.js'

const COUNT = 11

const odd = 'a"b\\c/\b\f\n\r\t\u0001\u007f\u2028 å🌍 <&>'

test('a process in a list has the text that it has when it is read alone', async (t) => {
  const colony = await testColony(t)
  const ada = await colony.executor('ada')
  await submitOdd(colony)
  const [ended, failed, running] = [await taken(colony), await taken(colony), await taken(colony)]
  await ada.addAttribute({ attribute: { targetid: ended, key: '2', value: odd, attributetype: 3 } })
  await ada.addAttribute({ attribute: { targetid: ended, key: odd, value: '', attributetype: 1 } })
  await ada.closeSuccessful({ processid: ended, out: [odd, 1e300, { a: [] }] })
  await ada.closeFailed({ processid: failed, errors: [odd, '', 'b'] })
  await ada.addAttribute({ attribute: { targetid: running, key: 'k', value: 'v', attributetype: 0 } })
  await ada.setOutput({ processid: running, out: [[], null] })
  await endNodes(colony)
  // As text that JSON allows, and with the last digits of a time: none, and all six.
  await colony.db.run(
    sql`update results set output = E' [ 1 ,\n"]" ] \n' where graph_id is not null and output = '[7]'`,
  )
  await colony.db.run(sql`update results set ended_at = date_trunc('second', ended_at) where process_id = ${ended}`)
  await colony.db.run(sql`
    update results set started_at = '2026-11-21 00:10:56.000001+00', exec_deadline = '2026-11-21 00:10:56.1+00'
    where process_id = ${ended}`)

  let compared = 0
  for (const state of [0, 1, 2, 3])
    for (const list of [
      // Three times, so that the second and third are of texts that are known.
      await textOf(colony, processHandlers.getProcesses, { ...page, state }),
      await textOf(colony, processHandlers.getProcesses, { ...page, state }),
      await textOf(colony, processHandlers.getProcesses, { ...page, state }),
      await textOf(colony, processHandlers.getProcesses, { ...page, prefix: running.slice(0, 4) }),
      await textOf(colony, processHandlers.getProcessHistory, { ...page, state, seconds: 3_600 }),
    ]) {
      const texts: string[] = []
      for (const { processid } of JSON.parse(list) as { processid: string }[])
        texts.push(await textOf(colony, processHandlers.getProcess, { processid }))
      assert.equal(list, `[${texts.join(',')}]`)
      compared += texts.length
    }
  assert.equal(compared, (3 + 4 + 1) * COUNT)
})

/** What a caller that sends nothing else asks for. */
const page = { count: 100, after: '', prefix: '', executortype: '', label: '', initiator: '', executorid: '' }

type AnyHandler = (input: never, call: never) => Promise<unknown>

const endedTexts = new EndedTexts()

/** The reply of a handler, as it is sent. */
async function textOf({ db, name }: TestColony, handler: AnyHandler, input: object): Promise<string> {
  const row = await db.one<{ key: number }>(sql`select colony_key as key from colonies where name = ${name}`)
  const reply = await handler(input as never, { db, colony: { key: row?.key, name }, replica: { endedTexts } } as never)
  assert.ok(reply instanceof Rendered)
  return [reply.text].flat().join('')
}

async function taken(colony: TestColony): Promise<string> {
  const processid = await colony.assign('ada')
  assert.ok(processid)
  return processid
}

/** Some of each kind, most of them waiting. */
async function submitOdd({ user, name: colonyname }: TestColony): Promise<void> {
  const conditions = { colonyname, executortype: 'cli' }
  const env = { b: odd, '10': 'ten', '9': '', '01': 'no index', '4294967295': 'nor this', '4294967294': 'the last' }
  const specs = [
    { funcname: 'f', conditions, env, priority: 9, maxexectime: 100, maxwaittime: 50 },
    { funcname: 'f', label: 'å "🌍"', conditions, env: { a: '' }, priority: 9, kwargs: { odd }, channels: ['c', odd] },
    { funcname: 'f', conditions, priority: 9, maxexectime: 7 },
    { funcname: 'f', conditions, maxwaittime: 1_000, args: [odd], env },
    { funcname: 'f', conditions },
  ]
  for (const spec of specs) await user.submit({ spec })
  const node = (nodename: string, dependencies: string[], executortype: string) => ({
    nodename,
    funcname: 'f',
    conditions: { dependencies, executortype },
  })
  const functionspecs = [
    node('a', [], 'node'),
    node('b', [], 'node'),
    node('c', [], 'node'),
    node('d', ['c', 'a', 'b'], 'node'),
    node('e', ['d', 'a'], 'nobody'),
    node('g', ['c'], 'nobody'),
  ]
  await user.submitWorkflow({ spec: { colonyname, functionspecs } })
}

/** Four of the workflow, and one that runs. */
async function endNodes(colony: TestColony): Promise<void> {
  const executor = await colony.executor('nodes', { type: 'node' })
  for (const out of [[7], [], [odd, 1]]) {
    const { processid } = await executor.assign({ colonyname: colony.name, timeout: 10 })
    await executor.closeSuccessful({ processid, out })
  }
  await executor.assign({ colonyname: colony.name, timeout: 10 })
}
