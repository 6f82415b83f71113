import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { test } from 'node:test'
import { type Client, createClient } from '@colonies/client'
import { type Db, readLeader } from '@colonies/database'
import { generatePrivateKey } from '@colonies/identity'
import { testDatabase } from '@colonies/testkit'
import { ReplicaProcess } from '../chaos/stage/replica-process.js'

/** A lease of ten seconds, beats every two, and slow machines. */
const TAKE_OVER_MS = 25_000

async function leaderIn(client: Client): Promise<number> {
  return (await client.getCluster({})).leader.apiport
}

/** Until another one leads. @returns its port */
async function otherThan(port: number, client: Client): Promise<number> {
  for (const end = performance.now() + TAKE_OVER_MS; performance.now() < end; ) {
    const now = await leaderIn(client)
    if (now !== 0 && now !== port) return now
    // sleeps: a lease has to run out, by the clock of the database
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error('nobody took over')
}

async function untilNodes(client: Client, count: number): Promise<void> {
  for (const end = performance.now() + TAKE_OVER_MS; performance.now() < end; ) {
    if ((await client.getCluster({})).nodes.length === count) return
    // sleeps: replicas tell every two seconds that they live
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error(`there were never ${count} replicas`)
}

async function epochIn(db: Db): Promise<bigint> {
  const lease = await readLeader(db)
  if (!lease) throw new Error('nobody leads')
  return lease.epoch
}

test('all replicas name one leader, when it is killed and when it sleeps and wakes up', {
  timeout: 120_000,
}, async (t) => {
  const { db, config, beforeDrop } = await testDatabase(t)
  const serverKey = generatePrivateKey()
  const servers: ReplicaProcess[] = []
  for (let n = 0; n < 3; n++) {
    const server = await ReplicaProcess.on(config, serverKey)
    beforeDrop(() => server.stop())
    servers.push(server)
    await server.start()
  }
  const clients = new Map(
    servers.map(({ url, port }) => [port, createClient({ endpoint: url, privateKey: serverKey, retry: { forMs: 0 } })]),
  )
  const clientAt = (port: number) => clients.get(port) ?? assert.fail(`no replica at ${port}`)
  const serverAt = (port: number) => servers.find((one) => one.port === port) ?? assert.fail(`none at ${port}`)
  const anotherThan = (...ports: number[]) =>
    clientAt([...clients.keys()].find((port) => !ports.includes(port)) ?? assert.fail('no other'))

  const first = await otherThan(0, clientAt(servers[0]?.port ?? 0))
  const named = await Promise.all([...clients.values()].map(leaderIn))
  assert.deepEqual(named, [first, first, first])
  await untilNodes(clientAt(first), 3)
  const { leader } = await clientAt(first).getCluster({})
  assert.equal(leader.name, hostname())
  const epoch = await epochIn(db)

  const sleeper = serverAt(first)
  sleeper.signal('SIGSTOP')
  const second = await otherThan(first, anotherThan(first))
  assert.equal(await epochIn(db), epoch + 1n)
  sleeper.signal('SIGCONT')
  // Its very first answer, before it has beaten again.
  assert.equal(await leaderIn(clientAt(first)), second)

  await serverAt(second).kill()
  const third = await otherThan(second, anotherThan(second))
  assert.equal(await epochIn(db), epoch + 2n)
  const left = [...clients].filter(([port]) => port !== second)
  assert.deepEqual(await Promise.all(left.map(([, client]) => leaderIn(client))), [third, third])
  await untilNodes(clientAt(third), 2)
})
