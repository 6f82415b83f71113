import { idAt, type Sql, sql } from '@colonies/database'
import type { Crowd } from './crowd.js'

/** How long ago ended processes and graphs of the crowd were made. */
export const AGE_DAYS = 3
const DAY_MS = 86_400_000
/** Executors that hold every other running process; the rest is held by one. */
const HOLDERS = 199

/** What the nth of each kind has as its id. */
export interface Ids {
  waiting(n: number): string
  running(n: number): string
  ended(n: number): string
  /** Of an ended process. */
  attribute(n: number): string
  /** Of odd ones only: the other ended processes are in no graph. */
  graph(n: number): string
}

const digits: Record<keyof Ids, string> = { waiting: '1', running: '2', ended: '3', attribute: '4', graph: '5' }

/** @param first a process that runs; what is like it has ids of its time, what ended is older */
export function idsLike(first: string): Ids {
  const of = (kind: keyof Ids) => (n: number) => startOf(first, kind) + n.toString(16).padStart(51, '0')
  return {
    waiting: of('waiting'),
    running: of('running'),
    ended: of('ended'),
    attribute: of('attribute'),
    graph: of('graph'),
  }
}

function startOf(first: string, kind: keyof Ids): string {
  const timeMs = Number.parseInt(first.slice(0, 12), 16)
  return idAt(kind === 'waiting' || kind === 'running' ? timeMs : timeMs - AGE_DAYS * DAY_MS) + digits[kind]
}

/** The executors that hold what runs, beside the holder of the first. */
export async function addHolders({ db, colony }: Crowd): Promise<void> {
  await db.run(sql`
    insert into executors (colony, name, executor_id, executor_type, state)
    select ${colony}, 'holder' || n, lpad(to_hex(n), 64, '0'), 'cli', 1 from generate_series(0, ${HOLDERS - 1}::int) n`)
}

/** Adds so many of each past the server; processes are like the first, each that ended has an attribute and a channel. */
export async function fillProcesses(crowd: Crowd, first: string, range: { from: number; to: number }): Promise<void> {
  const { db, colony } = crowd
  const like: Like = {
    colony,
    first,
    numbers: sql`generate_series(${range.from}::int, ${range.to}::int) n`,
    id: (kind) => sql`${startOf(first, kind)} || lpad(to_hex(n), 51, '0')`,
  }
  // Side by side: no table refers to another.
  const kinds = [processesLike(like, 'waiting', 0), processesLike(like, 'running', 1), endedLike(like)]
  await Promise.all(
    kinds.map(async (statements) => {
      for (const statement of statements) await db.run(statement)
    }),
  )
}

interface Like {
  colony: number
  first: string
  numbers: Sql
  id(kind: keyof Ids): Sql
}

function specAndEvent({ colony, first, numbers, id }: Like, kind: keyof Ids, state: number): Sql[] {
  return [
    sql`
      insert into process_specs (colony, process_id, graph_id, node_name, function_name, executor_type, label, initiator_id,
        initiator_name, initiator_user, submitted_at, priority_time, max_retries, spec, env, channels)
      select ${colony}, ${id(kind)}, case when ${state}::int = 2 and n % 2 = 1 then ${id('graph')} end, s.node_name,
        s.function_name, s.executor_type, 'many', s.initiator_id, s.initiator_name, s.initiator_user, s.submitted_at,
        s.priority_time + n, s.max_retries, s.spec, s.env, s.channels
      from process_specs s, ${numbers} where s.colony = ${colony} and s.process_id = ${first}`,
    sql`
      insert into events (colony, process_id, state, attempt, reason, executor_type)
      select ${colony}, ${id(kind)}, ${state}::int, 0, 'submit', 'cli' from ${numbers}`,
  ]
}

function processesLike(like: Like, kind: 'waiting' | 'running', state: 0 | 1): Sql[] {
  const { colony, first, numbers, id } = like
  const ofRunning = (value: Sql) => sql`case when ${state}::int = 1 then ${value} end`
  return [
    ...specAndEvent(like, kind, state),
    sql`
      insert into live (colony, process_id, state, executor_type, location, cpu, memory, priority_time, open_parents,
        max_retries, holder, holder_name, assign_id, attempt, list_place, started_at)
      select ${colony}, ${id(kind)}, ${state}::int, 'cli', '', 0, 0, l.priority_time + n, 0, 0,
        ${ofRunning(sql`case when n % 2 = 1 then l.holder else lpad(to_hex(n % ${HOLDERS}), 64, '0') end`)},
        ${ofRunning(sql`case when n % 2 = 1 then l.holder_name else 'holder' || n % ${HOLDERS} end`)},
        ${ofRunning(sql`'assign' || n`)}, ${state}::int, l.list_place + n, ${ofRunning(sql`now()`)}
      from live l, ${numbers} where l.colony = ${colony} and l.process_id = ${first}`,
  ]
}

function endedLike(like: Like): Sql[] {
  const { colony, numbers, id } = like
  const endedAt = sql`now() - make_interval(days => ${AGE_DAYS}::int)`
  return [
    ...specAndEvent(like, 'ended', 2),
    sql`
      insert into results (colony, process_id, state, holder, holder_name, attempt, retries, started_at, ended_at,
        executor_type, label, graph_id)
      select ${colony}, ${id('ended')}, 2, '', 'ada', 1, 0, ${endedAt}, ${endedAt}, 'cli', 'many',
        case when n % 2 = 1 then ${id('graph')} end
      from ${numbers}`,
    sql`
      insert into graphs (colony, graph_id, initiator_id, initiator_name, total, success, ended_at, counted_state)
      select ${colony}, ${id('graph')}, '', '', 1, 1, ${endedAt}, 2 from ${numbers} where n % 2 = 1`,
    sql`
      insert into graph_nodes (colony, graph_id, position, process_id, node_name)
      select ${colony}, ${id('graph')}, 0, ${id('ended')}, 'a' from ${numbers} where n % 2 = 1`,
    sql`
      insert into attributes (colony, process_id, attribute_id, attribute_type, key, value)
      select ${colony}, ${id('ended')}, ${id('attribute')}, 1, 'k', 'v' from ${numbers}`,
    sql`
      insert into channels (colony, process_id, name, entries, bytes) select ${colony}, ${id('ended')}, 'a', 1, 0
      from ${numbers}`,
    sql`
      insert into channel_entries (colony, process_id, name, position, sender, sequence, in_reply_to, entry_type)
      select ${colony}, ${id('ended')}, 'a', 0, '', 0, 0, 'data' from ${numbers}`,
  ]
}
