import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, createClient } from '@colonies/client'
import { type Database, sql } from '@colonies/database'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import type { State } from '@colonies/protocol'
import {
  configFrom,
  createLog,
  createReplica,
  type Environment,
  type Loop,
  type RunningServer,
  startServer,
} from '@colonies/server'
import { WebSocket } from 'ws'
import { listenFor } from './plain-rows.js'
import { serverVariables } from './server-environment.js'
import { spreadRequests } from './spread-requests.js'
import { type TestDatabase, type TestScope, testDatabase } from './test-database.js'

/** A real replica on a database of its own, with one colony and callers of every role; gone when the test ends. */
export interface TestColony {
  readonly name: string
  readonly url: string
  readonly db: Database
  readonly database: TestDatabase
  readonly server: RunningServer
  readonly serverOwner: Client
  readonly colonyOwner: Client
  /** A user of the colony. */
  readonly user: Client
  /** A key that nobody knows. */
  readonly stranger: Client
  /** Private keys by role, for clients of other kinds. */
  readonly keys: { readonly server: string; readonly colony: string; readonly user: string }
  /** An approved executor of type `cli`; added at the first call with this name. */
  executor(name: string, changes?: { type?: string; location?: string; approve?: boolean }): Promise<Client>
  /** Submits for executors of type `cli`. @returns the id of the process */
  submit(spec?: Parameters<Client['submit']>[0]['spec']): Promise<string>
  /** Takes the next process for an executor. @returns its id; undefined when there is none */
  assign(executor: string): Promise<string | undefined>
  stateOf(processid: string): Promise<keyof typeof State>
  /** Moves every deadline and time of life in the rows into the past, while replicas listen; nothing sleeps. */
  passTime(time: { seconds: number }): Promise<void>
  /** Runs a background loop until it rests. */
  run(loop: Loop): Promise<void>
  /** Another replica on the same database. */
  anotherReplica(): Promise<RunningServer>
}

export interface TestColonyOptions {
  env?: Environment
  /** Loops run by themselves only when asked for: most tests call `run`. */
  loops?: boolean
}

const stateNames = ['waiting', 'running', 'success', 'failed', 'cancelled'] as const

export async function testColony(t: TestScope, options: TestColonyOptions = {}): Promise<TestColony> {
  const database = await testDatabase(t)
  const { db } = database
  const keys = { server: generatePrivateKey(), colony: generatePrivateKey(), user: generatePrivateKey() }
  const { server, replica } = await startReplica({ database, serverKey: keys.server, ...options })
  const url = await urlOf(server, () => startReplica({ database, serverKey: keys.server, ...options }), database)
  const name = 'dev'
  const serverOwner = clientFor(url, keys.server)
  const colonyOwner = serverOwner.as(keys.colony)
  await serverOwner.addColony({ colony: { name, colonyid: identityOf(keys.colony) } })
  await colonyOwner.addUser({ user: { colonyname: name, userid: identityOf(keys.user), name: 'me' } })
  const user = serverOwner.as(keys.user)
  const executors = new Map<string, Client>()

  const executor: TestColony['executor'] = async (executorname, changes = {}) => {
    const known = executors.get(executorname)
    if (known) return known
    const key = generatePrivateKey()
    await colonyOwner.addExecutor({
      executor: {
        colonyname: name,
        executorname,
        executorid: identityOf(key),
        executortype: changes.type ?? 'cli',
        locationname: changes.location ?? '',
      },
    })
    if (changes.approve !== false) await colonyOwner.approveExecutor({ colonyname: name, executorname })
    const client = serverOwner.as(key)
    executors.set(executorname, client)
    return client
  }

  return {
    name,
    url,
    db,
    database,
    server,
    serverOwner,
    colonyOwner,
    user,
    stranger: serverOwner.as(generatePrivateKey()),
    keys,
    executor,
    async submit(spec = {}) {
      const conditions = { executortype: 'cli', ...spec.conditions, colonyname: name }
      return (await user.submit({ spec: { funcname: 'f', ...spec, conditions } })).processid
    },
    async assign(executorname) {
      const client = await executor(executorname)
      const process = await client.waitForProcess({ colonyname: name, timeout: -1 })
      return process?.processid
    },
    async stateOf(processid) {
      const { state } = await user.getProcess({ processid })
      return stateNames[state] ?? 'waiting'
    },
    async passTime({ seconds }) {
      await db.run(sql`update live set deadline = deadline - make_interval(secs => ${seconds}::int) where colony <> 0`)
      await db.run(sql`
        update executors set heartbeat_at = heartbeat_at - make_interval(secs => ${seconds}::int),
          last_heard_at = last_heard_at - make_interval(secs => ${seconds}::int)`)
      await listenFor(db, seconds)
    },
    async run(loop) {
      const context = { db, replica, log: createLog({ level: 'error' }), signal: new AbortController().signal }
      while ((await loop.runOnce(context)) === 'again');
    },
    anotherReplica: async () => (await startReplica({ database, serverKey: keys.server, ...options })).server,
  }
}

/**
 * The address that tests ask. With `COLONIES_TEST_REPLICAS` above 1 it is one in front of that many replicas, which get the
 * requests in turn: no test may depend on which of them is asked.
 */
async function urlOf(
  server: RunningServer,
  another: () => Promise<{ server: RunningServer }>,
  database: TestDatabase,
): Promise<string> {
  const { env } = process
  const replicas = Number(env.COLONIES_TEST_REPLICAS ?? 1)
  if (replicas < 2) return server.url
  const ports = [server.port]
  while (ports.length < replicas) ports.push((await another()).server.port)
  const spreader = await spreadRequests(ports)
  database.beforeDrop(() => spreader.stop())
  return spreader.url
}

/** Refusals come at once, instead of after retries. */
function clientFor(url: string, privateKey: string): Client {
  return createClient({ endpoint: url, privateKey, retry: { forMs: 0 }, WebSocket: WebSocket as never })
}

interface ReplicaOptions extends TestColonyOptions {
  database: TestDatabase
  serverKey: string
}

async function startReplica({ database, serverKey, env = {}, loops = false }: ReplicaOptions) {
  const { config } = database
  const storeDir = join(tmpdir(), `colonies-objects-${config.database}`)
  let replica: Parameters<Loop['runOnce']>[0]['replica'] | undefined
  const server = await startServer(
    configFrom({
      ...serverVariables(config, serverKey),
      COLONIES_STORE_DIR: storeDir,
      ...env,
    }),
    {
      log: createLog({ level: 'error' }),
      wire(shell) {
        const parts = createReplica(shell)
        replica = parts.replica
        return loops ? parts : { ...parts, loops: parts.loops.filter((loop) => loop.name === 'event-poll') }
      },
    },
  )
  database.beforeDrop(async () => {
    await server.stop()
    await rm(storeDir, { recursive: true, force: true })
  })
  if (!replica) throw new Error('the replica was not put together')
  return { server, replica }
}
