import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { generatePrivateKey } from '@colonies/identity'
import { testColony } from '@colonies/testkit'
import { WebSocket } from 'ws'
import { makeElsewhere, makeScene } from '../access/scene.js'
import { tableChecksums } from '../access/table-checksums.js'
import { malformedEnvelope } from './malformed-envelopes.js'
import { seededRandom } from './random.js'
import { validRequests } from './valid-requests.js'

const COUNT = 2_000

test(`${COUNT} malformed frames are refused one by one, and an honest subscriber hears what it waits for`, async (t) => {
  const server = await testColony(t)
  const scene = await makeScene(server, await makeElsewhere(server))
  const requests = await validRequests(scene, 'websocket')
  const honest = await scene.held()
  const frames = scene.clients.user.subscribeProcess({ processid: honest, state: 2, timeout: 100 })
  const before = await tableChecksums(server.db)

  const hostility = { requests, strangerKey: generatePrivateKey(), random: seededRandom(1) }
  const url = `${server.url.replace('http', 'ws')}/pubsub`
  let socket: WebSocket | undefined
  for (let count = 0; count < COUNT; count++) {
    if (socket?.readyState !== WebSocket.OPEN) {
      socket = new WebSocket(url)
      await once(socket, 'open')
    }
    const { kind, body, names } = malformedEnvelope(hostility)
    const replied = once(socket, 'message')
    socket.send(body)
    const [reply] = await replied
    const { payloadtype, payload, error } = JSON.parse(String(reply))
    const refusal = JSON.parse(Buffer.from(payload, 'base64').toString())
    const what = () => `${kind}: ${refusal.message} to ${String(body).slice(0, 1_000)}`
    assert.deepEqual([payloadtype, error], ['error', true], what())
    assert.ok([400, 403, 404].includes(refusal.status), what())
    assert.ok(refusal.message.includes(names ?? ''), what())
  }
  socket?.terminate()

  assert.deepEqual(await tableChecksums(server.db), before)
  await scene.clients.ada.closeSuccessful({ processid: honest, out: ['done'] })
  const { value } = await frames.next()
  assert.deepEqual(value?.out, ['done'])
})
