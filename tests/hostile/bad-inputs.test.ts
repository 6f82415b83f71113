import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testColony } from '@colonies/testkit'
import { freshId, makeElsewhere, makeScene, type Scene } from '../access/scene.js'
import { envelopeOf, send } from '../access/send.js'
import { tableChecksums } from '../access/table-checksums.js'
import { badInputs } from './bad-inputs.js'

test('each mistake gets the sentence that names it, and has changed nothing', async (t) => {
  const server = await testColony(t)
  const scene = await makeScene(server, await makeElsewhere(server), 'mill')
  const ids = await idsOf(scene)
  const before = await tableChecksums(server.db)
  for (const { payloadtype, by, right, wrong } of badInputs) {
    for (const [field, value, expected] of wrong) {
      const payload = withIds(withField(right, field, value), ids)
      const transport = payloadtype.startsWith('subscribe') ? 'websocket' : 'http'
      const answer = await send(server.url, envelopeOf(payloadtype, payload, scene.keys[by]), transport)
      const [item] = Array.isArray(answer.payload) ? answer.payload : [] // batches answer each item
      const { status, message } = item ?? answer
      assert.equal(withNames(`${status} ${message}`, ids), expected, `${payloadtype}, ${field}`)
    }
  }
  assert.deepEqual(await tableChecksums(server.db), before)
})

test('without the mistake each of these requests is carried out', async (t) => {
  const server = await testColony(t)
  const elsewhere = await makeElsewhere(server)
  for (const [place, { payloadtype, by, right }] of badInputs.entries()) {
    const name = `mill-${place}`
    const scene = await makeScene(server, elsewhere, name)
    const ids = await idsOf(scene)
    if (payloadtype === 'assignprocessmsg') {
      await scene.clients.user.submit({
        spec: { funcname: 'f', conditions: { colonyname: name, executortype: 'cli' } },
      })
    }
    const payload = withIds(JSON.parse(JSON.stringify(right).replaceAll('"mill"', `"${name}"`)), ids)
    const transport = payloadtype.startsWith('subscribe') ? 'websocket' : 'http'
    const { status, message } = await send(server.url, envelopeOf(payloadtype, payload, scene.keys[by]), transport)
    assert.equal(status, 200, `${payloadtype}: ${message}`)
  }
})

/** What the words in capitals stand for. */
type Ids = Readonly<Record<string, string>>

async function idsOf(scene: Scene): Promise<Ids> {
  const { ada } = scene.clients
  const [held, done] = [await scene.held(), await scene.held()]
  await ada.addAttribute({ attribute: { targetid: held, attributetype: 1, key: 'known', value: 'v' } })
  await ada.closeSuccessful({ processid: done, out: [] })
  const { processgraphid, parentprocessid } = await scene.heldGraph()
  return {
    HELD: held,
    DONE: done,
    WAITING: await scene.waiting(),
    GRAPH: processgraphid,
    NODE: parentprocessid,
    NONE: freshId(),
  }
}

function withIds(payload: object, ids: Ids): object {
  const text = Object.entries(ids).reduce(
    (json, [name, id]) => json.replaceAll(`"${name}"`, `"${id}"`),
    JSON.stringify(payload),
  )
  return JSON.parse(text)
}

function withNames(sentence: string, ids: Ids): string {
  return Object.entries(ids).reduce((text, [name, id]) => text.replaceAll(id, name), sentence)
}

/** @param field such as `spec.functionspecs[1].nodename` */
function withField(right: object, field: string, value: unknown): object {
  const payload = structuredClone(right)
  const keys = field.split(/[.[\]]+/).filter((key) => key !== '')
  const last = keys.pop() ?? assert.fail(`"${field}" names no field`)
  const holder = keys.reduce(
    (object, key) => object[key] as Record<string, unknown>,
    payload as Record<string, unknown>,
  )
  holder[last] = value
  return payload
}
