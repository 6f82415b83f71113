import { intColumn, textColumn } from './columns.js'
import type { Db } from './db.js'
import { type Held, heldAs } from './held.js'
import { isOverdue, type OverdueOptions } from './overdue.js'
import type { ReadyLine } from './ready-lines.js'
import { type Sql, sql } from './sql.js'
import { arrayLiteral, type ColonyKey } from './submissions.js'

/** One close as its executor asked for it. */
export interface Close extends Held {
  /** A JSON list; null keeps the output set before. */
  output: string | null
}

export interface Failure extends Held {
  errors: readonly string[] | null
}

interface EndRow {
  process_id: string | null
  place: number
  executor_type: string | null
  ready: number
  ready_from: bigint | null
  in_graph: boolean
}

export interface Ended {
  /**
   * The processes that this statement ended, each with the index in the batch of the close that did it. For all others
   * their process was not in the state, or not of the holder.
   */
  ended: Map<string, number>
  ready: ReadyLine[]
  /** One of these processes is in a graph, as the next one may be. */
  inGraphs: boolean
}

/**
 * Closes a batch of processes of one colony as successful, if they run and are held by who closes them.
 *
 * @param leavesGraphs ends those that are in no graph, as most are, and leaves the others: to begin and end the parts of the statement
 *   that are for graphs costs PostgreSQL as much again
 */
export async function closeSuccessful(
  db: Db,
  colony: ColonyKey,
  closes: readonly Close[],
  { leavesGraphs = false } = {},
): Promise<Ended> {
  const all = closes.map((close, place) => ({ close, place }))
  return ended(await db.all<EndRow>(leavesGraphs ? closeOutsideOfGraphs(colony, all) : closeAnywhere(colony, all)))
}

/** With its index in the batch. */
interface PlacedClose {
  close: Close
  place: number
}

/**
 * One statement: result, event, and the row is gone. Rows are deleted in the order in which they are asked for, that of their ids, so
 * two batches never wait for each other in a circle. Of several closes of one process, the first one of its holder counts.
 */
function closeOutsideOfGraphs(colony: ColonyKey, closes: readonly PlacedClose[]): Sql {
  const inOrder = [...closes].sort(({ close: { processId: a } }, { close: { processId: b } }) =>
    a < b ? -1 : Number(a > b),
  )
  return sql`
    with mine as (
      delete from live l using (${askedToClose(inOrder)} offset 0) a
      where l.colony = ${colony} and l.process_id = a.asked_id and l.graph_id is null
        and ${heldAs(sql`a.by_holder`, sql`a.of_attempt`)}
      returning l.*, a.*
    ), ${recordRows(colony, success)}
    select process_id, place, null::text as executor_type, 0 as ready, null::bigint as ready_from, false as in_graph
    from mine`
}

/**
 * One statement: result, event, counters of the graph, and one parent less to wait for in each child. The rows of graphs
 * are locked first and in order, then processes in order, so two batches never wait for each other in a circle. Children
 * are read from the locked row: they include those added while this statement waited. Such a child itself is newer than
 * the snapshot; then the statement starts over (`raise_race`).
 */
function closeAnywhere(colony: ColonyKey, closes: readonly PlacedClose[]): Sql {
  return sql`
    with asked as materialized (${askedToClose(closes)}), ${lockRows(colony)}, ${ownRows(heldByCloser)}, ${moveRows(colony, success)}, ${countSuccesses(colony)}, freed as materialized (
      select child, count(*)::int as parents
      from mine, unnest(children) child group by child order by child
    ), children_freed as (
      update live c set open_parents = c.open_parents - f.parents
      from freed f where c.colony = ${colony} and c.process_id = f.child
      returning c.process_id, c.open_parents, c.executor_type, c.names, c.priority_time, c.location, c.cpu, c.memory
    ), wants as (
      insert into wanted (colony, executor_type, name, priority_time, process_id, location, cpu, memory)
      select ${colony}, executor_type, name, priority_time, process_id, location, cpu, memory
      from children_freed, unnest(names) name where open_parents = 0
    )
    select process_id, place, null::text as executor_type, 0 as ready, null::bigint as ready_from,
      graph_id is not null as in_graph
    from mine
    union all
    select null, 0, executor_type, count(*)::int, min(priority_time), true from children_freed
    where open_parents = 0 group by executor_type
    union all
    select null, 0, null, 0, null, true from freed f
    where ${raceIf(colony, sql`f.child`, sql`f.child not in (select process_id from children_freed)`)}`
}

