import { escapeLiteral } from 'pg'
import type { Database, ScriptTransaction } from '../connect.js'
import type { Db } from '../db.js'
import { listMigrations, migrationsFolder } from '../migrations-folder.js'
import { forgetTransactionIds } from '../restored.js'
import { sql } from '../sql.js'
import { distributedTables, LAST_TABLE, ownTables, sharedTables, tenantTables } from './layout.js'
import { GUARD } from './shard-guard.js'

export interface DistributeOptions {
  /** Parts into which each table is split; the most nodes that it can ever be spread over. */
  shards: number
  /** Told what is done, table by table. */
  say: (line: string) => void
}

export interface Distributed {
  /** Tables that this call distributed; none when all were before. */
  tables: string[]
  /** Nodes that have shards, as `host:port`. */
  nodes: string[]
}

/** Why a database cannot be distributed, and what to do about it. */
export class NotDistributable extends Error {
  override name = 'NotDistributable'
}

const OLDEST_CITUS = 12
/** Any number that no other user of the database is likely to lock. */
const LOCK = 7_216_031_854_925n
/** A replica says every few seconds that it lives. */
const REPLICA_SILENT_SECONDS = 30

/**
 * Spreads the tables over the nodes that Citus knows, with the rows that they have: those that begin with the colony by colony,
 * what statements about colonies read besides to every node.
 *
 * Each table is a transaction of its own, so one killed on the way leaves whole tables behind, and the next call goes on from
 * there. No replica may run meanwhile, and none starts on a database that is half distributed.
 *
 * @throws NotDistributable with a sentence for whoever runs it
 */
export async function distribute(db: Database, { shards, say }: DistributeOptions): Promise<Distributed> {
  const nodes = await requireNodes(db)
  await requireTables(db)
  await requireNoReplicas(db)
  await ensureOwnTables(db)
  const before = new Set(await distributedTables(db))
  const tenant = (await tenantTables(db)).map(({ name }) => name)
  const ordered = [...tenant.filter((name) => name !== LAST_TABLE), LAST_TABLE]
  const shared = sharedTables.filter((name) => !before.has(name))
  const missing = ordered.filter((name) => !before.has(name))
  const total = shared.length + missing.length
  let count = 0
  // Each node counts its transactions for itself.
  if (before.size === 0) await inTurn(db, forgetTransactionIds)
  await ensureFunctions(db)
  for (const name of shared) {
    await inTurn(db, (tx) => tx.script(`select create_reference_table(${escapeLiteral(name)})`))
    say(`${++count} of ${total}: every node has ${name}`)
  }
  for (const name of missing) {
    if (name === LAST_TABLE) await ensureGuard(db, ordered[0] ?? '')
    const isFirst = name === ordered[0]
    await inTurn(db, async (tx) => {
      await tx.run(sql`select set_config('citus.shard_count', ${String(shards)}, true)`)
      // As a script it may take as long as it takes: the rows that there are go over the network.
      const beside = escapeLiteral(isFirst ? 'none' : (ordered[0] ?? 'none'))
      await tx.script(`select create_distributed_table(${escapeLiteral(name)}, 'colony', colocate_with => ${beside})`)
    })
    say(`${++count} of ${total}: ${name} is spread by colony`)
  }
  for (const name of [...sharedTables, ...ordered]) await dropLocalRows(db, name)
  return { tables: [...shared, ...missing], nodes }
}

async function requireNodes(db: Db): Promise<string[]> {
  const citus = await db.one<{ version: string }>(sql`
    select extversion as version from pg_extension where extname = 'citus'`)
  if (!citus) {
    throw new NotDistributable(
      'This database does not have the extension citus. Install it on every node with shared_preload_libraries = citus, ' +
        'make a database of this name on each, and run `create extension citus` in all of them.',
    )
  }
  if (Number.parseInt(citus.version, 10) < OLDEST_CITUS)
    throw new NotDistributable(`Citus ${citus.version} is too old: Colonies needs ${OLDEST_CITUS} or newer.`)
  const nodes = await db.all<{ node: string; group_id: number; has_shards: boolean }>(sql`
    select nodename || ':' || nodeport as node, groupid as group_id, shouldhaveshards as has_shards
    from pg_dist_node where noderole = 'primary' and isactive order by groupid`)
  if (!nodes.some((node) => node.group_id === 0)) {
    throw new NotDistributable(
      "The other nodes do not know where this one is: run `select citus_set_coordinator_host('name', 5432)` here, with the " +
        'name by which they reach it.',
    )
  }
  const withShards = nodes.filter((node) => node.has_shards)
  if (withShards.length === 0) {
    throw new NotDistributable(
      "No node is there to take tables: run `select citus_add_node('name', 5432)` here for each of them.",
    )
  }
  return withShards.map((node) => node.node)
}

