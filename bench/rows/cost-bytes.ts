import { type Database, sql } from '@colonies/database'
import type { Caller } from '../caller.js'
import { walBytes } from '../measure/spent.js'
import type { BenchColony, OurTarget, OwnRow, Size } from '../row.js'
import { makeColony, specFor } from '../stage/colony.js'

const AT_ONCE = 100

/** Of a table with its partitions, indexes and long values. */
async function bytesOf(db: Database, table: string): Promise<number> {
  const row = await db.one<{ bytes: bigint }>(sql`
    select (pg_total_relation_size(${table}::regclass) + coalesce(sum(pg_total_relation_size(relid)), 0))::bigint as bytes
    from pg_partition_tree(${table}::regclass) where relid <> ${table}::regclass`)
  return Number(row?.bytes ?? 0n)
}

async function submitMany({ user, name: colonyname }: BenchColony, count: number): Promise<void> {
  const items = Array.from({ length: AT_ONCE }, () => ({ spec: specFor(colonyname) }))
  for (let done = 0; done < count; done += AT_ONCE) await user.call('submitbatchmsg', { colonyname, items })
}

async function closeMany({ executors, name: colonyname }: BenchColony, count: number): Promise<void> {
  const executor = executors[0] as Caller
  for (let done = 0; done < count; ) {
    const input = { colonyname, timeout: 10, count: AT_ONCE }
    const came = await executor.call<{ processid: string }[]>('assignbatchmsg', input)
    const items = came.map(({ processid }) => ({ processid, out: ['done'] }))
    await executor.call('closebatchmsg', { colonyname, items })
    done += items.length
  }
}

async function bytes(target: OurTarget, size: Size) {
  const { db } = target
  const count = size === 'short' ? 2_000 : 50_000
  const colony = await makeColony(target, { executors: 1 })
  const tables = ['process_specs', 'live', 'results', 'events']
  const sizes = async () => Object.fromEntries(await Promise.all(tables.map(async (t) => [t, await bytesOf(db, t)])))
  const empty = await sizes()
  await submitMany(colony, count)
  const waiting = await sizes()
  await closeMany(colony, count)
  const ended = await sizes()
  const each = (of: Record<string, number>, table: string) => ((of[table] ?? 0) - (empty[table] ?? 0)) / count
  const walOf = async (settled: boolean) => {
    if (settled) await db.oneByOne(['checkpoint'])
    const before = await walBytes(db)
    await submitMany(colony, count / 10)
    await closeMany(colony, count / 10)
    return ((await walBytes(db)) - before) / (count / 10)
  }
  const wal = await walOf(false)
  const first = await walOf(true)
  colony.close()
  const waitingBytes = tables.reduce((sum, table) => sum + each(waiting, table), 0)
  const endedBytes = ['process_specs', 'results', 'events'].reduce((sum, table) => sum + each(ended, table), 0)
  return {
    value: endedBytes,
    note: `${Math.round(waitingBytes)} while it waits, ${Math.round(wal)} of the log in large batches`,
    parts: {
      'waiting disk bytes': waitingBytes,
      'waiting live disk bytes': each(waiting, 'live'),
      'ended disk bytes': endedBytes,
      'ended process_specs disk bytes': each(ended, 'process_specs'),
      'ended results disk bytes': each(ended, 'results'),
      'ended events disk bytes': each(ended, 'events'),
      'batched life wal bytes': wal,
      'batched life after a checkpoint wal bytes': first,
      'spec bytes': JSON.stringify(specFor(colony.name)).length,
    },
  }
}

/** First of the costs: where rows have gone before, new ones take their places, and tables do not grow. */
export const byteRow: OwnRow = {
  id: 'cost-bytes',
  says: 'bytes on disk of a process that has ended, with its history and all indexes',
  unit: 'bytes',
  better: 'less',
  kind: 'own',
  isAside: true,
  runs: 1,
  run: bytes,
}