const askedToClose = (closes: readonly PlacedClose[]) => sql`
      select a.*
      from unnest(${textColumn(closes, ({ close }) => close.processId)}::text[],
        ${textColumn(closes, ({ close }) => close.holder)}::text[], ${intColumn(closes, ({ close }) => close.attempt)}::int[],
        ${textColumn(closes, ({ close }) => close.output)}::text[], ${intColumn(closes, ({ place }) => place)}::int[])
        as a (asked_id, by_holder, of_attempt, new_output, place)`

/**
 * Closes a batch of processes of one colony as failed, if they run and are held by who closes them. In a graph, all that
 * depends on a failed process fails with it and says why; other branches go on, what is finished stays finished.
 */
export function closeFailed(db: Db, colony: ColonyKey, failures: readonly Failure[]): Promise<Ended> {
  return endWithDescendants(db, colony, {
    state: 3,
    reason: sql`'close'`,
    asked: sql`
      select a.asked_id, a.by_holder, a.of_attempt, a.new_errors::text[] as new_errors, a.place
      from unnest(${failures.map((f) => f.processId)}::text[], ${failures.map((f) => f.holder)}::text[],
        ${failures.map((f) => f.attempt)}::int[], ${failures.map((f) => f.errors && arrayLiteral(f.errors))}::text[])
        with ordinality as a (asked_id, by_holder, of_attempt, new_errors, place)`,
    guard: heldByCloser,
  })
}

/** Cancels one process outside of a graph, waiting or running. */
export function cancelProcess(db: Db, colony: ColonyKey, processId: string): Promise<Ended> {
  return endWithDescendants(db, colony, {
    state: 4,
    reason: sql`'cancel'`,
    asked: sql`select ${processId}::text as asked_id, null::text[] as new_errors, 1 as place`,
    guard: sql`graph_id is null`,
  })
}

/** Cancels all processes of a graph that wait or run. */
export function cancelGraph(db: Db, colony: ColonyKey, graphId: string): Promise<Ended> {
  return db.transaction(async (tx) => {
    await tx.run(sql`select 1 from graphs where colony = ${colony} and graph_id = ${graphId} for update`)
    return endWithDescendants(tx, colony, {
      state: 4,
      reason: sql`'cancel'`,
      asked: sql`
        select n.process_id as asked_id, null::text[] as new_errors, 1 as place from graph_nodes n
        where n.colony = ${colony} and n.graph_id = ${graphId}`,
      guard: sql`true`,
    })
  })
}

/**
 * Ends processes whose time is over: waiting longer than `maxwaittime`, or running longer than `maxexectime` with no
 * retry left. What somebody is changing, and the graphs that are, wait for the next call. Uses the index `live_deadline`.
 */
export function failOverdue(db: Db, colony: ColonyKey, { limit, withinSeconds }: OverdueOptions): Promise<Ended> {
  return endWithDescendants(db, colony, {
    state: 3,
    reason: sql`case when m.state = 0 then 'maxwaittime' else 'maxexectime' end`,
    asked: sql`
      select l.process_id as asked_id, array[case when l.state = 0 then 'Maximum waiting time limit exceeded'
        else 'Maximum execution time limit exceeded' end] as new_errors, 1 as place
      from live l
      where l.colony = ${colony} and ${isOverdue(withinSeconds)}
        and (l.state = 0 or (l.max_retries >= 0 and l.retries >= l.max_retries))
      order by l.deadline limit ${limit}`,
    guard: sql`deadline < now() and (state = 0 or (max_retries >= 0 and retries >= max_retries))`,
    skipsLocked: true,
  })
}

interface Ending {
  state: 3 | 4
  reason: Sql
  /** Rows (asked_id, new_errors, place from 1, and what the guard reads). */
  asked: Sql
  /** Over the locked newest version of the row. */
  guard: Sql
  /** Leaves out what somebody is changing, who may be slow, or frozen: for sweeps, which come again. */
  skipsLocked?: boolean
}

