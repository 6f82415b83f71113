import type { Db } from '../db.js'
import { sql } from '../sql.js'

/** A table that is to be distributed, and what keeps it from that. */
export interface TenantTable {
  name: string
  /** Sentences; none when it can be distributed. */
  obstacles: string[]
}

/** Tables of the server that statements about a colony read: every node has them. Whatever else is the server's, only the coordinator has. */
export const sharedTables = ['colonies'] as const

/** Tables that each node has for itself, since statements about a colony read or write them where that is. */
export const ownTables = ['directory_changes', 'listening', 'replicas'] as const

/** Of these, what replicas say on every node: that they listen, by the clock of each. */
export const beatTables = ['listening', 'replicas'] as const

/** Distributed after all others: the database counts as distributed when this table is. */
export const LAST_TABLE = 'live'

/** Tables that begin with the colony, as the catalog has them; partitions go with their table. By name. */
export async function tenantTables(db: Db): Promise<TenantTable[]> {
  const tables = await db.all<{
    name: string
    type: string
    keys: string[]
    references: string[]
    triggers: string[]
  }>(sql`
    select c.relname::text as name, format_type(a.atttypid, a.atttypmod) as type,
      array(
        select i.indexrelid::regclass::text from pg_index i
        where i.indrelid = c.oid and i.indisunique and i.indkey[0] <> 1 order by 1) as keys,
      array(
        select f.conname::text from pg_constraint f
        where (f.conrelid = c.oid or f.confrelid = c.oid) and f.contype = 'f' order by 1) as references,
      array(select t.tgname::text from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal order by 1) as triggers
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum = 1
    where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = current_schema()::regnamespace
      and a.attname = 'colony'
    order by c.relname`)
  return tables.map(({ name, type, keys, references, triggers }) => ({
    name,
    obstacles: [
      ...(type === 'integer' ? [] : [`the colony in ${name} is ${type} and not integer`]),
      ...keys.map((key) => `the unique index ${key} of ${name} does not begin with the colony`),
      ...references.map((key) => `${name} has the foreign key ${key}`),
      ...triggers.map((trigger) => `${name} has the trigger ${trigger}`),
    ],
  }))
}

/** Tables that do not begin with the colony, by name. */
export async function serverTables(db: Db): Promise<string[]> {
  const rows = await db.all<{ name: string }>(sql`
    select c.relname::text as name from pg_class c
    where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = current_schema()::regnamespace
      and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attnum = 1 and a.attname = 'colony')
      and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
    order by c.relname`)
  return rows.map((row) => row.name)
}

/** Tables that Citus has already. */
export async function distributedTables(db: Db): Promise<string[]> {
  const rows = await db.all<{ name: string }>(sql`
    select c.relname::text as name from pg_dist_partition p join pg_class c on c.oid = p.logicalrelid
    where c.relnamespace = current_schema()::regnamespace and not c.relispartition`)
  return rows.map((row) => row.name)
}
