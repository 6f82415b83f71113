import { type Db, sql } from '@colonies/database'
import type { Micros } from '../model/tables.js'
import { eventText, type Rows, shortened } from './rows-of-model.js'
import { microsOf } from './times.js'

/**
 * The same rows as of the model, read from PostgreSQL.
 *
 * @param ahead what is added to times
 */
export async function rowsOfPostgres(db: Db, colony: number, ahead: Micros): Promise<Rows> {
  const from = (time: string) => microsOf(time) + ahead
  const maybe = (time: string | null) => (time === null ? null : from(time))
  // biome-ignore lint/suspicious/noExplicitAny: rows are only handed on, to be compared
  const all = (statement: ReturnType<typeof sql>) => db.all<any>(statement)
  const live = await all(sql`
    select process_id, state, executor_type, names, location, open_parents, children, graph_id, deadline, wait_seconds,
      exec_seconds, max_retries, retries, attempt, holder, holder_name, assign_id, started_at, output
    from live where colony = ${colony} order by priority_time, process_id`)
  const wanted = await all(sql`select process_id || ' ' || name as line from wanted where colony = ${colony}`)
  const results = await all(sql`
    select process_id, state, holder, attempt, retries, started_at, ended_at, wait_deadline, exec_deadline, graph_id,
      output, errors
    from results where colony = ${colony} order by process_id`)
  const graphs = await all(sql`
    select g.graph_id, state, total, success, failed, cancelled, started_at, ended_at, planned_at, array(
      select process_id from graph_nodes n where n.colony = ${colony} and n.graph_id = g.graph_id order by position) as nodes
    from graphs g where colony = ${colony} order by graph_id`)
  const edges = await all(sql`
    select child_id || ' ' || position || ' ' || parent_id as line from edges where colony = ${colony}`)
  const requests = await all(sql`
    select caller || '/' || request_id || ' ' || made_id as line from requests where colony = ${colony}`)
  const executors = await all(sql`
    select name, state, leased, heartbeat_at from executors where colony = ${colony} order by name`)
  const instances = await all(sql`
    select executor_id || '/' || instance_id as id, heartbeat_at, look_at from executor_instances
    where colony = ${colony} order by id`)
  const crons = await all(sql`
    select name, next_run, last_run, previous_graph_id, last_error from crons where colony = ${colony} order by cron_id`)
  const generators = await all(sql`
    select name, packed::int as packed, taken::int as taken, due_at, last_error, queued_bytes::int as bytes, array(
      select a.place || ' ' || a.arg from generator_args a
      where a.colony = ${colony} and a.generator_id = g.generator_id order by a.place) as args
    from generators g where colony = ${colony} order by generator_id`)
  const [counters] = await all(sql`
    select waiting, running, success, failed, cancelled from counters where colony = ${colony}`)
  const events = await all(sql`
    select process_id, old_state, state, attempt, holder, reason from events where colony = ${colony}
    order by process_id, xact, at, state`)
  const lines = (rows: { line: string }[]) => rows.map(({ line }) => line).sort()
  const count = (name: string) => Number(counters?.[name] ?? 0)
  return {
    live: live.map((row) => ({
      processId: row.process_id,
      state: row.state,
      executorType: row.executor_type,
      names: row.names,
      location: row.location,
      openParents: row.open_parents,
      children: row.children ?? [],
      graphId: row.graph_id,
      deadline: maybe(row.deadline),
      waitSeconds: row.wait_seconds,
      execSeconds: row.exec_seconds,
      maxRetries: row.max_retries,
      retries: row.retries,
      attempt: row.attempt,
      holder: row.holder,
      holderName: row.holder_name,
      assignId: row.assign_id,
      startedAt: maybe(row.started_at),
      output: row.output,
    })),
    wanted: lines(wanted),
    results: results.map((row) => ({
      processId: row.process_id,
      state: row.state,
      holder: row.holder,
      attempt: row.attempt,
      retries: row.retries,
      startedAt: maybe(row.started_at),
      endedAt: from(row.ended_at),
      waitDeadline: maybe(row.wait_deadline),
      execDeadline: maybe(row.exec_deadline),
      graphId: row.graph_id,
      output: row.output,
      errors: shortened(row.errors),
    })),
    graphs: graphs.map(({ graph_id, started_at, ended_at, planned_at, ...row }) => ({
      graphId: graph_id,
      ...row,
      startedAt: maybe(started_at),
      endedAt: maybe(ended_at),
      plannedAt: maybe(planned_at),
    })),
    edges: lines(edges),
    requests: lines(requests),
    executors: executors.map(({ heartbeat_at, ...row }) => ({ ...row, heartbeatAt: maybe(heartbeat_at) })),
    instances: instances.map(({ id, heartbeat_at, look_at }) => ({
      id,
      heartbeatAt: from(heartbeat_at),
      lookAt: from(look_at),
    })),
    crons: crons.map((row) => ({
      name: row.name,
      nextRun: maybe(row.next_run),
      lastRun: maybe(row.last_run),
      previous: row.previous_graph_id,
      error: row.last_error,
    })),
    generators: generators.map(({ due_at, last_error, ...row }) => ({
      ...row,
      dueAt: maybe(due_at),
      error: last_error,
    })),
    counters: {
      waiting: count('waiting'),
      running: count('running'),
      success: count('success'),
      failed: count('failed'),
      cancelled: count('cancelled'),
      countedTo: undefined,
    },
    events: events.map(
      ({ process_id, old_state, ...event }) => `${process_id} ${eventText({ oldState: old_state, ...event })}`,
    ),
  }
}
