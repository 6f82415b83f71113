import { bigintColumn, flagColumn, intColumn, textColumn } from './columns.js'
import type { Db } from './db.js'
import { sql } from './sql.js'

/** The key of a colony in every table: never reused, so rows of a removed colony cannot show up in a new one. */
export type ColonyKey = number

/** One process to be stored, checked by the rules of `core` already. */
export interface NewProcess {
  processId: string
  nodeName: string
  functionName: string
  executorType: string
  label: string
  initiatorId: string
  initiatorName: string
  initiatorIsUser: boolean
  priority: number
  waitSeconds: number | null
  execSeconds: number | null
  /** Negative: without limit. */
  maxRetries: number
  spec: string
  env: string
  channels: string | null
  names: readonly string[] | null
  location: string
  cpu: bigint
  memory: bigint
  requestId: string | null
  /** An idle executor of this replica that fits: the process starts as running. */
  holder: { id: string; name: string; assignId: string | null } | null
}

/** A key and value to be stored with a process. */
export interface NewAttribute {
  processId: string
  attributeId: string
  type: number
  key: string
  value: string
}

export interface Submitted {
  /** Index in the batch. */
  place: number
  /** The process that the request made: an older one when the request was a repetition. */
  process_id: string
  /** False when an earlier request with the same id made the process. */
  fresh: boolean
  state: number
  submitted_at: string
  priority_time: bigint
  wait_deadline: string | null
  exec_deadline: string | null
  started_at: string | null
}

/**
 * Stores a batch of processes of one colony in one statement.
 *
 * A place of the batch that is missing in the answer was not stored: the colony is gone, or another transaction is just
 * storing the same request; asking again settles it. A process with a holder starts as running unless the colony is
 * paused or the executor was rejected meanwhile; then it waits.
 *
 * What no process of the batch has is left out of the statement: to begin and end the parts of a statement costs PostgreSQL
 * more than to store a few rows.
 *
 * @returns one row per stored or repeated process, in no order
 */
