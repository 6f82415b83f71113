import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type TestColony, testColony } from '@colonies/testkit'
import { deadlines } from './background/deadlines.js'

type Client = Awaited<ReturnType<TestColony['executor']>>

const colonyname = 'dev'

/** @returns a node that `ada` held until its time was over, and holds again: now it is attempt 2 */
async function heldAgain(colony: TestColony) {
  const ada = await colony.executor('ada')
  const { processgraphid } = await colony.user.submitWorkflow({
    spec: {
      colonyname,
      functionspecs: [
        { nodename: 'n', funcname: 'f', maxexectime: 10, maxretries: 3, conditions: { executortype: 'cli' } },
      ],
    },
  })
  const { processid } = await ada.assign({ colonyname, timeout: -1 })
  const changes = changesOf(ada, processid, processgraphid)
  for (const change of Object.values(changes)) await change('first', 1)
  await colony.passTime({ seconds: 11 })
  await colony.run(deadlines())
  const again = await ada.assign({ colonyname, timeout: -1 })
  assert.deepEqual([again.processid, again.attempt, again.retries], [processid, 2, 1])
  return { ada, processid, processgraphid, changes }
}

type Change = (text: string, attempt: number) => Promise<unknown>

/** What a handler does on the way. */
function changesOf(ada: Client, processid: string, processgraphid: string): Record<string, Change> {
  const child = (nodename: string) => ({ nodename, funcname: 'g', conditions: { colonyname, executortype: 'other' } })
  return {
    log: (message, attempt) => ada.addLog({ processid, message, attempt }),
    output: (text, attempt) => ada.setOutput({ processid, out: [text], attempt }),
    attribute: (key, attempt) => ada.addAttribute({ attribute: { targetid: processid, key, value: 'v' }, attempt }),
    child: (nodename, attempt) =>
      ada.addChild({ processgraphid, parentprocessid: processid, spec: child(nodename), attempt }),
  }
}

test('after a deadline, what the earlier attempt does late is refused, and the new one goes on', async (t) => {
  const colony = await testColony(t)
  const { ada, processid, processgraphid, changes } = await heldAgain(colony)
  const { attributes } = await colony.user.getProcess({ processid })
  const attributeid = attributes[0]?.attributeid ?? ''
  const late: Record<string, () => Promise<unknown>> = {
    ...Object.fromEntries(Object.entries(changes).map(([name, change]) => [name, () => change('late', 1)])),
    'removal of an attribute': () => ada.removeAttribute({ attributeid, attempt: 1 }),
    unassign: () => ada.unassign({ processid, attempt: 1 }),
    close: () => ada.closeSuccessful({ processid, out: ['late'], attempt: 1 }),
    failure: () => ada.closeFailed({ processid, errors: ['late'], attempt: 1 }),
  }
  for (const [name, change] of Object.entries(late))
    await assert.rejects(change(), { code: 'lease_lost', message: /attempt 2/ }, name)

  for (const change of Object.values(changes)) await change('second', 2)
  await ada.removeAttribute({ attributeid, attempt: 2 })
  const logs = await colony.user.getLogs({ colonyname, processid, count: 10 })
  assert.deepEqual(
    logs.map(({ message }) => message),
    ['first', 'second'],
  )
  const { out, attributes: left } = await colony.user.getProcess({ processid })
  assert.deepEqual([out, left.map(({ key }) => key)], [['second'], ['second']])
  const { nodes } = await colony.user.getProcessGraph({ processgraphid })
  assert.deepEqual(nodes.map(({ data }) => data.label).sort(), ['first', 'n', 'second'])
  await ada.closeSuccessful({ processid, attempt: 2 })
})

test('an executor that names no attempt changes what it holds', async (t) => {
  const colony = await testColony(t)
  const { changes } = await heldAgain(colony)
  for (const change of Object.values(changes)) await change('unnamed', 0)
})
