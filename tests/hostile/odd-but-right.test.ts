import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sign } from '@colonies/identity'
import { writeRequest } from '@colonies/protocol'
import { testColony } from '@colonies/testkit'
import { makeElsewhere, makeScene } from '../access/scene.js'
import { envelopeOf, send } from '../access/send.js'

/** A colony, and a way to send a payload exactly as it is written. */
async function start(t: Parameters<typeof testColony>[0]) {
  const server = await testColony(t)
  const scene = await makeScene(server, await makeElsewhere(server), 'mill')
  const sendText = async (payloadtype: string, json: string) => {
    const payload = Buffer.from(json).toString('base64')
    const response = await fetch(`${server.url}/api`, {
      method: 'POST',
      body: writeRequest(payloadtype, payload, sign(payload, scene.keys.user)),
    })
    const reply = (await response.json()) as { payload: string }
    const text = Buffer.from(reply.payload, 'base64').toString()
    assert.equal(response.status, 200, text)
    return text
  }
  return { server, scene, sendText }
}

test("the user's JSON comes back as it was written, whatever is in it", async (t) => {
  const { scene, sendText } = await start(t)
  const args =
    '[12345678901234567890, 1.0, 1e400, -0, "\\ud800", "\\u0000", "\u2028<&>", {"__proto__": {"a": 1}, "b": 1, "b": 2}]'
  const spec = `{"funcname":"f","args":${args},"conditions":{"colonyname":"mill","executortype":"cli"}}`
  const submitted = await sendText('submitfuncspecmsg', `{"spec":${spec},"msgtype":"submitfuncspecmsg"}`)
  assert.ok(submitted.includes(args), submitted)
  const { processid } = await scene.clients.ada.assign({ colonyname: 'mill', timeout: -1 })
  const read = await sendText('getprocessmsg', `{"processid":"${processid}","msgtype":"getprocessmsg"}`)
  assert.ok(read.includes(args), read)
})

test('keys that mean something in JavaScript are ordinary keys', async (t) => {
  const { server, scene } = await start(t)
  const env = JSON.parse('{"__proto__":"a","constructor":"b","toString":"c"}')
  const conditions = { colonyname: 'mill', executortype: 'cli' }
  const submitted = await scene.clients.user.submit({ spec: { funcname: 'f', env, conditions } })
  assert.deepEqual(Object.entries(submitted.spec.env ?? {}).sort(), Object.entries(env).sort())

  const projects = JSON.parse('{"__proto__":{"usedcpu":1},"hasOwnProperty":{"usedcpu":2}}')
  const report = { colonyname: 'mill', executorname: 'ada', allocations: { projects } }
  assert.equal((await send(server.url, envelopeOf('reportallocationmsg', report, scene.keys.ada))).status, 200)
  const ada = await scene.clients.user.getExecutor({ colonyname: 'mill', executorname: 'ada' })
  assert.deepEqual(Object.keys(ada.allocations.projects ?? {}).sort(), ['__proto__', 'hasOwnProperty'])
  assert.equal(({} as Record<string, unknown>).usedcpu, undefined)
})

test('fields are known in any case, the last of repeated ones counts, unknown ones and null do not', async (t) => {
  const { sendText } = await start(t)
  const conditions = '"CONDITIONS":{"colonyname":"nowhere","ColonyName":"mill","executortype":null,"x":[[]]}'
  const spec = `{"funcname":"first","FuncName":"second","label":null,"unknown":{"label":"x"},${conditions}}`
  const reply = JSON.parse(await sendText('submitfuncspecmsg', `{"SPEC":${spec},"MsgType":"submitfuncspecmsg"}`))
  assert.deepEqual(
    [reply.spec.funcname, reply.spec.label, reply.spec.conditions.colonyname, reply.spec.conditions.executortype],
    ['second', '', 'mill', ''],
  )
})

test('halves of characters and broken UTF-8 become U+FFFD where text is stored', async (t) => {
  const { sendText } = await start(t)
  const conditions = '"conditions":{"colonyname":"mill","executortype":"cli"}'
  const submitted = await sendText(
    'submitfuncspecmsg',
    `{"spec":{"label":"a\\ud800b",${conditions}},"msgtype":"submitfuncspecmsg"}`,
  )
  assert.equal(JSON.parse(submitted).spec.label, 'a\ufffdb')
})

test('names of full length in any script fit into every index', async (t) => {
  const { scene } = await start(t)
  const { owner, user } = scene.clients
  // Three bytes a character, and nothing that a database could compress.
  const name = (seed: number) =>
    String.fromCharCode(
      ...Array.from({ length: 255 }, (_, place) => 0x4e00 + ((place * 7919 + seed * 104_729) % 20_000)),
    )
  const [executorname, executortype, locationname, label] = [name(1), name(2), name(3), name(4)]
  const executor = { colonyname: 'mill', executorname, executortype, locationname, executorid: 'a'.repeat(64) }
  await owner.addExecutor({ executor })
  await owner.addLocation({ location: { colonyname: 'mill', name: locationname } })
  const conditions = { colonyname: 'mill', executornames: [executorname], executortype, locationname }
  const { processid } = await user.submit({
    spec: { funcname: name(5), label, nodename: name(6), conditions },
    requestid: name(7),
  })
  await user.cancelProcess({ processid })
  const [listed] = await user.getProcesses({ colonyname: 'mill', count: 1, state: 4, label })
  assert.equal(listed?.processid, processid)
})

test('names may be anything but empty, with a colon or with control characters', async (t) => {
  const { scene } = await start(t)
  const { owner, user } = scene.clients
  for (const name of ["'; drop table users; --", 'a/b\\c', '%_', '"quoted"', '<b>', '$1', 'NaN', '🐝', '__proto__']) {
    const userid = Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64)
    await owner.addUser({ user: { colonyname: 'mill', userid, name } })
    assert.equal((await user.getUser({ colonyname: 'mill', name })).userid, userid)
    await owner.removeUser({ colonyname: 'mill', name })
  }
})