export function insertProcesses(
  db: Db,
  colony: ColonyKey,
  processes: readonly NewProcess[],
  attributes: readonly NewAttribute[],
): Promise<Submitted[]> {
  const texts = (pick: (process: NewProcess) => string | null) => textColumn(processes, pick)
  const ints = (pick: (process: NewProcess) => number | null) => intColumn(processes, pick)
  const isRepeatable = processes.some(({ requestId }) => requestId !== null)
  const isDispatched = processes.some(({ holder }) => holder !== null)
  const isPlain = attributes.length === 0 && processes.every(({ names }) => names === null)
  return db.all<Submitted>(sql`
    with asked as materialized (
      select a.*, not c.paused as open
      from colonies c, unnest(
        ${texts((p) => p.processId)}::text[], ${texts((p) => p.nodeName)}::text[],
        ${texts((p) => p.functionName)}::text[], ${texts((p) => p.executorType)}::text[],
        ${texts((p) => p.label)}::text[], ${texts((p) => p.initiatorId)}::text[],
        ${texts((p) => p.initiatorName)}::text[], ${flagColumn(processes, (p) => p.initiatorIsUser)}::boolean[],
        ${ints((p) => p.priority)}::int[], ${ints((p) => p.waitSeconds)}::int[],
        ${ints((p) => p.execSeconds)}::int[], ${ints((p) => p.maxRetries)}::int[],
        ${texts((p) => p.spec)}::text[], ${texts((p) => p.env)}::text[], ${texts((p) => p.channels)}::text[],
        ${texts((p) => p.names && arrayLiteral(p.names))}::text[], ${texts((p) => p.location)}::text[],
        ${bigintColumn(processes, (p) => p.cpu)}::bigint[], ${bigintColumn(processes, (p) => p.memory)}::bigint[],
        ${texts((p) => p.requestId)}::text[], ${texts((p) => p.holder?.id ?? null)}::text[],
        ${texts((p) => p.holder?.name ?? null)}::text[], ${texts((p) => p.holder?.assignId ?? null)}::text[]
      ) with ordinality as a (process_id, node_name, function_name, executor_type, label, initiator_id, initiator_name,
        initiator_is_user, priority, wait_seconds, exec_seconds, max_retries, spec, env, channels, names, location, cpu,
        memory, request_id, holder, holder_name, assign_id, place)
      where c.colony_key = ${colony}
    ), ${isRepeatable ? firstRequests(colony) : sql``} fresh as materialized (
      -- Submission times of a batch are equal; the nanoseconds keep the order in which the requests came.
      select asked.*, asked.names::text[] as wanted_names,
        ${isDispatched ? sql`e.executor_id is not null and asked.open` : sql`false`} as dispatched,
        (extract(epoch from now()) * 1000000)::bigint * 1000 + (place - 1) % 1000 as submitted_ns
      from asked
      ${isDispatched ? sql`left join executors e on e.colony = ${colony} and e.executor_id = asked.holder and e.state = 1` : sql``}
      ${isRepeatable ? sql`where request_id is null or process_id in (select made_id from first_requests)` : sql``}
    ), specs as (
      insert into process_specs (colony, process_id, node_name, function_name, executor_type, label, initiator_id,
        initiator_name, initiator_user, submitted_at, priority_time, wait_seconds, exec_seconds, max_retries, spec, env,
        channels)
      select ${colony}, process_id, node_name, function_name, executor_type, label, initiator_id, initiator_name,
        case when initiator_is_user then initiator_name end, now(), submitted_ns - priority * 86400000000000,
        wait_seconds, exec_seconds, max_retries, spec, env, channels
      from fresh
    ), rows as (
      insert into live (colony, process_id, state, executor_type, names, location, cpu, memory, priority_time,
        open_parents, deadline, wait_seconds, exec_seconds, max_retries, attempt, holder, holder_name, assign_id,
        started_at, list_place)
      select ${colony}, process_id, dispatched::int, executor_type, wanted_names, location, cpu, memory,
        submitted_ns - priority * 86400000000000, 0,
        now() + make_interval(secs => case when dispatched then exec_seconds else wait_seconds end),
        wait_seconds, exec_seconds, max_retries, dispatched::int,
        case when dispatched then holder end, case when dispatched then holder_name end,
        case when dispatched then assign_id end, case when dispatched then now() end,
        case when dispatched then submitted_ns else submitted_ns - priority * 86400000000000 end
      from fresh
    ), ${isPlain ? sql`` : namesAndAttributes(colony, attributes)} history as (
      insert into events (colony, process_id, old_state, state, attempt, holder, reason, executor_type)
      select ${colony}, process_id, null, dispatched::int, dispatched::int, case when dispatched then holder end,
        'submit', executor_type
      from fresh
    )
    select (place - 1)::int as place, process_id, true as fresh, dispatched::int as state, now() as submitted_at,
      submitted_ns - priority * 86400000000000 as priority_time,
      now() + make_interval(secs => wait_seconds) as wait_deadline,
      case when dispatched then now() + make_interval(secs => exec_seconds) end as exec_deadline,
      case when dispatched then now() end as started_at
    from fresh
    ${isRepeatable ? repetitions(colony) : sql``}`)
}

/** Of requests that may come again, those that had not come before. */
const firstRequests = (colony: ColonyKey) => sql`first_requests as (
      insert into requests (colony, caller, request_id, made_id)
      select ${colony}, initiator_id, request_id, process_id from asked where request_id is not null
      on conflict do nothing
      returning made_id
    ),`

/** What the others had made. */
const repetitions = (colony: ColonyKey) => sql`union all
    select (asked.place - 1)::int, r.made_id, false, 0, now(), 0, null, null, null
    from asked
    join requests r on r.colony = ${colony} and r.caller = asked.initiator_id and r.request_id = asked.request_id
    where asked.process_id not in (select made_id from first_requests)`

const namesAndAttributes = (colony: ColonyKey, attributes: readonly NewAttribute[]) => sql`wants as (
      insert into wanted (colony, executor_type, name, priority_time, process_id, location, cpu, memory)
      select ${colony}, executor_type, name, submitted_ns - priority * 86400000000000, process_id, location, cpu, memory
      from fresh, unnest(wanted_names) name
      where not dispatched
    ), environment as (
      insert into attributes (colony, process_id, attribute_id, attribute_type, key, value)
      select ${colony}, a.process_id, a.attribute_id, a.attribute_type, a.key, a.value
      from unnest(${attributes.map((a) => a.processId)}::text[], ${attributes.map((a) => a.attributeId)}::text[],
        ${attributes.map((a) => a.type)}::int[], ${attributes.map((a) => a.key)}::text[],
        ${attributes.map((a) => a.value)}::text[]) as a (process_id, attribute_id, attribute_type, key, value)
      join fresh on fresh.process_id = a.process_id
    ),`

/** PostgreSQL's text form of a text array: lists of different lengths cannot travel in one array of arrays. */
export function arrayLiteral(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`
}
