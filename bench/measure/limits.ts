import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Database, sql } from '@colonies/database'
import { createSigner, generatePrivateKey, recoverIdentity } from '@colonies/identity'
import { Connection } from '../connection.js'
import { commitsPerSecond } from './commits.js'
import { rateOf, timeOf } from './statistics.js'

/** What this machine does at best, beside which a rate of ours says something. */
export interface Limits {
  /** Commits of one row a second, one after the other. */
  commits: number
  /** The same, as the milliseconds of one. */
  commitMs: number
  /** Rows of processes a second (spec, queue, history: three rows each), in statements of 500, two at once, by our driver. */
  rows: number
  /** Requests a second to a server that answers with nothing, 64 at once. */
  roundTrips: number
  /** Signatures whose signer is found, a second, on one core. */
  recoveries: number
}

export type LimitName = keyof Limits

export async function measureLimits(db: Database): Promise<Limits> {
  await commitsPerSecond(db, 200)
  const commits = await commitsPerSecond(db, 1_000)
  return {
    commits,
    commitMs: 1_000 / commits,
    rows: await rowsPerSecond(db),
    roundTrips: await roundTripsPerSecond(),
    recoveries: await recoveriesPerSecond(),
  }
}

const ROWS_AT_ONCE = 500

/** Rows as a submit writes them, with their indexes, and nothing of what makes a queue of them. */
async function rowsPerSecond(db: Database): Promise<number> {
  await db.oneByOne([
    `create table if not exists bare_specs (
       id text collate "C" primary key, label text, kind text, priority bigint, body text)`,
    `create table if not exists bare_queue (
       id text collate "C" primary key, kind text, cpu bigint, memory bigint, priority bigint)`,
    'create index if not exists bare_queue_order on bare_queue (kind, cpu, memory, priority, id)',
    'create table if not exists bare_history (at timestamptz default now(), id text, state smallint)',
  ])
  const body = 'x'.repeat(600)
  const statement = async (_: number, turn: number) => {
    const ids = Array.from({ length: ROWS_AT_ONCE }, (_, n) => `${turn}-${n}`.padStart(64, '0'))
    await db.run(sql`
      with asked as materialized (
        select * from unnest(${ids}::text[], ${ids.map(() => body)}::text[]) as a (id, body)
      ), specs as (
        insert into bare_specs select id, 'label', 'cli', 1, body from asked
      ), queue as (
        insert into bare_queue select id, 'cli', 0, 0, 1 from asked
      )
      insert into bare_history (id, state) select id, 0 from asked`)
  }
  const rate = await rateOf(60, 2, statement)
  await db.run(sql`truncate bare_specs, bare_queue, bare_history`)
  return rate * ROWS_AT_ONCE
}

async function roundTripsPerSecond(): Promise<number> {
  const server = createServer((incoming, outgoing) => {
    incoming.resume()
    incoming.on('end', () => outgoing.end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const connections = Array.from({ length: 64 }, () => new Connection(`http://127.0.0.1:${port}`))
  const body = 'x'.repeat(600)
  const message = Buffer.from(`POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
  const once = (n: number) => (connections[n] as Connection).send(message)
  await rateOf(1_000, 64, once)
  const rate = await rateOf(5_000, 64, once)
  for (const connection of connections) connection.close()
  server.close()
  return rate
}

async function recoveriesPerSecond(): Promise<number> {
  const signer = createSigner(generatePrivateKey())
  const text = 'x'.repeat(400)
  const signature = signer.sign(text)
  const turns = 5_000
  const ms = await timeOf(async () => {
    for (let turn = 0; turn < turns; turn++) recoverIdentity(text, signature)
  })
  return (turns / ms) * 1_000
}
