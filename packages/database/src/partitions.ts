import type { Db } from './db.js'
import { sql } from './sql.js'

/** One range of ids, and the tables that have a partition for it. */
export interface PartitionRange {
  /** End of the names of its tables: the day when it begins, `20261121`. */
  suffix: string
  /** First id of the range, and first one after it, as far as their times go: 12 hex digits of Unix milliseconds. */
  low: string
  high: string
  tables: PartitionedTable[]
}

export type PartitionedTable = 'process_specs' | 'results' | 'events'

/** Any number that no other user of the database is likely to lock. */
const LOCK = 7_216_031_854_922n
/** Nobody writes to a default partition while it is looked through: one that takes longer gets no partitions beside it. */
const MAKE_MS_MAX = '1000'
/** Where tables are spread, each part of them gets its own over the network. */
const MAKE_SPREAD_MS_MAX = '20000'

/** Ranges that have partitions, oldest first. */
export function listPartitions(db: Db): Promise<PartitionRange[]> {
  return db.all<PartitionRange>(sql`
    select substr(name, length(parent) + 2) as suffix, low, high, array_agg(parent order by parent) as tables
    from (
      select c.relname::text as name, p.relname::text as parent,
        substring(pg_get_expr(c.relpartbound, c.oid) from 'FROM \\(''([0-9a-f]+)''') as low,
        substring(pg_get_expr(c.relpartbound, c.oid) from 'TO \\(''([0-9a-f]+)''') as high
      from pg_inherits i
      join pg_class c on c.oid = i.inhrelid
      join pg_class p on p.oid = i.inhparent
      where i.inhparent in ('process_specs'::regclass, 'results'::regclass, 'events'::regclass)) parts
    where low is not null
    group by suffix, low, high order by low`)
}

/** Milliseconds since 1970 by the clock of the database. */
export async function databaseTimeMs(db: Db): Promise<number> {
  const row = await db.one<{ ms: bigint }>(sql`select (extract(epoch from now()) * 1000)::bigint as ms`)
  return Number(row?.ms ?? 0n)
}

/** The least id that is made at this time. */
export function idAt(timeMs: number): string {
  return Math.trunc(timeMs).toString(16).padStart(12, '0')
}

/**
 * Makes the partitions of one range; one replica at a time.
 *
 * @returns `refused` when rows of the range are in the default partition already, where they stay; `busy` when it was not
 *   possible at once, so that a later try may succeed
 */
export function makePartitions(
  db: Db,
  { suffix, low, high }: Pick<PartitionRange, 'suffix' | 'low' | 'high'>,
): Promise<'made' | 'refused' | 'busy'> {
  const timeout = db.nodes ? MAKE_SPREAD_MS_MAX : MAKE_MS_MAX
  return db.transaction(async (tx) => {
    const lock = await tx.one<{ taken: boolean }>(sql`
      select pg_try_advisory_xact_lock(${LOCK}) as taken, set_config('statement_timeout', ${timeout}, true)`)
    if (!lock?.taken) return 'busy'
    const row = await tx.one<{ outcome: 'made' | 'refused' | 'busy' }>(
      sql`select make_partitions(${suffix}, ${low}, ${high}) as outcome`,
    )
    return row?.outcome ?? 'busy'
  })
}

/** Drops one partition with all its rows. @returns false when others were using the table; try again later */
export async function dropPartition(db: Db, table: PartitionedTable, suffix: string): Promise<boolean> {
  const row = await db.one<{ outcome: string }>(sql`select drop_partition(${table}, ${suffix}) as outcome`)
  return row?.outcome === 'dropped'
}
