import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type TestColony, testColony } from '@colonies/testkit'
import { plausibleRequests } from './plausible-requests.js'
import { makeElsewhere, makeScene, type Scene } from './scene.js'
import { envelopeOf, send } from './send.js'
import { tableChecksums } from './table-checksums.js'

/** What of all executors only the holder may do: the column "Assign required" of the paper's Appendix A, and ours. */
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
  'channelappendmsg',
]

/** What of executors only the holder may read, whichever attempt it is at. */
const showsHolder = ['channelreadmsg', 'getchannelsmsg']

/** What an executor may do only about itself. */
const needsItself = [
  'reportallocationmsg',
  'updateexecutormsg',
  'addexecutorlogmsg',
  'addfunctionmsg',
  'removefunctionmsg',
]

interface Refusal {
  server: TestColony
  scene: Scene
  payloadtype: string
  by: 'ada' | 'bo'
  code: string
  /** What happens between the time the request was right and the time it is sent. */
  before?: () => Promise<void>
  /** Which attempt the request is for; 0: it does not say. */
  attempt?: number
}

test('who does not hold a process, or does not any more, cannot change it', async (t) => {
  const server = await testColony(t)
  const elsewhere = await makeElsewhere(server)
  for (const payloadtype of [...needsHolder, ...showsHolder]) {
    await t.test(`${payloadtype} by an approved executor that does not hold the process`, async () => {
      const scene = await makeScene(server, elsewhere)
      await isRefused({ server, scene, payloadtype, by: 'bo', code: 'lease_lost' })
    })
    await t.test(`${payloadtype} by the executor that has given it back`, async () => {
      const scene = await makeScene(server, elsewhere)
      const before = () => giveAllBack(scene)
      await isRefused({ server, scene, payloadtype, by: 'ada', code: 'not_running', before })
    })
  }
  for (const payloadtype of needsHolder) {
    await t.test(`${payloadtype} by the executor that holds it again, for its earlier attempt`, async () => {
      const scene = await makeScene(server, elsewhere)
      const before = async () => {
        await giveAllBack(scene)
        await scene.clients.ada.assign({ colonyname: scene.name, timeout: -1 })
      }
      await isRefused({ server, scene, payloadtype, by: 'ada', code: 'lease_lost', before, attempt: 1 })
    })
  }
})

test('no executor can speak for another one', async (t) => {
  const server = await testColony(t)
  const elsewhere = await makeElsewhere(server)
  for (const payloadtype of needsItself) {
    await t.test(payloadtype, async () => {
      const scene = await makeScene(server, elsewhere)
      await isRefused({ server, scene, payloadtype, by: 'bo', code: 'not_allowed' })
    })
  }
})

async function isRefused({ server, scene, payloadtype, by, code, before, attempt = 0 }: Refusal): Promise<void> {
  const right = (await plausibleRequests[payloadtype]?.(scene, 'ada')) ?? assert.fail(`no request ${payloadtype}`)
  const payload = 'items' in right ? { ...right, items: ofAttempt(right.items, attempt) } : { ...right, attempt }
  await before?.()
  const checksums = await tableChecksums(server.db)
  const answer = await send(server.url, envelopeOf(payloadtype, payload, scene.keys[by]))
  const [item] = Array.isArray(answer.payload) ? answer.payload : [] // batches answer each item
  const refusal = item ?? answer
  assert.deepEqual([refusal.status, refusal.code], [403, code], refusal.message)
  assert.deepEqual(await tableChecksums(server.db), checksums)
}

const ofAttempt = (items: unknown, attempt: number) => (items as object[]).map((item) => ({ ...item, attempt }))

async function giveAllBack({ name, clients }: Scene): Promise<void> {
  const running = await clients.user.getProcesses({ colonyname: name, count: 100, state: 1 })
  assert.equal(running.length, 1)
  for (const { processid } of running) await clients.ada.unassign({ processid })
}
