import { coloniesIn, withEvents } from './colonies-in.js'
import type { Db } from './db.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

export interface Counts {
  waiting: number
  running: number
  success: number
  failed: number
  cancelled: number
  waitingGraphs: number
  runningGraphs: number
  successGraphs: number
  failedGraphs: number
  cancelledGraphs: number
}

/** Sums of events between two positions: entered a state minus left it. */
function sums(colony: ColonyKey | Sql, range: Sql): Sql {
  const net = (state: number) =>
    sql`(count(*) filter (where e.state = ${state}) - count(*) filter (where e.old_state = ${state}))::bigint`
  return sql`select ${net(0)} as waiting, ${net(1)} as running, ${net(2)} as success, ${net(3)} as failed,
    ${net(4)} as cancelled from events e where e.colony = ${colony} and ${range}`
}

/** Processes and graphs of a colony by state: what was added up, and what came since. */
export async function countProcesses(db: Db, colony: ColonyKey): Promise<Counts> {
  const row = await db.one<ProcessCounts>(sql`
    with base as materialized (
      select waiting, running, success, failed, cancelled, counted_to from counters where colony = ${colony}
      union all
      select 0, 0, 0, 0, 0, '0'::xid8 where not exists (select 1 from counters where colony = ${colony})
    ), tail as (${sums(colony, sql`e.xact >= (select counted_to from base)`)})
    select b.waiting + t.waiting as waiting, b.running + t.running as running, b.success + t.success as success,
      b.failed + t.failed as failed, b.cancelled + t.cancelled as cancelled
    from base b, tail t`)
  const graphs = await db.all<GraphCount>(sql`
    select state, count(*)::int as count from graphs where colony = ${colony} group by state`)
  return countsOf(row, graphs)
}

/** Processes and graphs of all colonies by state. Colonies in which nothing has happened yet cost nothing. */
export async function countAllProcesses(db: Db): Promise<Counts> {
  const row = await db.one<ProcessCounts>(sql`
    with parts as (
      select n.waiting, n.running, n.success, n.failed, n.cancelled
      from counters n join colonies c on c.colony_key = n.colony
      union all
      select t.waiting, t.running, t.success, t.failed, t.cancelled
      from ${coloniesIn(withEvents)} k left join counters n on n.colony = k.colony
      cross join lateral (${sums(sql`k.colony`, sql`e.xact >= coalesce(n.counted_to, '0'::xid8)`)}) t
    )
    select coalesce(sum(waiting), 0)::bigint as waiting, coalesce(sum(running), 0)::bigint as running,
      coalesce(sum(success), 0)::bigint as success, coalesce(sum(failed), 0)::bigint as failed,
      coalesce(sum(cancelled), 0)::bigint as cancelled
    from parts`)
  const graphs = await db.all<GraphCount>(sql`
    select g.state, count(*)::int as count
    from ${coloniesIn({ table: sql`graphs`, columns: sql`t.graph_id`, rows: sql`true` })} k join graphs g on g.colony = k.colony
    group by g.state`)
  return countsOf(row, graphs)
}

type ProcessCounts = Record<'waiting' | 'running' | 'success' | 'failed' | 'cancelled', bigint>

interface GraphCount {
  state: number
  count: number
}

function countsOf(row: ProcessCounts | undefined, graphs: readonly GraphCount[]): Counts {
  const graphsIn = (state: number) => graphs.find((one) => one.state === state)?.count ?? 0
  return {
    waiting: Number(row?.waiting ?? 0n),
    running: Number(row?.running ?? 0n),
    success: Number(row?.success ?? 0n),
    failed: Number(row?.failed ?? 0n),
    cancelled: Number(row?.cancelled ?? 0n),
    waitingGraphs: graphsIn(0),
    runningGraphs: graphsIn(1),
    successGraphs: graphsIn(2),
    failedGraphs: graphsIn(3),
    cancelledGraphs: graphsIn(4),
  }
}

/** How an executor did with a function; times in seconds, over successful processes. */
export interface FunctionStatistics {
  executor_name: string
  funcname: string
  counter: number
  minwaittime: number
  maxwaittime: number
  minexectime: number
  maxexectime: number
  avgwaittime: number
  avgexectime: number
}

