import assert from 'node:assert/strict'
import { type IncomingMessage, request } from 'node:http'
import { type TestContext, test } from 'node:test'
import { type Client, type ClientError, ConnectionError, createClient } from '@colonies/client'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { WebSocket } from 'ws'
import type { ReplicaProcess } from '../chaos/stage/replica-process.js'
import { startReplicas } from '../chaos/stage/replicas.js'
import { openStage } from '../chaos/stage/stage.js'
import { Balancer, balancerConfig, checkConfig } from './balancer.js'

const colonyname = 'balanced'
const spec = { funcname: 'work', conditions: { colonyname, executortype: 'cli' } }

interface Scene {
  balancer: Balancer
  replicas: readonly [ReplicaProcess, ReplicaProcess]
  /** Speaks to the balancer, and tries nothing twice. */
  user: Client
  executor: Client
}

async function scene(t: TestContext): Promise<Scene> {
  const { stage, close } = openStage({ say: (line) => t.diagnostic(line) })
  t.after(close)
  const { config } = await stage.database()
  const [serverKey = '', colonyKey = '', userKey = '', executorKey = ''] = Array.from({ length: 4 }, generatePrivateKey)
  const [one, other] = await startReplicas(stage, { database: config, serverKey, count: 2 })
  assert.ok(one && other)
  const replicas = [one, other] as const
  const balancer = await Balancer.before([one.port, other.port])
  stage.atEnd(() => balancer.stop())
  const options = { endpoint: balancer.url, retry: { forMs: 0 }, WebSocket: WebSocket as never }
  const owner = createClient({ ...options, privateKey: serverKey })
  await owner.addColony({ colony: { name: colonyname, colonyid: identityOf(colonyKey) } })
  const ofColony = owner.as(colonyKey)
  await ofColony.addUser({ user: { colonyname, userid: identityOf(userKey), name: 'me' } })
  await ofColony.addExecutor({
    executor: { colonyname, executorname: 'ada', executorid: identityOf(executorKey), executortype: 'cli' },
  })
  await ofColony.approveExecutor({ colonyname, executorname: 'ada' })
  return { balancer, replicas, user: owner.as(userKey), executor: owner.as(executorKey) }
}

/** @returns how many processes waited */
async function workOff(executor: Client): Promise<number> {
  for (let count = 0; ; count++) {
    const process = await executor.waitForProcess({ colonyname, timeout: -1 })
    if (!process) return count
    await executor.closeSuccessful({ processid: process.processid })
  }
}

/** With whom no replica is left. A connection on which one was killed a moment ago ends without an answer; then it asks again. */
async function refusalOf(user: Client): Promise<ClientError> {
  const end = Date.now() + 5_000
  for (;;) {
    const refusal = await user.submit({ spec }).then(
      () => assert.fail('somebody answered'),
      (error: ClientError) => error,
    )
    if (!(refusal instanceof ConnectionError) || Date.now() > end) return refusal
  }
}

test('HAProxy takes the configuration, and has nothing to warn of', async () => {
  const said = await checkConfig(balancerConfig)
  assert.match(said, /Configuration file is valid/)
  assert.doesNotMatch(said, /WARNING/)
})

test('replicas behind HAProxy', async (t) => {
  const { balancer, replicas, user, executor } = await scene(t)

  await t.test('a replica that is drained gets no requests', async () => {
    await balancer.tell('set server replicas/replica1 state drain')
    for (let i = 0; i < 10; i++) await user.submit({ spec })
    assert.equal(await workOff(executor), 10)
    const served = await fetch(`${replicas[0].url}/metrics`).then((reply) => reply.text())
    assert.doesNotMatch(served, /submitfuncspecmsg/)
    await balancer.tell('set server replicas/replica1 state ready')
  })

  await t.test('a subscription goes through', async () => {
    const { processid } = await user.submit({ spec })
    const frames = user.subscribeProcess({ colonyname, processid, executortype: 'cli', state: 2, timeout: 30 })
    await executor.assign({ colonyname, timeout: 10 })
    await executor.closeSuccessful({ processid })
    const { value } = await frames.next()
    assert.equal(value?.processid, processid)
  })

  await t.test('an executor that dies while it waits is given nothing: its poll ends with its connection', async () => {
    const abort = new AbortController()
    const dead = executor
      .assign({ colonyname, timeout: 30 }, { signal: abort.signal })
      .catch((error: Error) => error.name)
    // sleeps: the poll has to have reached its replica, and nobody tells
    await new Promise((resolve) => setTimeout(resolve, 500))
    abort.abort()
    assert.equal(await dead, 'AbortedError')
    // sleeps: as above, for the end of the connection
    await new Promise((resolve) => setTimeout(resolve, 500))
    const { processid } = await user.submit({ spec })
    assert.equal((await user.getProcess({ processid })).state, 0)
    assert.equal(await workOff(executor), 1)
  })

  await t.test(
    'a replica that is told to stop answers its held polls; those of the other one stay on hold',
    async () => {
      // The one that holds fewer connections gets the next poll, so each replica has one of the two.
      const polls = [1, 2].map(() => executor.waitForProcess({ colonyname, timeout: 30 }).catch(() => undefined))
      // sleeps: the polls have to have reached their replicas, and nobody tells
      await new Promise((resolve) => setTimeout(resolve, 500))
      await replicas[0].stop()
      const answered = await Promise.race([Promise.all(polls).then(() => 'all'), Promise.any(polls).then(() => 'one')])
      assert.equal(answered, 'one')

      const { processid } = await user.submit({ spec })
      const given = (await Promise.all(polls)).filter((process) => process !== undefined)
      assert.deepEqual(
        given.map((process) => process.processid),
        [processid],
      )
      await executor.closeSuccessful({ processid })
      await replicas[0].start()
    },
  )

  await t.test(
    'behind the balancer one replica is killed: what comes after is answered, without a second try',
    async () => {
      for (let i = 0; i < 20; i++) await user.submit({ spec })
      await replicas[0].kill()
      // Nothing is under way at the kill, so nothing may be lost: a replica that cannot be reached has done nothing.
      for (let i = 0; i < 20; i++) await user.submit({ spec })
      assert.equal(await workOff(executor), 40)
    },
  )

  await t.test(
    'metrics are not for those who come by the balancer, and without any replica it says when to come again',
    async () => {
      assert.equal((await fetch(`${balancer.url}/metrics`)).status, 403)
      await Promise.all(replicas.map((replica) => replica.kill()))
      const refusal = await refusalOf(user)
      assert.deepEqual([refusal.code, refusal.status], ['unavailable', 503], refusal.message)
      const reply = await new Promise<IncomingMessage>((resolve, reject) =>
        request(`${balancer.url}/api`, { method: 'POST' }, resolve).once('error', reject).end('{}'),
      )
      assert.deepEqual([reply.statusCode, reply.headers['retry-after']], [503, '1'])
    },
  )
})
