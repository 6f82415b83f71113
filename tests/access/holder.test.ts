import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testColony } from '@colonies/testkit'
import { plausibleRequests } from './plausible-requests.js'
import { makeElsewhere, makeScene, type Scene } from './scene.js'
import { envelopeOf, send } from './send.js'
import { tableChecksums } from './table-checksums.js'

/** What only the executor that holds the process may do: the column "Assign required" of the paper's Appendix A, and ours. */
const needsHolder = [
  'closesuccessfulmsg',
  'closefailedmsg',
  'closebatchmsg',
  'setoutputmsg',
  'unassignprocessmsg',
  'addlogmsg',
  'addattributemsg',
  'removeattributemsg',
  'addchildmsg',
]

/** What an executor may do only about itself. */
const needsItself = [
  'reportallocationmsg',
  'updateexecutormsg',
  'addexecutorlogmsg',
  'addfunctionmsg',
  'removefunctionmsg',
]

async function scenery(t: Parameters<typeof testColony>[0]) {
  const server = await testColony(t)
  const scene = await makeScene(server, await makeElsewhere(server))
  const ask = async (payloadtype: string, payload: object, key: string) => {
    const { status, code, message, payload: reply } = await send(server.url, envelopeOf(payloadtype, payload, key))
    const [item] = Array.isArray(reply) ? reply : []
    return status === 200 && item?.status ? [item.status, item.code, item.message] : [status, code, message]
  }
  const request = async (payloadtype: string) => (await plausibleRequests[payloadtype]?.(scene, 'ada')) ?? assert.fail()
  return { server, scene, ask, request }
}

for (const payloadtype of needsHolder) {
  test(`${payloadtype} is refused to an approved executor that does not hold the process`, async (t) => {
    const { server, scene, ask, request } = await scenery(t)
    const payload = await request(payloadtype)
    const before = await tableChecksums(server.db)
    const [status, code, message] = await ask(payloadtype, payload, scene.keys.bo)
    assert.deepEqual([status, code], [403, 'lease_lost'], message)
    assert.deepEqual(await tableChecksums(server.db), before)
  })

  test(`${payloadtype} is refused once its executor gave the process back`, async (t) => {
    const { server, scene, ask, request } = await scenery(t)
    const payload = await request(payloadtype)
    await giveAllBack(scene)
    const before = await tableChecksums(server.db)
    const [status, code, message] = await ask(payloadtype, payload, scene.keys.ada)
    assert.deepEqual([status, code], [403, 'not_running'], message)
    assert.deepEqual(await tableChecksums(server.db), before)
  })
}

for (const payloadtype of needsItself) {
  test(`${payloadtype} is refused to another executor of the colony`, async (t) => {
    const { server, scene, ask, request } = await scenery(t)
    const payload = await request(payloadtype)
    const before = await tableChecksums(server.db)
    const [status, code, message] = await ask(payloadtype, payload, scene.keys.bo)
    assert.deepEqual([status, code], [403, 'not_allowed'], message)
    assert.deepEqual(await tableChecksums(server.db), before)
  })
}

async function giveAllBack({ name, clients }: Scene): Promise<void> {
  const running = await clients.user.getProcesses({ colonyname: name, count: 100, state: 1 })
  assert.equal(running.length, 1)
  for (const { processid } of running) await clients.ada.unassign({ processid })
}
