import { dropChannels } from './channels.js'
import { uncountGraphs } from './counters.js'
import type { Db } from './db.js'
import { REMOVED } from './process-row.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

/** Removes one process that is neither running nor part of a graph. @returns 0 when it is not such a one */
export function removeProcess(db: Db, colony: ColonyKey, processId: string): Promise<number> {
  return removeRows(
    db,
    colony,
    sql`select s.process_id from process_specs s
      where s.colony = ${colony} and s.process_id = ${processId} and s.graph_id is null`,
  )
}

/**
 * Removes some processes of one state that are not part of graphs.
 *
 * @param state -1 for every state but running
 * @param limit most processes in one call; when as many come back, call again
 */
export async function removeProcesses(db: Db, colony: ColonyKey, state: number, limit: number): Promise<number> {
  const waiting = sql`select process_id from live
    where colony = ${colony} and state = 0 and graph_id is null order by list_place limit ${limit}`
  const ended = sql`select process_id from results
    where colony = ${colony} and graph_id is null and state = any(${state === -1 ? [2, 3, 4] : [state]}::smallint[])
    order by process_id limit ${limit}`
  let removed = 0
  if (state <= 0) removed += await removeRows(db, colony, waiting)
  if (state !== 0) removed += await removeRows(db, colony, ended)
  return removed
}

/** Removes one graph with all its processes, unless one of them runs. */
export function removeGraph(db: Db, colony: ColonyKey, graphId: string): Promise<boolean> {
  return db.transaction(async (tx) => {
    const removable = await tx.one(sql`
      select 1 from graphs g where g.colony = ${colony} and g.graph_id = ${graphId} and not exists (
        select 1 from graph_nodes n join live l on l.colony = ${colony} and l.process_id = n.process_id
        where n.colony = ${colony} and n.graph_id = ${graphId} and l.state = 1)
      for update`)
    if (!removable) return false
    const nodes = sql`select n.process_id from graph_nodes n where n.colony = ${colony} and n.graph_id = ${graphId}`
    const { count } = (await tx.one<{ count: number }>(sql`select count(*)::int as count from (${nodes}) n`)) ?? {
      count: 0,
    }
    const removed = await removeRows(tx, colony, nodes)
    // A node that was assigned since the first look stays, and so does the whole graph.
    if (removed < count) await tx.run(sql`select raise_race()`)
    await tx.run(sql`
      with nodes as (
        delete from graph_nodes where colony = ${colony} and graph_id = ${graphId} returning process_id
      ), edges as (
        delete from edges e using nodes n where e.colony = ${colony} and e.child_id = n.process_id
      ), gone as (
        delete from graphs where colony = ${colony} and graph_id = ${graphId} returning counted_state
      )
      ${uncountGraphs(colony, sql`select counted_state from gone`)}`)
    return true
  })
}

/** Ids of graphs of one state (-1: every state but running), for removing them one by one. */
export async function graphsToRemove(
  db: Db,
  colony: ColonyKey,
  { state, after, limit }: { state: number; after: string; limit: number },
): Promise<string[]> {
  const rows = await db.all<{ graph_id: string }>(sql`
    select graph_id from graphs
    where colony = ${colony} and graph_id > ${after}
      and state = any(${state === -1 ? [0, 2, 3, 4] : [state]}::smallint[])
    order by graph_id limit ${limit}`)
  return rows.map((row) => row.graph_id)
}

/** Deletes what belongs to the chosen processes, unless they run; logs stay. @returns how many processes went */
function removeRows(db: Db, colony: ColonyKey, chosen: Sql): Promise<number> {
  return db.transaction(async (tx) => {
    const gone = (await removeProcessRows(tx, colony, chosen)).map((row) => row.process_id)
    // A statement of its own: what was written while the first one waited for a lock (to a channel, or into the queue, when
    // a process became ready), only this one sees.
    const ids = sql`select process_id from unnest(${gone}::text[]) as t (process_id)`
    if (gone.length > 0)
      await tx.run(sql`
        with ${dropChannels(colony, ids)}, unwanted as (
          delete from wanted where colony = ${colony} and process_id in (${ids})
        )
        select`)
    return gone.length
  })
}

function removeProcessRows(db: Db, colony: ColonyKey, chosen: Sql): Promise<{ process_id: string }[]> {
  return db.all<{ process_id: string }>(sql`
    with chosen as materialized (${chosen}), waiting as materialized (
      select l.process_id from chosen c join live l on l.colony = ${colony} and l.process_id = c.process_id
      where l.state = 0 order by l.process_id for update of l
    ), gone_live as (
      delete from live l using waiting w where l.colony = ${colony} and l.process_id = w.process_id and l.state = 0
      returning l.process_id, l.state, l.attempt, l.executor_type
    ), gone_results as (
      delete from results r using chosen c where r.colony = ${colony} and r.process_id = c.process_id
      returning r.process_id, r.state, r.attempt, r.executor_type
    ), gone as materialized (
      select * from gone_live union all select * from gone_results
    ), plain as (
      delete from attributes a using gone g where a.colony = ${colony} and a.process_id = g.process_id
    ), history as (
      insert into events (colony, process_id, old_state, state, attempt, reason, executor_type)
      select ${colony}, process_id, state, ${REMOVED}, attempt, 'remove', executor_type from gone
    )
    delete from process_specs s using gone g where s.colony = ${colony} and s.process_id = g.process_id
    returning s.process_id`)
}
