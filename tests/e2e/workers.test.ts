import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { type Client, createClient } from '@colonies/client'
import { sql } from '@colonies/database'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { testDatabase } from '@colonies/testkit'
import { freePort } from '../chaos/stage/free-port.js'
import { ReplicaProcess, theseSources } from '../chaos/stage/replica-process.js'

const run = promisify(execFile)

const colonyname = 'crew'
const spec = { funcname: 'f', maxexectime: 60, maxretries: 3, conditions: { colonyname, executortype: 'cli' } }
const LIMIT_MS = 15_000

/** A server of so many workers, a colony, and who works in it. */
async function crewOf(t: TestContext, workers: number, env: Record<string, string> = {}) {
  const { db, config, beforeDrop } = await testDatabase(t)
  const [serverKey, colonyKey, userKey, executorKey] = Array.from({ length: 4 }, generatePrivateKey)
  if (!serverKey || !colonyKey || !userKey || !executorKey) throw new Error('four keys were made')
  const server = await ReplicaProcess.on(config, serverKey, { COLONIES_WORKERS: String(workers), ...env })
  beforeDrop(() => server.stop())
  await server.start()
  const owner = createClient({ endpoint: server.url, privateKey: serverKey })
  const colonyOwner = owner.as(colonyKey)
  await owner.addColony({ colony: { name: colonyname, colonyid: identityOf(colonyKey) } })
  await colonyOwner.addUser({ user: { colonyname, userid: identityOf(userKey), name: 'me' } })
  const executor = { colonyname, executorid: identityOf(executorKey), executorname: 'e', executortype: 'cli' }
  await colonyOwner.addExecutor({ executor })
  await colonyOwner.approveExecutor({ colonyname, executorname: 'e' })
  await until(async () => (await namesIn(owner)).length === workers, 'all workers are members')
  return { server, db, owner, user: owner.as(userKey), executor: owner.as(executorKey) }
}

