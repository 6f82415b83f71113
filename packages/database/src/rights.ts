import type { Db } from './db.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

/** One id in one colony, in one of its roles. */
export interface MembershipRow {
  colony: ColonyKey
  colonyName: string
  role: 'executor' | 'user'
  /** Name of the executor or user. */
  name: string
  /** Users always are; executors are pending before. */
  approved: boolean
  /** Empty for users, as the location. */
  type: string
  location: string
}

/** A colony as access needs it. */
export interface ColonyRow {
  key: ColonyKey
  name: string
  ownerId: string
  paused: boolean
}

/** Something that a request names instead of a colony. */
export interface ColonyThing {
  by: 'process' | 'graph' | 'function' | 'attribute' | 'executor' | 'cron' | 'generator' | 'blueprint'
  key: string
}

export interface DirectoryChanges {
  /** Ids of members, and names of colonies as `colony:<name>`. A subject may come again in the next reading. */
  subjects: string[]
  /** Where to read on. */
  next: bigint
  /** When they were read, in milliseconds since 1970, by the clock of the database. */
  atMs: number
  /** False: there were more, so anything may have changed. */
  complete: boolean
}

const CHANGES_MAX = 5_000
/** After this long a change is forgotten: who has not read for about as long does not know what it has missed. */
export const CHANGES_KEPT_SECONDS = 600

/** Rights of one id in all colonies: as user, and as executor that is pending or approved. In no order. */
export function readMemberships(db: Db, id: string): Promise<MembershipRow[]> {
  return db.all<MembershipRow>(sql`
    select e.colony, c.name as "colonyName", 'executor' as role, e.name, e.state = 1 as approved,
      e.executor_type as type, e.location
    from executors e join colonies c on c.colony_key = e.colony
    where e.executor_id = ${id} and e.state in (0, 1)
    union all
    select u.colony, c.name, 'user', u.name, true, '', ''
    from users u join colonies c on c.colony_key = u.colony
    where u.user_id = ${id}`)
}

export function readColony(db: Db, name: string): Promise<ColonyRow | undefined> {
  return db.one<ColonyRow>(sql`
    select colony_key as key, name, colony_id as "ownerId", paused from colonies where name = ${name}`)
}

/** Colonies of one owner, oldest first. Uses the index `colonies_owner`. */
export function readColoniesOwnedBy(db: Db, id: string, limit: number): Promise<ColonyRow[]> {
  return db.all<ColonyRow>(sql`
    select colony_key as key, name, colony_id as "ownerId", paused from colonies where colony_id = ${id}
    order by colony_key limit ${limit}`)
}

/**
 * Reads which rights changed since an earlier reading. A transaction that is still running has an id at or above
 * pg_snapshot_xmin(), so the next reading starts there, and no late commit is skipped.
 *
 * @param since `next` of the reading before; undefined: only where to start
 */
export async function readDirectoryChanges(db: Db, since: bigint | undefined): Promise<DirectoryChanges> {
  const rows = await db.all<{ next: bigint; at_ms: bigint; subject: string | null }>(sql`
    with horizon as materialized (select pg_snapshot_xmin(pg_current_snapshot()) as xact)
    select h.xact::text::bigint as next, (extract(epoch from now()) * 1000)::bigint as at_ms, c.subject
    from horizon h left join lateral (
      select subject from directory_changes
      where xact >= ${since === undefined ? null : String(since)}::text::xid8
      limit ${CHANGES_MAX + 1}) c on true`)
  return {
    subjects: [...new Set(rows.flatMap(({ subject }) => subject ?? []))],
    next: rows[0]?.next ?? since ?? 0n,
    atMs: Number(rows[0]?.at_ms ?? 0n),
    complete: rows.length <= CHANGES_MAX,
  }
}

/** @returns the id of the server owner; undefined before the first start is complete */
export async function readServerOwner(db: Db): Promise<string | undefined> {
  const row = await db.one<{ server_id: string }>(sql`select server_id from server_identity`)
  return row?.server_id
}

/**
 * Makes somebody the owner of a server that has none yet.
 *
 * @returns who owns the server now
 */
export async function ensureServerOwner(db: Db, id: string): Promise<string> {
  await db.run(sql`insert into server_identity (server_id) values (${id}) on conflict do nothing`)
  const owner = await readServerOwner(db)
  if (owner === undefined) throw new Error('The server owner was removed while the server started.')
  return owner
}

/** Finds out which of a few colonies has a thing. One look into an index per colony. */
export async function findColonyOf(
  db: Db,
  { by, key }: ColonyThing,
  colonies: readonly ColonyKey[],
): Promise<ColonyKey | undefined> {
  const row = await db.one<{ colony: ColonyKey }>(whereIs[by](key, colonies))
  return row?.colony
}

const whereIs: Record<ColonyThing['by'], (key: string, colonies: readonly ColonyKey[]) => Sql> = {
  process: (key, colonies) => sql`
    select colony from process_specs where process_id = ${key} and colony = any(${colonies})`,
  graph: (key, colonies) => sql`
    select colony from graphs where graph_id = ${key} and colony = any(${colonies})`,
  function: (key, colonies) => sql`
    select colony from functions where function_id = ${key} and colony = any(${colonies})`,
  attribute: (key, colonies) => sql`
    select colony from attributes where attribute_id = ${key} and colony = any(${colonies})`,
  executor: (key, colonies) => sql`
    select colony from executors where executor_id = ${key} and colony = any(${colonies})`,
  cron: (key, colonies) => sql`
    select colony from crons where cron_id = ${key} and colony = any(${colonies})`,
  generator: (key, colonies) => sql`
    select colony from generators where generator_id = ${key} and colony = any(${colonies})`,
  blueprint: (key, colonies) => sql`
    select colony from blueprints where blueprint_id = ${key} and colony = any(${colonies})`,
}
