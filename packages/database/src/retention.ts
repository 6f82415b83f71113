import { dropChannels } from './channels.js'
import { uncountGraphs } from './counters.js'
import type { Db } from './db.js'
import { idAt, type PartitionRange } from './partitions.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

/** Ids of a graph and of its processes are made together, on the clock of one replica; children may come from another. */
const SLACK_MS = 3_600_000

/**
 * Whether a range of ids still has something that has to stay: a live process, one that ended within the policy, a node
 * of a graph that is not over or was over within the policy, or an event that is not in the counters yet. What is older
 * than the policy and blocked by nothing stays so, since only ids of now get new rows.
 */
export async function isNeeded(db: Db, { low, high }: PartitionRange, olderThanSeconds: number): Promise<boolean> {
  const within = (id: Sql) => sql`${id} >= ${low} and ${id} < ${high}`
  const rows = await db.all<{ needed: boolean }>(sql`
    select exists (
      select 1 from colonies c
      where exists (select 1 from live l where l.colony = c.colony_key and ${within(sql`l.process_id`)})
        or exists (
          select 1 from results r
          where r.colony = c.colony_key and r.state in (2, 3, 4) and r.ended_at >= ${cutoff(olderThanSeconds)}
            and ${within(sql`r.process_id`)})
        or exists (
          select 1 from events e
          where e.colony = c.colony_key and e.xact >= ${countedTo(sql`c.colony_key`)} and ${within(sql`e.process_id`)})
        or exists (
          select 1 from graphs g
          join graph_nodes n on n.colony = c.colony_key and n.graph_id = g.graph_id and ${within(sql`n.process_id`)}
          where g.colony = c.colony_key and g.graph_id < ${idAt(Number.parseInt(high, 16) + SLACK_MS)}
            and not ${isOver(olderThanSeconds)})
    ) as needed`)
  return rows.length === 0 || rows.some((row) => row.needed) // one row of each shard, where there are several
}

/** Colonies with something that one of the three functions below deletes. */
export async function coloniesWithOld(
  db: Db,
  { logSeconds, olderThanSeconds, before }: { logSeconds: number; olderThanSeconds: number; before: string },
): Promise<ColonyKey[]> {
  const ended = (state: number) => sql`exists (
    select 1 from results r
    where r.colony = c.colony_key and r.state = ${state}::smallint and r.ended_at < ${cutoff(olderThanSeconds)})`
  const rows = await db.all<{ colony: ColonyKey }>(sql`
    select c.colony_key as colony from colonies c
    where exists (select 1 from logs l where l.colony = c.colony_key and l.added_ns < ${cutoffNs(logSeconds)})
      or exists (
        select 1 from graphs g where g.colony = c.colony_key and g.graph_id < ${before} and ${isOver(olderThanSeconds)})
      or ${ended(2)} or ${ended(3)} or ${ended(4)}`)
  return rows.map((row) => row.colony)
}

/** Which rows may stay, since their partition goes as a whole; `undefined`: none. */
export type Spared = Pick<PartitionRange, 'low' | 'high'> | undefined

/** Greater than every id. */
const NO_ID = '~'

/**
 * Deletes nodes of graphs that are over for longer than the policy, and graphs that have none left.
 *
 * @param before only graphs with ids below
 * @param limit most nodes in one call; when as many come back, call again
 */
export function removeOldGraphs(
  db: Db,
  colony: ColonyKey,
  options: { olderThanSeconds: number; before: string; spared: Spared; limit: number },
): Promise<number> {
  const { olderThanSeconds, before, spared, limit } = options
  return db.transaction(async (tx) => {
    const row = await tx.one<{ nodes: number; graphs: string[] }>(sql`
      with old as materialized (
        select g.graph_id from graphs g
        where g.colony = ${colony} and g.graph_id < ${before} and ${isOver(olderThanSeconds)}
        order by g.graph_id limit ${limit} for update skip locked
      ), nodes as materialized (
        select n.graph_id, n.position, n.process_id
        from old join graph_nodes n on n.colony = ${colony} and n.graph_id = old.graph_id
        where ${isCounted(colony, sql`n.process_id`)}
        limit ${limit}
      ), node_rows as (
        delete from graph_nodes n using nodes o
        where n.colony = ${colony} and n.graph_id = o.graph_id and n.position = o.position
      ), edge_rows as (
        delete from edges e using nodes o where e.colony = ${colony} and e.child_id = o.process_id
      ), attribute_rows as (
        delete from attributes a using nodes o where a.colony = ${colony} and a.process_id = o.process_id
      ), ${dropChannels(colony, sql`select process_id from nodes`)}, gone as materialized (
        select process_id from nodes where not (process_id >= ${spared?.low ?? NO_ID} and process_id < ${spared?.high ?? NO_ID})
      ), ${deleteProcesses(colony)}
      select (select count(*)::int from nodes) as nodes, array(select graph_id from old) as graphs`)
    await tx.run(sql`
      with gone as (
        delete from graphs g where g.colony = ${colony} and g.graph_id = any(${row?.graphs ?? []}::text[])
          and not exists (select 1 from graph_nodes n where n.colony = ${colony} and n.graph_id = g.graph_id)
        returning g.counted_state
      )
      ${uncountGraphs(colony, sql`select counted_state from gone`)}`)
    return row?.nodes ?? 0
  })
}