async function endWithDescendants(db: Db, colony: ColonyKey, ending: Ending): Promise<Ended> {
  const rows = await db.all<EndRow>(sql`
    with recursive asked as materialized (${ending.asked}), ${lockRows(colony, ending)}, ${ownRows(ending.guard)}, ${moveRows(colony, { state: ending.state, reason: ending.reason, output: sql`m.output`, errors: sql`m.new_errors` })}, ${unwantRows(colony)}, doomed as (
      -- Whatever waits below a process that ended without success can never start.
      select child as process_id, m.process_id as cause from mine m, unnest(m.children) child
      union
      select child, d.cause from doomed d
      join live l on l.colony = ${colony} and l.process_id = d.process_id, unnest(l.children) child
    ), below as materialized (
      select distinct on (process_id) process_id, cause from doomed
      where process_id not in (select process_id from mine) order by process_id
    ), dropped as (
      delete from live l using below b where l.colony = ${colony} and l.process_id = b.process_id
      returning l.*, b.cause
    ), dropped_results as (
      insert into results (colony, process_id, state, attempt, retries, ended_at, executor_type, label, initiator_user,
        graph_id, errors)
      select ${colony}, d.process_id, ${ending.state}, d.attempt, d.retries, now(), d.executor_type, s.label,
        s.initiator_user, d.graph_id,
        array[format('It could not start: process %s (%s), which it depends on, ended without success',
          c.node_name, d.cause)]
      from dropped d
      join process_specs s on s.colony = ${colony} and s.process_id = d.process_id
      join process_specs c on c.colony = ${colony} and c.process_id = d.cause
    ), dropped_history as (
      insert into events (colony, process_id, old_state, state, attempt, reason, executor_type)
      select ${colony}, process_id, 0, ${ending.state}, attempt, 'parent ' || cause, executor_type from dropped
    ), dropped_counters as materialized (
      select graph_id, count(*)::int as nodes from (
        select graph_id from dropped union all select graph_id from mine) d
      where graph_id is not null group by graph_id
    ), below_counted as (
      update graphs g set failed = failed + case when ${ending.state} = 3 then d.nodes else 0 end,
        cancelled = cancelled + case when ${ending.state} = 4 then d.nodes else 0 end, ended_at = now()
      from dropped_counters d where g.colony = ${colony} and g.graph_id = d.graph_id
    )
    select process_id, (place - 1)::int as place, null::text as executor_type, 0 as ready, null::bigint as ready_from,
      graph_id is not null as in_graph
    from mine
    union all
    select null, 0, null, 0, null, false from below b
    where ${raceIf(colony, sql`b.process_id`, sql`b.process_id not in (select process_id from dropped)`)}
    union all
    select null, 0, null, 0, null, false from mine m where ${raceIfNewlyWanted(colony)}`)
  return ended(rows)
}

/** Locks the graphs of the asked processes, then the processes; both in order of their ids. */
function lockRows(colony: ColonyKey, { skipsLocked = false }: Pick<Ending, 'skipsLocked'> = {}): Sql {
  const skip = skipsLocked ? sql`skip locked` : sql``
  // Whose graph is not ours is left out too. An array, which is read once: no row may be looked for in `graphs_locked` again
  // when a row of `live` has changed while it was locked.
  const inOurGraphs = skipsLocked
    ? sql`(l.graph_id is null or l.graph_id = any(array(select graph_id from graphs_locked)))`
    : sql`(select count(*) from graphs_locked) >= 0`
  return sql`graphs_locked as materialized (
      select g.graph_id from graphs g
      where g.colony = ${colony} and g.graph_id in (
        select l.graph_id from asked a join live l on l.colony = ${colony} and l.process_id = a.asked_id
        where l.graph_id is not null)
      order by g.graph_id for update ${skip}
    ), locked as materialized (
      select l.*, a.* from asked a
      join live l on l.colony = ${colony} and l.process_id = a.asked_id
      where ${inOurGraphs}
      order by l.process_id for update of l ${skip}
    )`
}

/** Over the locked newest version of a row, and who asks: it runs, and is held by who closes it. */
const heldByCloser = sql`state = 1 and holder = by_holder and (of_attempt = 0 or of_attempt = attempt)`

