import { readdir, readFile } from 'node:fs/promises'
import { type Db, sql } from '@colonies/database'
import type { Sample } from '../judge/growth.js'
import type { ReplicaProcess } from './replica-process.js'

/** Tables whose rows are few however much was done. Those of history grow with each process, and are told per process. */
const hotTables = ['live', 'wanted', 'counters', 'executors', 'replicas', 'generators', 'generator_args', 'crons']
const historyTables = ['process_specs', 'results', 'events']
const MEGABYTE = 2 ** 20

/** One look at all that may not grow: memory in MB, open files, connections, sizes of tables in MB, bytes of a process. */
export async function look(db: Db, replicas: readonly ReplicaProcess[]): Promise<Sample[]> {
  const [hot, history, connections, ...processes] = await Promise.all([
    sizes(db, hotTables),
    sizes(db, historyTables),
    db.one<{ count: number }>(sql`
      select count(*)::int as count from pg_stat_activity where datname = current_database()`),
    ...replicas.map(lookAt),
  ])
  const made = await db.one<{ count: number }>(sql`select count(*)::int as count from process_specs`)
  const bytes = history.reduce((sum, { value }) => sum + value, 0) * MEGABYTE
  return [
    ...hot,
    { what: 'bytes of a process', value: bytes / Math.max(1, made?.count ?? 0) },
    { what: 'connections to the database', value: connections?.count ?? 0 },
    ...processes.flat(),
  ]
}

async function sizes(db: Db, tables: readonly string[]): Promise<Sample[]> {
  // The tree of a table without partitions is empty, and a table with partitions has no bytes of its own.
  return db.all<Sample>(sql`
    select 'MB of table ' || t.name as what, (pg_total_relation_size(t.name::regclass) + (
        select coalesce(sum(pg_total_relation_size(relid)), 0) from pg_partition_tree(t.name::regclass)
        where relid <> t.name::regclass))::float8 / ${MEGABYTE}::int as value
    from unnest(${tables}::text[]) as t (name)`)
}

async function lookAt({ pid, port }: ReplicaProcess): Promise<Sample[]> {
  if (pid === undefined) return []
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const kilobytes = Number(/^RssAnon:\s*(\d+) kB/m.exec(status)?.[1] ?? 0)
  const files = await readdir(`/proc/${pid}/fd`)
  return [
    { what: `MB of the replica on port ${port}`, value: kilobytes / 1024 },
    { what: `open files of the replica on port ${port}`, value: files.length },
  ]
}
