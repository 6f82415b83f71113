import { type Database, sql } from '@colonies/database'
import type { OurTarget } from '../row.js'
import { ownCpuSeconds } from './cpu.js'

/** What an operation cost on average: microseconds of processor time, and bytes of the log of PostgreSQL. */
export interface Spent {
  load: number
  server: number
  database: number
  wal: number
}

/** How far the log of PostgreSQL has been written, in bytes. */
export async function walBytes(db: Database): Promise<number> {
  const row = await db.one<{ bytes: bigint }>(sql`
    select (pg_current_wal_insert_lsn() - '0/0')::bigint as bytes`)
  return Number(row?.bytes ?? 0n)
}

/** What the work cost, for each operation of it. */
export async function spentBy(target: OurTarget, operations: number, work: () => Promise<unknown>): Promise<Spent> {
  const before = [await walBytes(target.db), await target.cpuSeconds(), ownCpuSeconds()] as const
  await work()
  const after = [await walBytes(target.db), await target.cpuSeconds(), ownCpuSeconds()] as const
  return {
    load: ((after[2] - before[2]) * 1e6) / operations,
    server: ((after[1].server - before[1].server) * 1e6) / operations,
    database: ((after[1].database - before[1].database) * 1e6) / operations,
    wal: (after[0] - before[0]) / operations,
  }
}

/** Of several works of one kind, each with as many operations as the other. */
export function meanOf(all: readonly Spent[]): Spent {
  const mean = (of: keyof Spent) => all.reduce((sum, one) => sum + one[of], 0) / all.length
  return { load: mean('load'), server: mean('server'), database: mean('database'), wal: mean('wal') }
}

/** Under names that begin with what was done, and end with the unit. */
export function partsOf(what: string, { load, server, database, wal }: Spent): Record<string, number> {
  return {
    [`${what} load µs`]: load,
    [`${what} server µs`]: server,
    [`${what} database µs`]: database,
    [`${what} wal bytes`]: wal,
  }
}
