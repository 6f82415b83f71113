import type { Db } from '../db.js'
import { sql } from '../sql.js'
import type { ColonyKey } from '../submissions.js'
import { distributedTables, LAST_TABLE } from './layout.js'

/** One part of every table: those of its rows whose colonies have hashes in one range. */
export interface Shard {
  /** Tells shards apart. */
  key: string
  /** Which node has it: `host:port`. */
  node: string
  /** Names on that node by names of tables; also those of tables that every node has. */
  names: ReadonlyMap<string, string>
}

export interface NodeAddress {
  host: string
  port: number
  /** It is the one that has the catalog. */
  isCoordinator: boolean
}

export interface ShardMap {
  /** Tables that are distributed by colony. */
  tenant: readonly string[]
  /** Tables that every node has. */
  shared: readonly string[]
  shards: readonly Shard[]
  /** Nodes that have shards. */
  nodes: ReadonlyMap<string, NodeAddress>
}

interface PlacementRow {
  table_name: string
  shard_id: bigint
  /** null: of a table that every node has. */
  low: number | null
  node: string
  host: string
  port: number
  is_coordinator: boolean
}

/** @throws Error with a sentence for whoever runs the server when only some of the tables are distributed */
export async function isDistributed(db: Db): Promise<boolean> {
  const installed = await db.one(sql`select 1 from pg_extension where extname = 'citus'`)
  if (!installed) return false
  const tables = await distributedTables(db)
  if (tables.length > 0 && !tables.includes(LAST_TABLE)) {
    throw new Error(
      'Not all tables of this database are distributed: run `colonies database distribute` again, which goes on from there.',
    )
  }
  return tables.length > 0
}

/** Which node has which part of which table, as the coordinator has it in its catalog. */
export async function readShardMap(db: Db): Promise<ShardMap> {
  const rows = await db.all<PlacementRow>(sql`
    select c.relname::text as table_name, s.shardid as shard_id, s.shardminvalue::int as low,
      n.nodename || ':' || n.nodeport as node, n.nodename as host, n.nodeport as port,
      n.groupid = 0 as is_coordinator
    from pg_dist_shard s
    join pg_dist_placement p on p.shardid = s.shardid and p.shardstate = 1
    join pg_dist_node n on n.groupid = p.groupid and n.noderole = 'primary' and n.isactive
    join pg_class c on c.oid = s.logicalrelid and not c.relispartition
    where c.relnamespace = current_schema()::regnamespace
    order by s.shardid`)
  const shared = new Map<string, string>()
  for (const { table_name, shard_id, low } of rows)
    if (low === null) shared.set(table_name, `${table_name}_${shard_id}`)
  const parts = new Map<number, { node: string; names: Map<string, string> }>()
  const nodes = new Map<string, NodeAddress>()
  for (const { table_name, shard_id, low, node, host, port, is_coordinator: isCoordinator } of rows) {
    if (low === null) continue
    nodes.set(node, { host, port, isCoordinator })
    const part = parts.get(low) ?? { node, names: new Map(shared) }
    parts.set(low, part)
    if (part.node !== node) throw new Error(`The shards of ${table_name} are not where those of the other tables are.`)
    part.names.set(table_name, `${table_name}_${shard_id}`)
  }
  const tenant = [...new Set(rows.filter((row) => row.low !== null).map((row) => row.table_name))]
  const shards = [...parts].map(([low, part]) => ({ key: String(low), ...part }))
  return { tenant, shared: [...shared.keys()], shards, nodes }
}

/** @returns the `key` of the shard that has the rows of a colony */
export async function shardKeyOf(db: Db, colony: ColonyKey): Promise<string | undefined> {
  const row = await db.one<{ low: string }>(sql`
    select shardminvalue as low from pg_dist_shard
    where shardid = get_shard_id_for_distribution_column('live', ${colony}::int)`)
  return row?.low
}
