import { isAnyWanted } from './claim-looks.js'
import { coloniesIn, withChangedGraphs, withEvents } from './colonies-in.js'
import type { Db } from './db.js'
import { isLost } from './listening.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

interface Due {
  colony: ColonyKey
}

/** Of one executor: nobody takes more at once. */
const WANTED_MAX = 1000

/** Held processes whose holders are looked up one by one. */
const FEW_HELD = 1000

const keys = (rows: readonly Due[]) => rows.map((row) => row.colony)

/**
 * Colonies in which executors that are not approved, or fell silent, hold processes. Looks at those who hold something, one by
 * one, while they are few: executors that went away for good are many more in time. Uses the index `live_holder`.
 */
export async function coloniesWithLostExecutors(db: Db, silentSeconds: number): Promise<ColonyKey[]> {
  return keys(await db.all<Due>(lostExecutorColonies(silentSeconds)))
}

/** What `coloniesWithLostExecutors` asks. */
export function lostExecutorColonies(silentSeconds: number): Sql {
  const lost = isLost(silentSeconds)
  return sql`
    with held as materialized (
      select l.colony, l.holder from live l where l.holder is not null order by l.colony, l.holder limit ${FEW_HELD + 1}
    ), few as materialized (select count(*) <= ${FEW_HELD} as yes from held)
    select distinct h.colony from held h
    where (select yes from few)
      and (select ${lost} from executors e where e.colony = h.colony and e.executor_id = h.holder limit 1)
    union
    select e.colony from executors e
    where not (select yes from few) and ${lost}
      and exists (select from live l where l.colony = e.colony and l.holder = e.executor_id)`
}

/** Colonies with events or graphs that are not in the counters yet. */
export async function coloniesToCount(db: Db): Promise<ColonyKey[]> {
  return keys(
    await db.all<Due>(sql`
      select k.colony from ${coloniesIn(withEvents)} k left join counters n on n.colony = k.colony
      where exists (select 1 from events e where e.colony = k.colony
        and e.xact >= coalesce(n.counted_to, '0'::xid8) and e.xact < pg_snapshot_xmin(pg_current_snapshot()))
      union
      select k.colony from ${coloniesIn(withChangedGraphs)} k`),
  )
}

/** Which of the executor types have ready processes; for replicas whose waiters may have missed a hint. */
export async function typesWithReady(db: Db, colony: ColonyKey, types: readonly string[]): Promise<string[]> {
  const rows = await db.all<{ executor_type: string }>(sql`
    select t.executor_type from unnest(${types}::text[]) as t (executor_type)
    where exists (select 1 from live l where l.colony = ${colony} and l.executor_type = t.executor_type
        and l.state = 0 and l.open_parents = 0 and l.names is null)
      or ${isAnyWanted(colony, sql`t.executor_type`)}`)
  return rows.map((row) => row.executor_type)
}

/**
 * Which of these executors ready processes of a type want by name, and how many such there are of each, up to `WANTED_MAX`. Uses
 * the index `wanted_queue`; where nobody is wanted by name, that is all it looks at.
 */
export function wantedOf(
  db: Db,
  colony: ColonyKey,
  executorType: string,
  names: readonly string[],
): Promise<{ name: string; count: number }[]> {
  return db.all(sql`
    select n.name, w.count from unnest(${names}::text[]) as n (name)
    cross join lateral (
      select count(*)::int as count from (
        select from wanted w where w.colony = ${colony} and w.executor_type = ${executorType} and w.name = n.name
        limit ${WANTED_MAX}) few) w
    where ${isAnyWanted(colony, sql`${executorType}`)} and w.count > 0`)
}

/** Executor types with ready processes, at most `limit`. Steps from type to type through `live_queue` and `wanted_queue`. */
export async function readyTypes(db: Db, colony: ColonyKey, limit: number): Promise<string[]> {
  const ready = (place: Sql) => sql`
    select l.executor_type from live l
    where l.colony = ${colony} and l.executor_type ${place} and l.state = 0 and l.open_parents = 0 and l.names is null
    order by l.executor_type, l.location, l.cpu, l.memory, l.priority_time, l.process_id limit 1`
  const wanted = (place: Sql) => sql`
    select w.executor_type from wanted w where w.colony = ${colony} and w.executor_type ${place}
    order by w.executor_type, w.name limit 1`
  const rows = await db.all<{ executor_type: string }>(sql`
    with recursive types (executor_type) as (
      select least((${ready(sql`>= ''`)}), (${wanted(sql`>= ''`)}))
      union all
      select least((${ready(sql`> t.executor_type`)}), (${wanted(sql`> t.executor_type`)}))
      from types t where t.executor_type is not null
    )
    select executor_type from types where executor_type is not null limit ${limit}`)
  return rows.map((row) => row.executor_type)
}
