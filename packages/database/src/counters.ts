import { coloniesIn, withChangedGraphs, withEvents } from './colonies-in.js'
import type { Db } from './db.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

const states = ['waiting', 'running', 'success', 'failed', 'cancelled'] as const
type StateName = (typeof states)[number]

/** What a colony has, by state. */
export interface Counts {
  processes: Record<StateName, number>
  graphs: Record<StateName, number>
  executors: { all: number; active: number; unregistered: number }
}

/** Entered a state minus left it, for each state, by the columns that tell the one and the other. */
function net(entered: Sql, left: Sql): Sql {
  const of = (state: number) =>
    sql`(count(*) filter (where ${entered} = ${state}) - count(*) filter (where ${left} = ${state}))::bigint`
  return sql`${of(0)} as waiting, ${of(1)} as running, ${of(2)} as success, ${of(3)} as failed, ${of(4)} as cancelled`
}

/** Sums of events between two positions. */
function sums(colony: ColonyKey | Sql, range: Sql): Sql {
  return sql`select ${net(sql`e.state`, sql`e.old_state`)} from events e where e.colony = ${colony} and ${range}`
}

/** Sums of graphs that are not counted under the state that they have come to. Uses the index `graphs_uncounted`. */
function changedGraphs(colony: ColonyKey | Sql): Sql {
  return sql`select ${net(sql`g.state`, sql`g.counted_state`)} from graphs g
    where g.colony = ${colony} and g.counted_state is distinct from g.state`
}

/** Processes, graphs and executors of a colony by state: what was added up, and what came since. */
export async function countColony(db: Db, colony: ColonyKey): Promise<Counts> {
  const row = await db.one<{ processes: bigint[]; graphs: bigint[]; executors: bigint[] }>(sql`
    with base as materialized (
      select waiting, running, success, failed, cancelled, waiting_graphs, running_graphs, success_graphs, failed_graphs,
        cancelled_graphs, counted_to
      from counters where colony = ${colony}
      union all
      select 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '0'::xid8 where not exists (select 1 from counters where colony = ${colony})
    ), tail as (
      ${sums(colony, sql`e.xact >= (select counted_to from base)`)}
    ), changed as (
      ${changedGraphs(colony)}
    )
    select
      array[b.waiting + t.waiting, b.running + t.running, b.success + t.success, b.failed + t.failed,
        b.cancelled + t.cancelled] as processes,
      array[b.waiting_graphs + c.waiting, b.running_graphs + c.running, b.success_graphs + c.success,
        b.failed_graphs + c.failed, b.cancelled_graphs + c.cancelled] as graphs,
      (select array[count(*), count(*) filter (where state = 1), count(*) filter (where state = 3)]
       from executors where colony = ${colony}) as executors
    from base b, tail t, changed c`)
  const [all, active, unregistered] = (row?.executors ?? []).map(Number)
  return {
    processes: byState(row?.processes),
    graphs: byState(row?.graphs),
    executors: { all: all ?? 0, active: active ?? 0, unregistered: unregistered ?? 0 },
  }
}

/** Processes and graphs of all colonies by state. Colonies in which nothing has happened yet cost nothing. */
export async function countAll(db: Db): Promise<Omit<Counts, 'executors'>> {
  const rows = await db.all<{ processes: bigint[]; graphs: bigint[] }>(sql`
    with parts as (
      select n.waiting, n.running, n.success, n.failed, n.cancelled
      from counters n join colonies c on c.colony_key = n.colony
      union all
      select t.waiting, t.running, t.success, t.failed, t.cancelled
      from ${coloniesIn(withEvents)} k left join counters n on n.colony = k.colony
      cross join lateral (${sums(sql`k.colony`, sql`e.xact >= coalesce(n.counted_to, '0'::xid8)`)}) t
    ), graph_parts as (
      select n.waiting_graphs as waiting, n.running_graphs as running, n.success_graphs as success,
        n.failed_graphs as failed, n.cancelled_graphs as cancelled
      from counters n join colonies c on c.colony_key = n.colony
      union all
      select t.waiting, t.running, t.success, t.failed, t.cancelled
      from ${coloniesIn(withChangedGraphs)} k cross join lateral (${changedGraphs(sql`k.colony`)}) t
    )
    select (${totals(sql`parts`)}) as processes, (${totals(sql`graph_parts`)}) as graphs`)
  // One row of each shard, where there are several.
  const sum = (lists: readonly bigint[][]) =>
    states.map((_, state) => lists.reduce((all, one) => all + (one[state] ?? 0n), 0n))
  return {
    processes: byState(sum(rows.map((row) => row.processes))),
    graphs: byState(sum(rows.map((row) => row.graphs))),
  }
}

function totals(parts: Sql): Sql {
  const of = (column: Sql) => sql`coalesce(sum(${column}), 0)::bigint`
  return sql`select array[${of(sql`waiting`)}, ${of(sql`running`)}, ${of(sql`success`)}, ${of(sql`failed`)},
    ${of(sql`cancelled`)}] from ${parts}`
}

function byState(counts: readonly bigint[] = []): Record<StateName, number> {
  return Object.fromEntries(states.map((name, state) => [name, Number(counts[state] ?? 0n)])) as Record<
    StateName,
    number
  >
}

/**
 * Counts graphs under the state that they have come to. Uses the index `graphs_uncounted`.
 *
 * @param most graphs of one call
 * @returns whether there may be more to be counted at once
 */
export async function rollUpGraphs(db: Db, colony: ColonyKey, most: number): Promise<boolean> {
  await db.run(sql`insert into counters (colony) values (${colony}) on conflict do nothing`)
  const row = await db.one<{ graphs: number }>(sql`
    with changed as materialized (
      select graph_id, state, counted_state from graphs
      where colony = ${colony} and counted_state is distinct from state
      order by counted_state, graph_id limit ${most} for update skip locked
    ), marked as (
      update graphs g set counted_state = c.state from changed c where g.colony = ${colony} and g.graph_id = c.graph_id
    ), added as (
      ${addGraphs(colony, sql`select ${net(sql`state`, sql`counted_state`)} from changed`)}
    )
    select count(*)::int as graphs from changed`)
  return row?.graphs === most
}

/** Takes graphs off the counters that are just being deleted. @param gone the states under which they were counted */
export function uncountGraphs(colony: ColonyKey, gone: Sql): Sql {
  return addGraphs(colony, sql`select ${net(sql`null`, sql`counted_state`)} from (${gone}) gone`)
}

/** After all other locks of its transaction: whoever has the row of the counters waits for nobody. */
function addGraphs(colony: ColonyKey, net: Sql): Sql {
  return sql`update counters c set waiting_graphs = c.waiting_graphs + n.waiting,
      running_graphs = c.running_graphs + n.running, success_graphs = c.success_graphs + n.success,
      failed_graphs = c.failed_graphs + n.failed, cancelled_graphs = c.cancelled_graphs + n.cancelled
    from (${net}) n where c.colony = ${colony}`
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
      join executors x on x.colony = ${colony} and x.name = f.executor_name and x.state <> 3
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