async function until(holds: () => Promise<boolean> | boolean, what: string): Promise<void> {
  for (const end = performance.now() + LIMIT_MS; performance.now() < end; ) {
    if (await holds()) return
    // sleeps: other processes are looked at, which tell nobody when they change
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  assert.fail(`it did not come about that ${what}`)
}

const namesIn = async (owner: Client) => (await owner.getCluster({})).nodes.map(({ name }) => name)

/** Processes that another one has started. Linux tells. */
function childrenOf(pid: number | undefined): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.trim().split(' ').filter(Boolean).map(Number)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('workers share one port, and each has its name and its metrics', async (t) => {
  const port = await freePort()
  const { server, owner } = await crewOf(t, 2, { COLONIES_METRICS: `127.0.0.1:${port}` })
  const { nodes } = await owner.getCluster({})
  assert.deepEqual(new Set(nodes.map(({ apiport }) => apiport)), new Set([server.port]))
  assert.deepEqual(
    nodes.map(({ name }) => name.replace(/^.*\//, '')),
    ['1', '2'],
  )
  for (const own of [port, port + 1]) {
    const text = await (await fetch(`http://127.0.0.1:${own}/metrics`)).text()
    assert.match(text, /^colonies_uptime_seconds /m)
  }
})

test('a worker that is killed is replaced, and nothing that was acknowledged is missing', async (t) => {
  const { server, db, owner, user } = await crewOf(t, 2)
  const acknowledged: string[] = []
  let submitting = true
  const load = Array.from({ length: 4 }, async () => {
    while (submitting) acknowledged.push((await user.submit({ spec })).processid)
  })
  const killed = new Set<number>()
  for (let kills = 0; kills < 3; kills++) {
    const before = acknowledged.length
    const [victim] = childrenOf(server.pid).filter((pid) => !killed.has(pid))
    if (victim === undefined) throw new Error('there is no worker')
    process.kill(victim, 'SIGKILL')
    killed.add(victim)
    await until(() => childrenOf(server.pid).filter((pid) => !killed.has(pid)).length === 2, 'it was replaced')
    await until(() => acknowledged.length > before + 20, 'submits go on')
  }
  submitting = false
  await Promise.all(load)
  const rows = await db.all<{ id: string }>(sql`select process_id as id from live where colony <> 0`)
  assert.deepEqual(new Set(rows.map(({ id }) => id)), new Set(acknowledged))
  await until(async () => (await namesIn(owner)).length >= 2, 'both are members')
})

test('SIGTERM answers what is on hold at all workers, and ends them within ten seconds', async (t) => {
  const { server, db, executor } = await crewOf(t, 2)
  const workers = childrenOf(server.pid)
  const asking = createClient({ endpoint: server.url, retry: { forMs: 0 } })
  // Each connection goes to the next worker; requests on hold keep theirs busy.
  const held = Array.from({ length: 8 }, () => executor.waitForProcess({ colonyname, timeout: 60 }))
  const settled = Promise.allSettled(held)
  await until(async () => {
    const text = await (await fetch(`${server.url}/metrics`, { headers: { connection: 'close' } })).text()
    return /^colonies_requests_held [1-9]/m.test(text)
  }, 'requests are on hold')
  const begun = performance.now()
  await server.stop()
  const seconds = (performance.now() - begun) / 1000
  await settled
  assert.ok(seconds < 10, `it took ${seconds} s`)
  assert.deepEqual(workers.filter(isAlive), [])
  assert.deepEqual(await db.all(sql`select name from replicas`), [], 'each has said goodbye')
  await assert.rejects(asking.getVersion({}))
})

test('workers do not outlive a parent that is killed', async (t) => {
  const { server } = await crewOf(t, 2)
  const workers = childrenOf(server.pid)
  assert.equal(workers.length, 2)
  await server.kill()
  await until(() => !workers.some(isAlive), 'they ended')
})

/** As docs/guides/production.md says. */
async function ownCertificate(t: TestContext): Promise<{ key: string; cert: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'colonies-tls-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const asked = 'req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost'
  await run('openssl', [...asked.split(' '), '-keyout', key, '-out', cert])
  return { key, cert }
}

test('workers do TLS themselves, and those that are left go on when one is killed', async (t) => {
  const { key, cert } = await ownCertificate(t)
  const { db, config, beforeDrop } = await testDatabase(t)
  const server = await ReplicaProcess.on(config, generatePrivateKey(), {
    COLONIES_WORKERS: '2',
    COLONIES_TLS: 'true',
    COLONIES_TLSKEY: key,
    COLONIES_TLSCERT: cert,
  })
  beforeDrop(() => server.stop())
  await server.start()
  const ca = await readFile(cert)
  /** Over a connection of its own. */
  const ask = () =>
    new Promise<number | undefined>((resolve, reject) => {
      const where = { host: 'localhost', port: server.port, path: '/health/ready', ca, agent: false }
      get(where, (reply) => resolve(reply.resume().statusCode)).once('error', reject)
    })
  const answers = async (count: number) => new Set(await Promise.all(Array.from({ length: count }, ask)))
  await until(async () => (await db.all(sql`select name from replicas`)).length === 2, 'both serve')
  const [first] = childrenOf(server.pid)
  process.kill(first ?? 0, 'SIGKILL')
  await until(() => childrenOf(server.pid).every((pid) => pid !== first), 'it is gone')
  assert.deepEqual(await answers(40), new Set([200]))

  const url = `https://localhost:${server.port}`
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: cert }
  await run(process.execPath, [theseSources, 'server', 'alive', '--server', url], { env })
  await assert.rejects(run(process.execPath, [theseSources, 'server', 'alive', '--server', url]), /certificate/)
})

test('settings that cannot work end all of it, told once', async (t) => {
  const { config } = await testDatabase(t)
  const server = await ReplicaProcess.on(config, generatePrivateKey(), {
    COLONIES_WORKERS: '3',
    COLONIES_TLS: 'true',
    COLONIES_TLSKEY: '/nonexistent/key.pem',
    COLONIES_TLSCERT: '/nonexistent/cert.pem',
  })
  await assert.rejects(server.start(), (error: Error) => {
    assert.match(error.message, /the server ended with 1/)
    assert.equal(error.message.split('COLONIES_TLSKEY names /nonexistent/key.pem').length, 2)
    return true
  })
})