/**
 * Deletes processes outside of graphs that ended in one state longer ago than the policy. Uses the index `results_ended`.
 *
 * @param limit most processes in one call; when as many come back, call again
 */
export async function removeOldResults(
  db: Db,
  colony: ColonyKey,
  { state, olderThanSeconds, limit }: { state: 2 | 3 | 4; olderThanSeconds: number; limit: number },
): Promise<number> {
  const row = await db.one<{ gone: number }>(sql`
    with gone as materialized (
      select r.process_id from results r
      where r.colony = ${colony} and r.state = ${state} and r.ended_at < ${cutoff(olderThanSeconds)}
        and (r.graph_id is null or not exists (
          select 1 from graphs g where g.colony = ${colony} and g.graph_id = r.graph_id))
        and ${isCounted(colony, sql`r.process_id`)}
      order by r.ended_at limit ${limit} for update skip locked
    ), attribute_rows as (
      delete from attributes a using gone o where a.colony = ${colony} and a.process_id = o.process_id
    ), ${dropChannels(colony, sql`select process_id from gone`)}, ${deleteProcesses(colony)}
    select count(*)::int as gone from gone`)
  return row?.gone ?? 0
}

/** Deletes attributes of the processes of a range that is about to be dropped. @returns how many, at most `limit` */
export function removeAttributesWithin(
  db: Db,
  colony: ColonyKey,
  { low, high }: PartitionRange,
  limit: number,
): Promise<number> {
  return db.run(sql`
    delete from attributes where colony = ${colony} and ctid = any(array(
      select ctid from attributes where colony = ${colony} and process_id >= ${low} and process_id < ${high}
      order by process_id limit ${limit} for update skip locked))`)
}

/** Deletes logs that were added longer ago than the policy. Uses the index `logs_added`. @returns how many */
export function removeOldLogs(db: Db, colony: ColonyKey, olderThanSeconds: number, limit: number): Promise<number> {
  return db.run(sql`
    delete from logs where colony = ${colony} and ctid = any(array(
      select ctid from logs where colony = ${colony}
        and added_ns < ${cutoffNs(olderThanSeconds)}
      order by added_ns limit ${limit} for update skip locked))`)
}

/** Deletes what the tables by id have of the processes `gone`, and takes those that had ended off the counters. */
function deleteProcesses(colony: ColonyKey): Sql {
  return sql`result_rows as (
      delete from results r using gone o where r.colony = ${colony} and r.process_id = o.process_id returning r.state
    ), spec_rows as (
      delete from process_specs s using gone o where s.colony = ${colony} and s.process_id = o.process_id
    ), event_rows as (
      delete from events e using gone o where e.colony = ${colony} and e.process_id = o.process_id
    ), counted as (
      update counters c set success = c.success - n.success, failed = c.failed - n.failed,
        cancelled = c.cancelled - n.cancelled
      from (select count(*) filter (where state = 2) as success, count(*) filter (where state = 3) as failed,
              count(*) filter (where state = 4) as cancelled from result_rows) n
      where c.colony = ${colony} and n.success + n.failed + n.cancelled > 0
    )`
}

/** Over a graph `g`: all its processes ended, the last one longer ago than the policy. */
function isOver(olderThanSeconds: number): Sql {
  return sql`(g.success + g.failed + g.cancelled >= g.total and g.ended_at < ${cutoff(olderThanSeconds)})`
}

function cutoff(olderThanSeconds: number): Sql {
  return sql`(now() - make_interval(secs => ${olderThanSeconds}::int))`
}

function cutoffNs(olderThanSeconds: number): Sql {
  return sql`(extract(epoch from ${cutoff(olderThanSeconds)}) * 1000000)::bigint * 1000`
}

/** What is taken off the counters must have been added to them. */
function isCounted(colony: ColonyKey, processId: Sql): Sql {
  return sql`not exists (
    select 1 from events e where e.colony = ${colony} and e.process_id = ${processId}
      and e.xact >= ${countedTo(sql`${colony}::int`)})`
}

function countedTo(colony: Sql): Sql {
  return sql`coalesce((select n.counted_to from counters n where n.colony = ${colony}), '0'::xid8)`
}