async function requireTables(db: Db): Promise<void> {
  const migrated = await db.one<{ there: boolean }>(sql`select to_regclass('schema_migrations') is not null as there`)
  const newest = (await listMigrations(migrationsFolder)).at(-1)?.number ?? 0
  const row = migrated?.there
    ? await db.one<{ number: number }>(sql`select max(number) as number from schema_migrations`)
    : undefined
  if (row?.number !== newest) {
    throw new NotDistributable(
      `The tables are those of migration ${row?.number ?? 0}, and this version knows ${newest}: ` +
        'start a server of this version on it once, and stop it.',
    )
  }
  const obstacles = (await tenantTables(db)).flatMap((table) => table.obstacles)
  if (obstacles.length > 0)
    throw new NotDistributable(`Somebody has changed the tables: ${obstacles.join('; ')}. Take that away first.`)
}

async function requireNoReplicas(db: Db): Promise<void> {
  const alive = await db.all<{ name: string }>(sql`
    select name from replicas where heard_at > now() - make_interval(secs => ${REPLICA_SILENT_SECONDS}) order by name`)
  if (alive.length > 0) {
    const names = alive.map(({ name }) => name).join(', ')
    throw new NotDistributable(
      `Replicas use this database (${names}). Stop all of them; one that was killed counts for ${REPLICA_SILENT_SECONDS} s more.`,
    )
  }
}

/** One after the other, should somebody run the command twice. */
function inTurn(db: Database, work: (tx: ScriptTransaction) => Promise<unknown>): Promise<void> {
  return db.transaction(async (tx) => {
    await tx.script(`
      set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0;
      set local enable_seqscan = on; set local enable_hashjoin = on`)
    await tx.run(sql`select pg_advisory_xact_lock(${LOCK})`)
    await work(tx)
  })
}

/** Before the last table: whoever serves a distributed database holds it. */
async function ensureGuard(db: Database, colocated: string): Promise<void> {
  await inTurn(db, async (tx) => {
    const made = await tx.one(sql`select from pg_class where oid = to_regclass(${GUARD})`)
    if (made) return
    await tx.script(`create table ${GUARD} (shard int primary key)`)
    await tx.run(sql`
      select create_distributed_table(${GUARD}::text::regclass, 'shard', colocate_with => ${colocated})`)
  })
}

/** The rows that a table had are on its shards now; the coordinator keeps them beside until it is told. */
async function dropLocalRows(db: Database, name: string): Promise<void> {
  await inTurn(db, (tx) => tx.script(`select truncate_local_data_after_distributing_table(${escapeLiteral(name)})`))
}

/** Each node has these for itself, as the coordinator has them. */
async function ensureOwnTables(db: Db): Promise<void> {
  for (const name of ownTables) await onWorkers(db, await definitionOf(db, name))
  await onWorkers(db, 'insert into listening default values on conflict do nothing')
}

/** Makes a table with its indexes where it is not; without foreign keys and checks of its columns' values. */
async function definitionOf(db: Db, table: string): Promise<string> {
  const row = await db.one<{ columns: string[]; keys: string[]; indexes: string[] }>(sql`
    select
      array(
        select format('%I %s%s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
          case when o.collname is null or a.attcollation = t.typcollation then '' else format(' collate %I', o.collname) end,
          case when d.oid is null then '' else ' default ' || pg_get_expr(d.adbin, d.adrelid) end,
          case when a.attnotnull then ' not null' else '' end)
        from pg_attribute a join pg_type t on t.oid = a.atttypid
        left join pg_collation o on o.oid = a.attcollation
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum) as columns,
      array(
        select pg_get_constraintdef(k.oid) from pg_constraint k
        where k.conrelid = c.oid and k.contype in ('p', 'u') order by k.conname) as keys,
      array(
        select replace(pg_get_indexdef(i.indexrelid), ' INDEX ', ' INDEX IF NOT EXISTS ') from pg_index i
        where i.indrelid = c.oid and not exists (select from pg_constraint k where k.conindid = i.indexrelid)) as indexes
    from pg_class c where c.oid = ${table}::text::regclass`)
  if (!row) throw new Error(`There is no table ${table}.`)
  const parts = [...row.columns, ...row.keys].join(', ')
  return [`create table if not exists ${table} (${parts})`, ...row.indexes].join('; ')
}

/** Those that statements call where the shards are. Citus takes along what is made from now on, and not what was there before it. */
async function ensureFunctions(db: Db): Promise<void> {
  await db.run(sql`
    select create_distributed_function(p.oid::regprocedure) from pg_proc p
    where p.pronamespace = current_schema()::regnamespace and p.prokind = 'f'
      and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
      and not exists (select from pg_dist_object o where o.classid = 'pg_proc'::regclass and o.objid = p.oid)`)
}

async function onWorkers(db: Db, command: string): Promise<void> {
  const answers = await db.all<{ node: string; success: boolean; result: string }>(sql`
    select nodename || ':' || nodeport as node, success, result from run_command_on_workers(${command})`)
  const failed = answers.find((answer) => !answer.success)
  if (failed) throw new Error(`Node ${failed.node} refused a command: ${failed.result}`)
}
