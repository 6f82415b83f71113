import { readdir, readFile } from 'node:fs/promises'
import { type Db, type Sql, sql } from '@colonies/database'
import type { Sample } from '../judge/growth.js'
import type { ReplicaProcess } from './replica-process.js'

/** Tables that grow with each process or graph: their bytes are told per process. All others have few rows however much was done. */
const perProcessTables = [
  'process_specs',
  'results',
  'events',
  'attributes',
  'requests',
  'graphs',
  'graph_nodes',
  'edges',
]
const MEGABYTE = 2 ** 20

/** One look at all that may not grow: memory in MB, open files, connections, sizes of tables in MB, bytes of a process. */
export async function look(db: Db, replicas: readonly ReplicaProcess[]): Promise<Sample[]> {
  const [tables, connections, made, ...processes] = await Promise.all([
    sizes(db),
    count(db, sql`select count(*)::int as count from pg_stat_activity where datname = current_database()`),
    count(db, sql`select count(*)::int as count from process_specs`),
    ...replicas.map(lookAt),
  ])
  const ofProcess = (megabytes: number) => (megabytes * MEGABYTE) / Math.max(1, made)
  const growing = tables.filter(({ table }) => perProcessTables.includes(table))
  if (growing.length < perProcessTables.length) throw new Error(`of ${perProcessTables} some are no tables`)
  return [
    ...tables.map(({ table, megabytes }) =>
      perProcessTables.includes(table)
        ? { what: `bytes of a process in ${table}`, value: ofProcess(megabytes) }
        : { what: `MB of table ${table}`, value: megabytes },
    ),
    { what: 'bytes of a process', value: ofProcess(growing.reduce((sum, { megabytes }) => sum + megabytes, 0)) },
    { what: 'connections to the database', value: connections },
    ...processes.flat(),
  ]
}

/** Sizes of all tables, with their indexes and partitions. */
async function sizes(db: Db): Promise<{ table: string; megabytes: number }[]> {
  // The tree of a table without partitions is empty, and a table with partitions has no bytes of its own.
  return db.all<{ table: string; megabytes: number }>(sql`
    select c.relname as table, (pg_total_relation_size(c.oid) + (
        select coalesce(sum(pg_total_relation_size(relid)), 0) from pg_partition_tree(c.oid)
        where relid <> c.oid))::float8 / ${MEGABYTE}::int as megabytes
    from pg_class c
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition`)
}

async function count(db: Db, statement: Sql): Promise<number> {
  const row = await db.one<{ count: number }>(statement)
  if (!row) throw new Error('nothing was counted')
  return row.count
}

async function lookAt({ pid, port }: ReplicaProcess): Promise<Sample[]> {
  if (pid === undefined) throw new Error(`no replica was started on port ${port}`)
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const files = await readdir(`/proc/${pid}/fd`)
  return [
    { what: `MB of the replica on port ${port}`, value: residentKilobytes(status) / 1024 },
    { what: `open files of the replica on port ${port}`, value: files.length },
  ]
}

/** @throws when it is not told, as of a process that has ended: nothing would look like memory that does not grow */
export function residentKilobytes(status: string): number {
  const told = /^RssAnon:\s*(\d+) kB/m.exec(status)?.[1]
  if (told === undefined) throw new Error('the memory of a replica is not told')
  return Number(told)
}
