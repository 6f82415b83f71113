import { connect, type DatabaseConfig, distribute, dropDatabase, migrate, sql } from '@colonies/database'
import { generatePrivateKey } from '@colonies/identity'
import { makeEmptyNodes } from '@colonies/testkit'
import { cpuSecondsOf } from '../measure/cpu.js'
import type { Target } from '../row.js'
import { postmasterOf, startReplica } from './our-server.js'

/** Few, as there are few nodes: each part of each table is made, and looked into. */
const SHARDS = 12

/** A replica on tables that are spread over nodes of this machine. */
export interface CitusServer extends Pick<Target, 'url' | 'serverKey'> {
  /** Processor time so far, in seconds, of each node in their order. */
  cpuSeconds(): Promise<{ server: number; nodes: number[] }>
  stop(): Promise<void>
}

/** `COLONIES_BENCH_CITUS=postgres://USER:PASSWORD@HOST:PORT,HOST:PORT,...`, the coordinator first; none when it is not set. */
export function nodesOfCitus(): DatabaseConfig[] {
  const [first, ...others] = (process.env.COLONIES_BENCH_CITUS ?? '').split(',').filter((one) => one !== '')
  if (!first) return []
  const { hostname, port, username, password } = new URL(first)
  const coordinator = { host: hostname, port: Number(port), user: username, password, database: 'postgres' }
  const rest = others.map((one) => new URL(`postgres://${one}`))
  return [coordinator, ...rest.map((url) => ({ ...coordinator, host: url.hostname, port: Number(url.port) }))]
}

/** @param spread whether the tables are distributed over all of the nodes, the first one too; else they are plain ones on the first */
export async function startCitusServer(nodes: readonly DatabaseConfig[], spread: boolean): Promise<CitusServer> {
  const database = `colonies_bench_${process.pid}`
  const all = nodes.map((node) => ({ ...node, database }))
  const [coordinator] = all
  if (!coordinator) throw new Error('there is no node')
  const end = async () => {
    for (const node of all) await dropDatabase(node, database)
  }
  try {
    await makeEmptyNodes(nodes, database)
    await fill(coordinator, spread)
    const postmasters = await Promise.all(all.map(postmasterAt))
    const serverKey = generatePrivateKey()
    const replica = await startReplica(coordinator, serverKey)
    return {
      url: replica.url,
      serverKey,
      cpuSeconds: async () => ({
        server: await cpuSecondsOf(replica.pid),
        nodes: await Promise.all(postmasters.map(cpuSecondsOf)),
      }),
      async stop() {
        await replica.stop()
        await end()
      },
    }
  } catch (error) {
    await end()
    throw error
  }
}

async function fill(coordinator: DatabaseConfig, spread: boolean): Promise<void> {
  const db = connect({ ...coordinator, keepsPlans: false })
  try {
    await migrate(db)
    if (!spread) return
    await db.run(sql`
      select citus_set_node_property(nodename, nodeport, 'shouldhaveshards', true) from pg_dist_node where groupid = 0`)
    await distribute(db, { shards: SHARDS, say: () => {} })
  } finally {
    await db.close()
  }
}

async function postmasterAt(config: DatabaseConfig): Promise<number> {
  const db = connect(config)
  try {
    return await postmasterOf(db)
  } finally {
    await db.close()
  }
}
