import assert from 'node:assert/strict'
import { type Client, createClient } from '@colonies/client'
import { type Database, sql } from '@colonies/database'
import { generatePrivateKey } from '@colonies/identity'
import { configFrom, createLog, createReplica, type LoopContext, type Parts, startServer } from '@colonies/server'
import { serverVariables, type TestDatabase, type TestScope, testDatabase } from '@colonies/testkit'
import { WebSocket } from 'ws'
import { makeElsewhere, makeScene, type Scene } from '../access/scene.js'
import { type ChildServer, startChildServer } from '../hostile/child-server.js'

/** A server in a process of its own, and a colony on it that a test fills past it. */
export interface Crowd {
  readonly db: Database
  readonly server: ChildServer
  readonly serverOwner: Client
  readonly scene: Scene
  /** The name of the colony, and its key in all tables. */
  readonly colonyname: string
  readonly colony: number
  /** Runs a background loop of another replica once. */
  runOnce(loop: string): Promise<'again' | 'rest'>
}

export async function startCrowd(t: TestScope): Promise<Crowd> {
  const database = await testDatabase(t)
  const { db } = database
  const keys = { server: generatePrivateKey() }
  const server = await startChildServer(t, database, keys.server)
  const serverOwner = createClient({
    endpoint: `http://127.0.0.1:${server.port}`,
    privateKey: keys.server,
    WebSocket: WebSocket as never,
  })
  const scene = await makeScene({ serverOwner, keys }, await makeElsewhere({ serverOwner, keys }))
  const row = await db.one<{ key: number }>(sql`select colony_key as key from colonies where name = ${scene.name}`)
  assert.ok(row)
  const { runOnce } = await quietReplica(database, keys.server)
  return { db, server, serverOwner, scene, colonyname: scene.name, colony: row.key, runOnce }
}

/** A replica in this process whose loops run when they are told to. */
export async function quietReplica(
  database: TestDatabase,
  serverKey = generatePrivateKey(),
): Promise<{ context: LoopContext; runOnce: Crowd['runOnce'] }> {
  const { config, db } = database
  const log = createLog({ level: 'error' })
  let parts: Parts | undefined
  const server = await startServer(
    configFrom({
      ...serverVariables(config, serverKey),
      COLONIES_STORE: 'false',
      COLONIES_RETENTION: 'true',
      COLONIES_RETENTION_POLICY: '86400',
    }),
    {
      log,
      wire(shell) {
        parts = createReplica(shell)
        return { ...parts, loops: [] }
      },
    },
  )
  database.beforeDrop(() => server.stop())
  assert.ok(parts)
  const { loops, replica } = parts
  const context: LoopContext = { db, replica, log, signal: new AbortController().signal }
  return {
    context,
    runOnce(name) {
      const loop = loops.find((one) => one.name === name)
      assert.ok(loop, `there is no loop ${name}`)
      return loop.runOnce(context)
    },
  }
}

/** The loops that look for something to do in all colonies. */
export const loops = [
  'deadlines',
  'crons',
  'generators',
  'lost-executors',
  'lost-instances',
  'unknown-holders',
  'idle-poll',
  'counters',
  'clean-up',
] as const

/** One run of each loop, by its name. */
export const loopSteps = ({ runOnce }: Crowd): Record<string, () => Promise<unknown>> =>
  Object.fromEntries(loops.map((name) => [`loop ${name}`, () => runOnce(name)]))
