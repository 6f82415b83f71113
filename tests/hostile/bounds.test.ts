import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { sql } from '@colonies/database'
import { limits } from '@colonies/protocol'
import { type TestColony, testColony } from '@colonies/testkit'
import { WebSocket } from 'ws'
import { freshId, makeElsewhere, makeScene, type Scene } from '../access/scene.js'
import { type Answer, envelopeOf, send } from '../access/send.js'
import { type Ask, type Bench, type Bounds, many } from './bench.js'
import { blueprintBounds } from './blueprint-bounds.js'
import { scheduleBounds } from './bounds-of-schedules.js'
import { fileBounds } from './file-bounds.js'
import { listBounds } from './list-bounds.js'

const spec = (colonyname: string, changes: object = {}, conditions: object = {}) => ({
  spec: { funcname: 'f', ...changes, conditions: { colonyname, executortype: 'cli', ...conditions } },
})
const nested = (depth: number) => JSON.parse('['.repeat(depth) + ']'.repeat(depth))

/** One entry for each bound of the protocol: what is just allowed, and what is one too much. */
const bounds: Bounds = {
  ...blueprintBounds,
  ...scheduleBounds,
  ...fileBounds,
  ...listBounds,

  async bodyBytesMax({ url }) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write(`POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${limits.bodyBytesMax + 1}\r\n\r\n`)
    let reply = ''
    for await (const chunk of socket.setEncoding('utf8')) reply += chunk
    const { payload } = JSON.parse(reply.slice(reply.indexOf('\r\n\r\n')))
    assert.deepEqual(JSON.parse(Buffer.from(payload, 'base64').toString()), {
      status: 413,
      message: 'The request body is larger than the 20971520 bytes that this server reads',
      code: 'too_large',
    })
  },

  async jsonDepthMax({ colonyname, allowed, refused }) {
    await allowed('user', 'submitfuncspecmsg', spec(colonyname, { args: nested(limits.jsonDepthMax) }))
    assert.match(
      await refused('user', 'submitfuncspecmsg', spec(colonyname, { args: nested(limits.jsonDepthMax + 1) })),
      /^400 The payload is invalid JSON: nested deeper than 200 levels at position \d+$/,
    )
  },

  async nameLengthMax({ colonyname, allowed, refused }) {
    const user = (name: string) => ({ user: { colonyname, userid: freshId(), name } })
    await allowed('owner', 'addusermsg', user('x'.repeat(255)))
    assert.equal(
      await refused('owner', 'addusermsg', user('x'.repeat(256))),
      '400 user.name must have at most 255 characters, has 256',
    )
  },

  async assignHoldSecondsMax({ t, url, colonyname, scene }) {
    const timer = timerOf(t, 3_600_000)
    const body = envelopeOf('assignprocessmsg', { colonyname, timeout: 2 ** 31 - 1 }, scene.keys.ada)
    const gone = new AbortController()
    const held = fetch(`${url}/api`, { method: 'POST', body, signal: gone.signal })
    await timer
    gone.abort()
    await assert.rejects(held, { name: 'AbortError' })
  },

  async subscriptionSecondsMax({ t, url, colonyname, scene }) {
    const timer = timerOf(t, 86_400_000)
    const socket = new WebSocket(`${url.replace('http', 'ws')}/pubsub`)
    await once(socket, 'open')
    socket.send(envelopeOf('subscribeprocessesmsg', { colonyname, timeout: 2 ** 31 - 1 }, scene.keys.user))
    await timer
    socket.terminate()
  },

  async listCountMax({ colonyname, allowed, refused }) {
    for (const payloadtype of ['getprocessesmsg', 'getprocessgraphsmsg']) {
      await allowed('user', payloadtype, { colonyname, count: 100 })
      assert.equal(
        await refused('user', payloadtype, { colonyname, count: 101 }),
        '400 Count is larger than MaxCount limit <100>',
      )
    }
  },

  async assignBatchMax({ colonyname, allowed, refused }) {
    await allowed('user', 'submitbatchmsg', { colonyname, items: many(101, () => spec('')) })
    const assigned = await allowed('ada', 'assignbatchmsg', { colonyname, timeout: -1, count: 100 })
    assert.equal((assigned as unknown[]).length, 100)
    assert.equal(
      await refused('ada', 'assignbatchmsg', { colonyname, timeout: -1, count: 101 }),
      '400 count must be 1 to 100, got 101',
    )
  },

  async logCountMax({ colonyname, allowed, refused }) {
    await allowed('user', 'getlogsmsg', { colonyname, executorname: 'ada', count: 500 })
    assert.equal(
      await refused('user', 'getlogsmsg', { colonyname, executorname: 'ada', count: 501 }),
      '400 Count exceeds max log count (500)',
    )
  },

  async logSearchCountMax({ colonyname, allowed, refused }) {
    await allowed('user', 'searchlogsmsg', { colonyname, text: 'x', days: 1, count: 100 })
    assert.equal(
      await refused('user', 'searchlogsmsg', { colonyname, text: 'x', days: 1, count: 101 }),
      '400 Count exceeds max log count (100)',
    )
  },

  async logSearchDaysMax({ colonyname, allowed, refused }) {
    await allowed('user', 'searchlogsmsg', { colonyname, text: 'x', days: 30, count: 1 })
    assert.equal(
      await refused('user', 'searchlogsmsg', { colonyname, text: 'x', days: 31, count: 1 }),
      '400 Count exceeds max day count (30): days is 31',
    )
  },

  async logBytesMax({ scene, allowed, refused }) {
    const processid = await scene.held()
    await allowed('ada', 'addlogmsg', { processid, message: 'é'.repeat(2 ** 19) })
    assert.equal(
      await refused('ada', 'addlogmsg', { processid, message: `${'é'.repeat(2 ** 19)}x` }),
      '413 message must have at most 1048576 bytes; split it',
    )
  },

  async priorityMax({ colonyname, allowed, refused }) {
    await allowed('user', 'submitfuncspecmsg', spec(colonyname, { priority: -50_000 }))
    assert.equal(
      await refused('user', 'submitfuncspecmsg', spec(colonyname, { priority: -50_001 })),
      '400 spec.priority is outside of the range [-50000, 50000]: -50001',
    )
  },

  async workflowNodesMax({ colonyname, refused }) {
    const functionspecs = many(100_001, (place) => ({ nodename: `n${place}` }))
    assert.equal(
      await refused('user', 'submitworkflowspecmsg', { spec: { colonyname, functionspecs } }),
      '400 A workflow has at most 100000 nodes, this one has 100001',
    )
  },

  async dependenciesMax({ colonyname, refused }) {
    const dependencies = many(10_001, (place) => `n${place}`)
    const functionspecs = [
      ...dependencies.map((nodename) => ({ nodename })),
      { nodename: 'last', conditions: { dependencies } },
    ]
    assert.equal(
      await refused('user', 'submitworkflowspecmsg', { spec: { colonyname, functionspecs } }),
      '400 Node last has more than 10000 dependencies',
    )
  },

  async batchItemsMax({ colonyname, allowed, refused }) {
    await allowed('user', 'submitbatchmsg', { colonyname, items: many(1_000, () => spec('')) })
    assert.equal(
      await refused('user', 'submitbatchmsg', { colonyname, items: many(1_001, () => spec('')) }),
      '400 items has 1001 entries; send at most 1000 at once',
    )
    assert.equal(
      await refused('ada', 'closebatchmsg', { colonyname, items: many(1_001, () => ({ processid: freshId() })) }),
      '400 items has 1001 entries; send at most 1000 at once',
    )
  },

  async executorNamesMax({ colonyname, allowed, refused }) {
    const named = (count: number) => spec(colonyname, {}, { executornames: many(count, (place) => `e${place}`) })
    await allowed('user', 'submitfuncspecmsg', named(1_000))
    assert.equal(
      await refused('user', 'submitfuncspecmsg', named(1_001)),
      '400 spec.conditions.executornames has more than 1000 names; use a type of executor',
    )
  },

  async channelsMax({ colonyname, allowed, refused }) {
    await allowed('user', 'submitfuncspecmsg', spec(colonyname, { channels: many(100, (place) => `c${place}`) }))
    assert.equal(
      await refused('user', 'submitfuncspecmsg', spec(colonyname, { channels: many(101, (place) => `c${place}`) })),
      '400 spec.channels has more than 100 entries',
    )
  },

  async channelEntriesMax({ db, scene, allowed, refused }) {
    const channel = { processid: await scene.held({ channels: ['chat'] }), name: 'chat' }
    await allowed('ada', 'channelappendmsg', channel)
    await db.run(sql`update channels set entries = 9999 where process_id = ${channel.processid}`)
    await allowed('ada', 'channelappendmsg', channel)
    assert.match(await refused('ada', 'channelappendmsg', channel), /^429 channel log is full: .* 10000 messages/)
  },

  async channelPayloadBytesMax({ scene, allowed, refused }) {
    const channel = { processid: await scene.held({ channels: ['chat'] }), name: 'chat' }
    const payload = (bytes: number) => Buffer.alloc(bytes).toString('base64')
    await allowed('ada', 'channelappendmsg', { ...channel, payload: payload(10_485_760) })
    assert.equal(
      await refused('ada', 'channelappendmsg', { ...channel, payload: payload(10_485_761) }),
      '413 message payload exceeds maximum size: it has 10485761 bytes, and at most 10485760 are taken',
    )
  },

  async channelBytesMax({ db, scene, allowed, refused }) {
    const channel = { processid: await scene.held({ channels: ['chat'] }), name: 'chat', payload: [1, 2] }
    await allowed('ada', 'channelappendmsg', channel)
    await db.run(sql`update channels set bytes = 1073741822 where process_id = ${channel.processid}`)
    await allowed('ada', 'channelappendmsg', channel)
    assert.match(await refused('ada', 'channelappendmsg', channel), /^429 channel log is full: .* 1073741824 bytes/)
  },

  async channelReadBytesMax({ scene, allowed }) {
    const channel = { processid: await scene.held({ channels: ['chat'] }), name: 'chat' }
    const payload = Buffer.alloc(5_242_880).toString('base64')
    for (const _ of [1, 2, 3]) await allowed('ada', 'channelappendmsg', { ...channel, payload })
    const page = await allowed('user', 'channelreadmsg', channel)
    assert.equal((page as unknown[]).length, 2)
  },

  async channelAppendBurst() {
    // With time in the hands of the test: append-rate.test.ts of the server.
  },

  async channelAppendsPerSecond() {
    // As above.
  },

  async channelSubscriptionSeconds({ t, url, scene }) {
    const timer = timerOf(t, 30_000)
    const socket = new WebSocket(`${url.replace('http', 'ws')}/pubsub`)
    await once(socket, 'open')
    const channel = { processid: await scene.held({ channels: ['chat'] }), name: 'chat' }
    socket.send(envelopeOf('subscribechannelmsg', channel, scene.keys.user))
    await timer
    socket.terminate()
  },

  async capabilitiesBytesMax({ colonyname, refused }) {
    const about = { colonyname, executorname: 'ada' }
    const name = 'x'.repeat(limits.capabilitiesBytesMax)
    assert.equal(
      await refused('ada', 'updateexecutormsg', { ...about, capabilities: { software: [{ name }] } }),
      '400 capabilities must have at most 262144 bytes',
    )
    assert.equal(
      await refused('ada', 'reportallocationmsg', { ...about, allocations: { projects: { [name]: {} } } }),
      '400 allocations must have at most 262144 bytes',
    )
  },

  async descriptionBytesMax({ colonyname, allowed, refused }) {
    const location = (length: number) => ({ location: { colonyname, name: 'l', description: 'x'.repeat(length) } })
    assert.equal(
      await refused('owner', 'addlocationmsg', location(65_537)),
      '400 location.description has more than 65536 bytes',
    )
    await allowed('owner', 'addlocationmsg', location(65_536))
    const fun = { colonyname, executorname: 'ada', funcname: 'f', description: 'é'.repeat(32_769) }
    assert.equal(await refused('ada', 'addfunctionmsg', { fun }), '400 fun.description must have at most 65536 bytes')
  },

  async heartbeatProcessesMax({ colonyname, allowed, refused }) {
    const processids = many(10_001, () => freshId())
    await allowed('ada', 'heartbeatmsg', { colonyname, processids: processids.slice(1) })
    assert.equal(
      await refused('ada', 'heartbeatmsg', { colonyname, processids }),
      '400 processids has more than 10000 entries',
    )
  },

  async executorInstancesMax({ db, colonyname, allowed, refused }) {
    const beat = { colonyname, instanceid: freshId() }
    await allowed('ada', 'heartbeatmsg', beat)
    await db.run(sql`
      insert into executor_instances (colony, executor_id, instance_id, look_at)
      select colony, executor_id, n, 'infinity' from executor_instances, generate_series(2, 10000) n where colony > 0`)
    await allowed('ada', 'heartbeatmsg', beat)
    assert.equal(
      await refused('ada', 'heartbeatmsg', { colonyname, instanceid: freshId() }),
      '400 one executor has at most 10000 instances',
    )
  },

  async subscriptionsPerConnectionMax({ url, colonyname, scene }) {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/pubsub`)
    await once(socket, 'open')
    const frame = envelopeOf(
      'subscribeprocessesmsg',
      { colonyname, executortype: 'cli', timeout: 100 },
      scene.keys.user,
    )
    for (let count = 0; count <= limits.subscriptionsPerConnectionMax; count++) socket.send(frame)
    const [reply] = await once(socket, 'message')
    const { payload } = JSON.parse(String(reply))
    assert.deepEqual(JSON.parse(Buffer.from(payload, 'base64').toString()), {
      status: 429,
      message: 'One connection has at most 100 subscriptions; open another one',
      code: 'too_many',
    })
    socket.terminate()
  },
}

/** Resolves when this process starts a timer of so many milliseconds: the server runs in it. */
function timerOf(t: TestContext, delayMs: number): Promise<void> {
  const start = globalThis.setTimeout
  return new Promise((resolve) => {
    t.mock.method(globalThis, 'setTimeout', (...given: Parameters<typeof setTimeout>) => {
      if (given[1] === delayMs) resolve()
      return start(...given)
    })
  })
}

test('each bound of the protocol holds', async (t) => {
  const server = await testColony(t)
  const elsewhere = await makeElsewhere(server)
  for (const [name, check] of Object.entries(bounds)) {
    await t.test(name, async (inner) => check(benchOf(inner, server, await makeScene(server, elsewhere))))
  }
})

function benchOf(t: TestContext, { url, db }: TestColony, scene: Scene): Bench {
  const ask: Ask<Answer> = (by, payloadtype, payload) => send(url, envelopeOf(payloadtype, payload, scene.keys[by]))
  return {
    t,
    url,
    db,
    scene,
    colonyname: scene.name,
    async allowed(...asked) {
      const { status, message, payload } = await ask(...asked)
      assert.equal(status, 200, message)
      return payload
    },
    async refused(...asked) {
      const { status, message } = await ask(...asked)
      return `${status} ${message}`
    },
  }
}
