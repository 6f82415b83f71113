import { coloniesIn } from './colonies-in.js'
import type { Db } from './db.js'
import { isSilentSince, LEASE_SECONDS } from './listening.js'
import { putBack, type Released } from './releases.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

/** One run of a program under the identity of an executor. */
export interface Instance {
  executorId: string
  instanceId: string
}

/** A silent instance is looked at once more after this time, for what a request that was under way got it, and forgotten. */
const FORGOTTEN_AFTER_SECONDS = 600
/** Silent instances of one transaction. */
const INSTANCES_MAX = 100

const inSeconds = (seconds: number) => sql`now() + make_interval(secs => ${seconds}::int)`

/**
 * A heartbeat of one instance, which is one of its executor, too: from now on, silence of the instance releases what it holds.
 *
 * @param most instances of one executor
 * @returns false when the executor has so many others, among them those that were killed some minutes ago
 */
export async function beatInstance(
  db: Db,
  colony: ColonyKey,
  { executorId, instanceId }: Instance,
  most: number,
): Promise<boolean> {
  // The executor first, as whoever removes it.
  const row = await db.one<{ known: boolean }>(sql`
    with executor as (
      update executors set leased = true, heartbeat_at = now(), last_heard_at = now()
      where colony = ${colony} and executor_id = ${executorId} returning executor_id
    ), known as (
      update executor_instances i set heartbeat_at = now(), look_at = ${inSeconds(LEASE_SECONDS)}
      from executor e
      where i.colony = ${colony} and i.executor_id = e.executor_id and i.instance_id = ${instanceId}
      returning 1
    )
    select exists (select from known) as known from executor`)
  if (!row || row.known) return true
  const added = await db.run(sql`
    insert into executor_instances (colony, executor_id, instance_id, look_at)
    select ${colony}, ${executorId}, ${instanceId}, ${inSeconds(LEASE_SECONDS)}
    where (select count(*) from executor_instances where colony = ${colony} and executor_id = ${executorId}) < ${most}
    on conflict (colony, executor_id, instance_id) do update set heartbeat_at = now(), look_at = excluded.look_at`)
  return added > 0
}

/** For the transaction that takes the rights of an executor. */
export async function forgetInstances(tx: Db, colony: ColonyKey, executorId: string): Promise<void> {
  await tx.run(sql`delete from executor_instances where colony = ${colony} and executor_id = ${executorId}`)
}

/** Over an instance `i`: it is to be looked at, and silent, or will be in some seconds unless it is heard. */
const isLostInstance = (aheadSeconds = 0): Sql => sql`
  i.look_at < now() + make_interval(secs => ${aheadSeconds})
  and ${isSilentSince(sql`i.heartbeat_at`, LEASE_SECONDS - aheadSeconds)}`

/** Colonies with instances that fell silent. Uses the index `executor_instances_look`. */
export async function coloniesWithLostInstances(db: Db): Promise<ColonyKey[]> {
  const rows = await db.all<{ colony: ColonyKey }>(lostInstanceColonies())
  return rows.map((row) => row.colony)
}

/** What `coloniesWithLostInstances` asks, or will ask in some seconds. */
export const lostInstanceColonies = (aheadSeconds = 0): Sql => sql`
  select k.colony from ${coloniesIn({ table: sql`executor_instances`, columns: sql`t.look_at`, rows: sql`true` })} k
  where exists (select 1 from executor_instances i where i.colony = k.colony and ${isLostInstance(aheadSeconds)})`

/**
 * Releases what instances hold that fell silent: all that was assigned under an assign id of theirs. Instances are locked and
 * judged by their newest row, so that one whose heartbeat comes meanwhile keeps what it holds.
 *
 * @param limit most processes in one call
 */
export function releaseFromLostInstances(db: Db, colony: ColonyKey, limit: number): Promise<Released> {
  return db.transaction(async (tx) => {
    const lost = await tx.all<{ executor_id: string; instance_id: string; is_over: boolean }>(sql`
      select i.executor_id, i.instance_id,
        i.heartbeat_at < now() - make_interval(secs => ${FORGOTTEN_AFTER_SECONDS}::int) as is_over
      from executor_instances i where i.colony = ${colony} and ${isLostInstance()}
      order by i.look_at limit ${INSTANCES_MAX} for update of i skip locked`)
    if (lost.length === 0) return { released: new Set(), ready: [] }
    const held = heldBy(colony, lost)
    const back = await putBack(tx, colony, {
      reason: 'executor lost',
      countsAsRetry: false,
      asked: sql`${held} limit ${limit}`,
      guard: sql`holder = by_holder and starts_with(assign_id, of_instance)`,
      skipsLocked: true,
    })
    await tx.run(sql`
      with held as materialized (${held}), lost as materialized (
        select i.executor_id, i.instance_id, a.is_over
        from unnest(${lost.map((one) => one.executor_id)}::text[], ${lost.map((one) => one.instance_id)}::text[],
          ${lost.map((one) => one.is_over)}::boolean[]) as a (executor_id, instance_id, is_over)
        join executor_instances i
          on i.colony = ${colony} and i.executor_id = a.executor_id and i.instance_id = a.instance_id
        -- What somebody was just changing, or was too much for one call, is left for the next one.
        where not exists (select from held h
          where h.by_holder = i.executor_id and h.of_instance = ${assignIdsOf(sql`i.instance_id`)})
      ), gone as (
        delete from executor_instances i using lost
        where i.colony = ${colony} and i.executor_id = lost.executor_id and i.instance_id = lost.instance_id
          and lost.is_over
      )
      update executor_instances i set look_at = ${inSeconds(FORGOTTEN_AFTER_SECONDS)} from lost
      where i.colony = ${colony} and i.executor_id = lost.executor_id and i.instance_id = lost.instance_id
        and not lost.is_over`)
    return back
  })
}

/** How the assign ids of an instance begin, as the contract of heartbeats says. */
const assignIdsOf = (instanceId: Sql) => sql`'instance:' || ${instanceId} || '.'`

/** What these instances hold, by their executors: uses the index `live_holder`. */
function heldBy(colony: ColonyKey, lost: readonly { executor_id: string; instance_id: string }[]): Sql {
  return sql`
    select l.process_id as asked_id, l.holder as by_holder, a.of_instance
    from (select executor_id, ${assignIdsOf(sql`instance_id`)} as of_instance
          from unnest(${lost.map((one) => one.executor_id)}::text[], ${lost.map((one) => one.instance_id)}::text[])
            as b (executor_id, instance_id)) a
    join live l on l.colony = ${colony} and l.holder = a.executor_id and starts_with(l.assign_id, a.of_instance)`
}
