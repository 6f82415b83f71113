import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Client, createClient } from '@colonies/client'
import { createExecutor, defineFunction } from '@colonies/executor'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { testDatabase } from '@colonies/testkit'
import { WebSocket } from 'ws'
import { ReplicaProcess } from '../chaos/stage/replica-process.js'
import { CliProcess } from './cli-process.js'

const colonyname = 'failover'
const spec = { funcname: 'work', maxexectime: 60, maxretries: 3, conditions: { colonyname, executortype: 'cli' } }
/** Far less than the time limits of calls and subscriptions: nobody sat out the silence of a dead replica. */
const SOON_MS = 10_000

/** Two replicas; clients prefer the first. */
async function twoReplicas(t: TestContext) {
  const { config, beforeDrop } = await testDatabase(t)
  const [serverKey, colonyKey, userKey, executorKey] = Array.from({ length: 4 }, generatePrivateKey)
  if (!serverKey || !colonyKey || !userKey || !executorKey) throw new Error('four keys were made')
  const replicas = [await ReplicaProcess.on(config, serverKey), await ReplicaProcess.on(config, serverKey)] as const
  for (const replica of replicas) {
    beforeDrop(() => replica.stop())
    await replica.start()
  }
  const endpoints = replicas.map(({ url }) => url)
  /** Each with connections and preferences of its own. */
  const clientOf = (privateKey: string) => createClient({ endpoints, privateKey, WebSocket: WebSocket as never })
  const owner = clientOf(serverKey)
  await owner.addColony({ colony: { name: colonyname, colonyid: identityOf(colonyKey) } })
  await owner.as(colonyKey).addUser({ user: { colonyname, userid: identityOf(userKey), name: 'me' } })
  const executor = { colonyname, executorid: identityOf(executorKey), executorname: 'e', executortype: 'cli' }
  await owner.as(colonyKey).addExecutor({ executor })
  await owner.as(colonyKey).approveExecutor({ colonyname, executorname: 'e' })
  return { replicas, endpoints, clientOf, userKey, executorKey }
}

async function within<Result>(work: Promise<Result>, what: string): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${SOON_MS} ms: ${what}`)), SOON_MS)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** Until a replica holds requests. */
async function holds(replica: ReplicaProcess, count: number): Promise<void> {
  for (const end = performance.now() + SOON_MS; performance.now() < end; ) {
    const text = await (await fetch(`${replica.url}/metrics`)).text()
    if (Number(/^colonies_requests_held (\d+)/m.exec(text)?.[1]) >= count) return
    // sleeps: another process is looked at, which tells nobody when it changes
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${replica.url} never held ${count} requests`)
}

for (const end of ['kill', 'stop'] as const) {
  test(`who waits at a replica goes on at the other one after a ${end}`, { timeout: 120_000 }, async (t) => {
    const { replicas, clientOf, userKey, executorKey } = await twoReplicas(t)
    const [first] = replicas
    const user = clientOf(userKey)
    const executor = clientOf(executorKey)
    const ended = user.run(spec)
    const { processid } = (await executor.waitForProcess({ colonyname, timeout: 20 })) ?? assert.fail('none came')
    const held = executor.waitForProcess({ colonyname, timeout: 50 })
    await holds(first, 1)
    await first[end]()

    const next = await user.submit({ spec })
    const assigned = await within(held, 'the assign that was held')
    // A replica that stops in order answers that there is nothing, which is asked again.
    const second = assigned ?? (await executor.waitForProcess({ colonyname, timeout: 20 }))
    assert.equal(second?.processid, next.processid)
    await executor.closeSuccessful({ processid, out: ['done'] })
    assert.deepEqual((await within(ended, 'the end of the process')).out, ['done'])
  })
}

test('an executor works on through the deaths of its replicas, in turns', { timeout: 120_000 }, async (t) => {
  const { replicas, clientOf, userKey, executorKey } = await twoReplicas(t)
  const work = defineFunction({ name: 'work' }, ({ process }) => [process.processid])
  const executor = createExecutor({
    client: clientOf(executorKey),
    colonyname,
    name: 'e',
    type: 'cli',
    functions: [work],
    report: () => {},
  })
  await executor.start()
  const user: Client = clientOf(userKey)
  for (const replica of [...replicas, ...replicas]) {
    await replica.kill()
    const process = await within(user.run(spec), 'a process after a kill')
    assert.deepEqual(process.out, [process.processid])
    await replica.start()
  }
  await executor.stop()
})

test('commands take a list of servers, whichever of them are dead', { timeout: 120_000 }, async (t) => {
  const { replicas, endpoints, userKey } = await twoReplicas(t)
  await replicas[0].kill()
  const list = endpoints.join(',')
  const keys = { COLONIES_COLONY_NAME: colonyname, COLONIES_PRVKEY: userKey }
  const byFlag = await new CliProcess(['process', 'ls', '--server', list], keys).ended
  assert.equal(byFlag.code, 0, byFlag.err)
  const byVariable = await new CliProcess(['process', 'ls'], { ...keys, COLONIES_SERVERS: list }).ended
  assert.equal(byVariable.code, 0, byVariable.err)
})