function functionSums(colony: ColonyKey, range: Sql): Sql {
  return sql`select t.executor_name, t.function_name, count(*)::bigint as calls, min(t.waited) as wait_min,
      max(t.waited) as wait_max, sum(t.waited) as wait_sum, min(t.ran) as exec_min, max(t.ran) as exec_max,
      sum(t.ran) as exec_sum
    from (
      select r.holder_name as executor_name, s.function_name,
        extract(epoch from r.started_at - s.submitted_at)::float8 as waited,
        extract(epoch from r.ended_at - r.started_at)::float8 as ran
      from events e
      join results r on r.colony = ${colony} and r.process_id = e.process_id
      join process_specs s on s.colony = ${colony} and s.process_id = e.process_id
      where e.colony = ${colony} and e.state = 2 and ${range} and r.holder_name is not null) t
    group by t.executor_name, t.function_name`
}

/** Of these executors, for each function that they have had success with. */
export function functionStatistics(
  db: Db,
  colony: ColonyKey,
  executorNames: readonly string[],
): Promise<FunctionStatistics[]> {
  return db.all<FunctionStatistics>(sql`
    with tail as (
      ${functionSums(colony, sql`e.xact >= coalesce((select counted_to from counters where colony = ${colony}), '0'::xid8)`)}
    ), parts as (
      select c.executor_name, c.function_name, c.calls, c.wait_min, c.wait_max, c.wait_sum, c.exec_min, c.exec_max, c.exec_sum
      from unnest(${executorNames}::text[]) as n (name) cross join lateral (
        -- With an offset, so that it is looked up for each name, whatever the planner thinks.
        select * from function_counters c where c.colony = ${colony} and c.executor_name = n.name offset 0) c
      union all select * from tail where executor_name = any(${executorNames}::text[])
    )
    select executor_name, function_name as funcname, sum(calls)::float8 as counter, min(wait_min) as minwaittime,
      max(wait_max) as maxwaittime, min(exec_min) as minexectime, max(exec_max) as maxexectime,
      sum(wait_sum) / sum(calls)::float8 as avgwaittime, sum(exec_sum) / sum(calls)::float8 as avgexectime
    from parts group by executor_name, function_name`)
}

/**
 * Adds events since the last time to the counters of a colony. Safe on any replica: the row is locked, and a second one
 * finds nothing left.
 *
 * @param most about how many events; those of one transaction are added together
 * @returns how many events were added up, and whether there are more to be added at once
 */
export function rollUp(db: Db, colony: ColonyKey, most: number): Promise<{ events: number; more: boolean }> {
  return db.transaction(async (tx) => {
    await tx.run(sql`insert into counters (colony) values (${colony}) on conflict do nothing`)
    const span = await tx.one<{ start: string; horizon: string; far: string | null }>(sql`
      select counted_to::text as start, pg_snapshot_xmin(pg_current_snapshot())::text as horizon, (
          select e.xact::text from events e
          where e.colony = ${colony} and e.xact >= c.counted_to order by e.xact offset ${most} limit 1) as far
      from counters c where colony = ${colony} for update skip locked`)
    if (!span || BigInt(span.horizon) <= BigInt(span.start)) return { events: 0, more: false }
    const end = endOf(span)
    const range = sql`e.xact >= ${span.start}::text::xid8 and e.xact < ${end}::text::xid8`
    await tx.run(sql`
      insert into function_counters (colony, executor_name, function_name, calls, wait_min, wait_max, wait_sum, exec_min,
        exec_max, exec_sum)
      select ${colony}, f.* from (${functionSums(colony, range)}) f
      on conflict (colony, executor_name, function_name) do update set
        calls = function_counters.calls + excluded.calls,
        wait_min = least(function_counters.wait_min, excluded.wait_min),
        wait_max = greatest(function_counters.wait_max, excluded.wait_max),
        wait_sum = function_counters.wait_sum + excluded.wait_sum,
        exec_min = least(function_counters.exec_min, excluded.exec_min),
        exec_max = greatest(function_counters.exec_max, excluded.exec_max),
        exec_sum = function_counters.exec_sum + excluded.exec_sum`)
    const row = await tx.one<{ events: number }>(sql`
      with net as (${sums(colony, range)}), added as (
        update counters c set waiting = c.waiting + n.waiting, running = c.running + n.running,
          success = c.success + n.success, failed = c.failed + n.failed, cancelled = c.cancelled + n.cancelled,
          counted_to = ${end}::text::xid8
        from net n where c.colony = ${colony}
      )
      select count(*)::int as events from events e where e.colony = ${colony} and ${range}`)
    return { events: row?.events ?? 0, more: end !== span.horizon }
  })
}

/** Where a step ends: before the event that is one too many, but after at least one transaction. */
function endOf({ start, horizon, far }: { start: string; horizon: string; far: string | null }): string {
  if (far === null || BigInt(far) >= BigInt(horizon)) return horizon
  return far === start ? String(BigInt(start) + 1n) : far
}