/**
 * The locked rows that may be ended, each once. A batch may have several closes of one process, of its holder and of
 * executors that lost it: the guard comes first, so that none of the others stands in for the holder's.
 */
function ownRows(guard: Sql): Sql {
  return sql`mine as materialized (
      select distinct on (process_id) * from locked where ${guard} order by process_id, place
    )`
}

/** The last state of processes, and expressions over their rows `m`. */
interface End {
  state: 2 | 3 | 4
  reason: Sql
  output: Sql
  errors: Sql
}

const success: End = {
  state: 2,
  reason: sql`'close'`,
  output: sql`coalesce(m.new_output, m.output)`,
  errors: sql`null::text[]`,
}

/** Moves the rows of `mine` from `live` to `results`, with event. */
function moveRows(colony: ColonyKey, end: End): Sql {
  return sql`gone as (
      delete from live l using mine m where l.colony = ${colony} and l.process_id = m.process_id
    ), ${recordRows(colony, end)}`
}

/** Puts the rows of `mine` into `results`, with event. */
function recordRows(colony: ColonyKey, { state, reason, output, errors }: End): Sql {
  return sql`result_rows as (
      insert into results (colony, process_id, state, holder, holder_name, attempt, retries, started_at, ended_at,
        wait_deadline, exec_deadline, executor_type, label, initiator_user, graph_id, output, errors)
      select ${colony}, m.process_id, ${state}, m.holder, m.holder_name, m.attempt, m.retries, m.started_at, now(),
        case when m.state = 0 then m.deadline end, case when m.state = 1 then m.deadline end, m.executor_type, s.label,
        s.initiator_user, m.graph_id, ${output}, ${errors}
      from mine m join process_specs s on s.colony = ${colony} and s.process_id = m.process_id
    ), history as (
      insert into events (colony, process_id, old_state, state, attempt, holder, reason, executor_type)
      select ${colony}, m.process_id, m.state, ${state}, m.attempt, m.holder, ${reason}, m.executor_type from mine m
    )`
}

/** Counts the rows of `mine` in their graphs. */
function countSuccesses(colony: ColonyKey): Sql {
  return sql`successes as (
      update graphs g set success = success + d.nodes,
        ended_at = case when g.success + d.nodes + g.failed + g.cancelled >= g.total then now() else g.ended_at end
      from (select graph_id, count(*)::int as nodes from mine where graph_id is not null group by graph_id) d
      where g.colony = ${colony} and g.graph_id = d.graph_id
    )`
}

/** What still waited is wanted no more. */
function unwantRows(colony: ColonyKey): Sql {
  return sql`unwanted as (
      delete from wanted w using mine m
      where m.names is not null and m.state = 0 and w.colony = ${colony} and w.process_id = m.process_id
    )`
}

function ended(rows: readonly EndRow[]): Ended {
  const result: Ended = { ended: new Map(), ready: [], inGraphs: false }
  for (const { process_id, place, executor_type, ready, ready_from, in_graph } of rows) {
    if (process_id !== null) {
      result.ended.set(process_id, place)
      result.inGraphs ||= in_graph
    } else if (executor_type !== null)
      result.ready.push({ executorType: executor_type, count: ready, ...(ready_from !== null && { from: ready_from }) })
  }
  return result
}

/**
 * Starts the statement over for a process that should have been there and that this snapshot knows in no state: it was
 * made by a transaction that ended while the statement waited for a lock. `case`, because the order of `and` is free. No
 * `not exists`: the planner may read all results of the colony for that, instead of one.
 */
function raceIf(colony: ColonyKey, processId: Sql, missing: Sql): Sql {
  return sql`case when ${missing} and (
      select r.process_id from results r where r.colony = ${colony} and r.process_id = ${processId}) is null
      then raise_race() else false end`
}

/**
 * Starts the statement over for a process `m` that became ready while it was waited for: this snapshot does not see the
 * rows of `wanted` that came with it, and would leave them behind, before the processes that its executors wait for.
 */
function raceIfNewlyWanted(colony: ColonyKey): Sql {
  return sql`case when m.names is not null and m.state = 0 and (
      select (l.state, l.open_parents, l.attempt) is distinct from (m.state, m.open_parents, m.attempt)
      from live l where l.colony = ${colony} and l.process_id = m.process_id)
      then raise_race() else false end`
}
