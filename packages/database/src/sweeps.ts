import { coloniesIn } from './colonies-in.js'
import type { Db } from './db.js'
import { revokeExecutor } from './executors.js'
import type { Held } from './held.js'
import { isSilentSince } from './listening.js'
import type { ReadyLine } from './ready-lines.js'
import { CHANGES_KEPT_SECONDS } from './rights.js'
import { sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

/** Colonies with executors that were heard of, but not within these seconds. */
export async function coloniesWithStaleExecutors(db: Db, silentSeconds: number): Promise<ColonyKey[]> {
  const rows = await db.all<{ colony: ColonyKey }>(sql`
    select distinct e.colony from executors e where ${isStale(silentSeconds)}`)
  return rows.map((row) => row.colony)
}

/**
 * Unregisters executors of one colony that fell silent, as if they had been removed: what they hold waits again.
 * Executors that were never heard of are new, not stale; one that holds a process and sends heartbeats has a lease.
 *
 * @returns the names of those that went, and what is ready to be assigned
 */
export function unregisterStale(
  db: Db,
  colony: ColonyKey,
  silentSeconds: number,
  limit: number,
): Promise<{ unregistered: string[]; ready: ReadyLine[] }> {
  return db.transaction(async (tx) => {
    const stale = await tx.all<{ name: string }>(sql`
      select e.name from executors e
      where e.colony = ${colony} and ${isStale(silentSeconds)}
      order by e.name limit ${limit} for update of e skip locked`)
    const ready: ReadyLine[] = []
    for (const { name } of stale) ready.push(...((await revokeExecutor(tx, colony, name, 3)) ?? []))
    return { unregistered: stale.map((row) => row.name), ready }
  })
}

function isStale(silentSeconds: number) {
  return sql`e.state in (0, 1, 2) and ${isSilentSince(sql`e.last_heard_at`, silentSeconds)}
    and not (e.leased and exists (select 1 from live l where l.colony = e.colony and l.holder = e.executor_id))`
}

/**
 * Colonies of which `heldByNobody` finds some. Steps through all of them in one statement, from above 0 as `coloniesIn`.
 */
export async function coloniesWithUnknownHolders(db: Db): Promise<ColonyKey[]> {
  const rows = await db.all<{ colony: ColonyKey }>(sql`
    with recursive holders (colony, holder) as (
      (select colony, holder from live where colony > ${0}::int and holder is not null order by colony, holder limit 1)
      union all
      select next.colony, next.holder from holders h cross join lateral (
        select l.colony, l.holder from live l
        where (l.colony, l.holder) > (h.colony, h.holder) and l.holder is not null
        order by l.colony, l.holder limit 1) next
    )
    select distinct h.colony from holders h join colonies c on c.colony_key = h.colony
    where not exists (select 1 from executors e where e.colony = h.colony and e.executor_id = h.holder)`)
  return rows.map((row) => row.colony)
}

/**
 * Processes held by an id that no executor of the colony has any more: the executor was replaced, and a replica that had
 * not heard of it gave it work. Steps from holder to holder through `live_holder`, however much each holds.
 */
export function heldByNobody(db: Db, colony: ColonyKey, limit: number): Promise<Held[]> {
  return db.all<Held>(sql`
    with recursive holders (holder) as (
      (select holder from live where colony = ${colony} and holder is not null order by holder limit 1)
      union all
      select (select l.holder from live l where l.colony = ${colony} and l.holder > h.holder order by l.holder limit 1)
      from holders h where h.holder is not null
    )
    select l.process_id as "processId", l.holder, l.attempt
    from holders h join live l on l.colony = ${colony} and l.holder = h.holder
    where h.holder is not null
      and not exists (select 1 from executors e where e.colony = ${colony} and e.executor_id = h.holder)
    limit ${limit}`)
}

/** Keys of all colonies. */
export async function colonyKeys(db: Db): Promise<ColonyKey[]> {
  const rows = await db.all<{ colony_key: ColonyKey }>(sql`select colony_key from colonies order by colony_key`)
  return rows.map((row) => row.colony_key)
}

/** Colonies with requests that are older than a day. */
export async function coloniesWithOldRequests(db: Db): Promise<ColonyKey[]> {
  const rows = await db.all<{ colony: ColonyKey }>(sql`
    select k.colony from ${coloniesIn({ table: sql`requests`, columns: sql`t.made_at`, rows: sql`true` })} k
    where exists (select 1 from requests r where r.colony = k.colony and r.made_at < now() - interval '1 day')`)
  return rows.map((row) => row.colony)
}

/** Forgets requests that are older than a day: nobody repeats them any more. Uses the index `requests_made`. */
export function removeOldRequests(db: Db, colony: ColonyKey, limit: number): Promise<number> {
  return db.run(sql`
    delete from requests where colony = ${colony} and ctid = any(array(
      select ctid from requests where colony = ${colony} and made_at < now() - interval '1 day'
      order by made_at limit ${limit} for update skip locked))`)
}

/**
 * Forgets changes of the directory that every replica has read long ago; one that has not, forgets what it knows. Looks at
 * the first ones only, in the order in which they came: uses the index `directory_changes_xact`.
 */
export function removeOldDirectoryChanges(db: Db, limit: number): Promise<number> {
  return db.run(sql`
    delete from directory_changes where ctid = any(array(
      select ctid from directory_changes order by xact limit ${limit} for update skip locked))
      and changed_at < now() - make_interval(secs => ${CHANGES_KEPT_SECONDS}::int)`)
}

export interface RemovedColony {
  colony: ColonyKey
  /** Whether all that had begun before the removal has ended by now. */
  settled: boolean
}

/** Colonies whose rows are still to be deleted. */
export function removedColonies(db: Db): Promise<RemovedColony[]> {
  return db.all<RemovedColony>(sql`
    select colony, removed_at < now() - interval '2 minutes' as settled from removed_colonies
    order by removed_at limit 100`)
}

/**
 * Deletes rows of a removed colony from every table that has colonies, as the catalog knows them.
 *
 * @param limit most rows of one table in one call
 * @returns how many went; 0 when nothing is left
 */
export async function deleteOfColony(db: Db, colony: ColonyKey, limit: number): Promise<number> {
  const tables = await db.all<{ name: string }>(sql`
    select c.oid::regclass::text as name from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'colony' and not a.attisdropped
    where c.relkind = 'r' and c.relname <> 'removed_colonies' and c.relnamespace = current_schema()::regnamespace
    order by c.relname`)
  let deleted = 0
  for (const { name } of tables) {
    const row = await db.one<{ deleted: bigint }>(
      sql`select delete_of_colony(${name}::text::regclass, ${colony}, ${limit}) as deleted`,
    )
    deleted += Number(row?.deleted ?? 0n)
  }
  return deleted
}

/** Nothing of the colony is left: its key is forgotten. */
export async function forgetRemovedColony(db: Db, colony: ColonyKey): Promise<void> {
  await db.run(sql`delete from removed_colonies where colony = ${colony}`)
}

/** When an executor was last heard of, as its age, so that the clock of this replica does not matter. */
export interface Sighting {
  executorId: string
  secondsAgo: number
}

/**
 * Notes when executors of one colony were last heard of; the latest time wins. Silence ends a lease, this breaks it. Rows that
 * know as much already, of a heartbeat or from another replica, are not written.
 *
 * @returns how many were written
 */
export function recordLastHeard(db: Db, colony: ColonyKey, sightings: readonly Sighting[]): Promise<number> {
  return db.run(sql`
    update executors e set last_heard_at = greatest(e.last_heard_at, s.heard_at),
      heartbeat_at = case when e.leased then greatest(e.heartbeat_at, s.heard_at) else e.heartbeat_at end
    from (
      select a.executor_id, now() - make_interval(secs => a.seconds_ago) as heard_at
      from unnest(${sightings.map((one) => one.executorId)}::text[],
        ${sightings.map((one) => one.secondsAgo)}::float8[]) as a (executor_id, seconds_ago)
      order by a.executor_id) s
    where e.colony = ${colony} and e.executor_id = s.executor_id
      and (e.last_heard_at is null or e.last_heard_at < s.heard_at
        or e.leased and (e.heartbeat_at is null or e.heartbeat_at < s.heard_at))`)
}
