import type { Db } from './db.js'
import { type Sql, sql } from './sql.js'
import { Unnested } from './unnested.js'

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

/** What a batch has, and its statement is made for. */
interface Parts {
  /** Requests that may come again. */
  isRepeatable: boolean
  /** Processes for executors that wait for them. */
  isDispatched: boolean
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
export async function insertProcesses(
  db: Db,
  colony: ColonyKey,
  processes: readonly NewProcess[],
  attributes: readonly NewAttribute[],
): Promise<Submitted[]> {
  const isRepeatable = processes.some(({ requestId }) => requestId !== null)
  const isDispatched = processes.some(({ holder }) => holder !== null)
  const stored = storedAsFresh(colony, processes, attributes, { isRepeatable, isDispatched })
  if (isRepeatable || isDispatched || processes.some(({ waitSeconds }) => waitSeconds !== null))
    return db.all<Submitted>(sql`${stored}
      select (place - 1)::int as place, process_id, true as fresh, dispatched::int as state, now() as submitted_at,
        priority_time, now() + make_interval(secs => wait_seconds) as wait_deadline,
        case when dispatched then now() + make_interval(secs => exec_seconds) end as exec_deadline,
        case when dispatched then now() end as started_at
      from fresh
      ${isRepeatable ? repetitions(colony) : sql``}`)
  const alike = await db.one<Alike>(
    sql`${stored} select now() as submitted_at, min(submitted_ns) as first_ns from fresh having count(*) > 0`,
  )
  return alike ? processes.map((process, place) => waitingRow(alike, process, place)) : []
}

/** What is known of all processes of a batch that have nothing of their own to be told. */
interface Alike {
  submitted_at: string
  first_ns: bigint
}

/** Of one step of priority, on the scale of priority times. */
export const NS_OF_PRIORITY = 86_400_000_000_000n

/** As the statement stored it. */
function waitingRow({ submitted_at, first_ns }: Alike, { processId, priority }: NewProcess, place: number): Submitted {
  return {
    place,
    process_id: processId,
    fresh: true,
    state: 0,
    submitted_at,
    priority_time: first_ns + BigInt(place % 1000) - BigInt(priority) * NS_OF_PRIORITY,
    wait_deadline: null,
    exec_deadline: null,
    started_at: null,
  }
}

/** The beginning of a statement: stores what has come for the first time, which are its rows `fresh`. */
function storedAsFresh(
  colony: ColonyKey,
  processes: readonly NewProcess[],
  attributes: readonly NewAttribute[],
  parts: Parts,
): Sql {
  const { isRepeatable, isDispatched } = parts
  const isPlain = attributes.length === 0 && processes.every(({ names }) => names === null)
  const given = givenRows(colony, processes, parts)
  const ifDispatched = (value: Sql, otherwise: Sql = sql`null`) =>
    isDispatched ? sql`case when dispatched then ${value} else ${otherwise} end` : otherwise
  return sql`
    with ${isRepeatable ? firstRequests(colony, given) : sql``} fresh as materialized (
      select asked.*, submitted_ns - priority * ${NS_OF_PRIORITY}::bigint as priority_time,
        ${isDispatched ? sql`e.executor_id is not null and asked.open` : sql`false`} as dispatched
      from ${isRepeatable ? sql`asked` : sql`(${given}) asked`}
      ${isDispatched ? sql`left join executors e on e.colony = ${colony} and e.executor_id = asked.holder and e.state = 1` : sql``}
      ${isRepeatable ? sql`where request_id is null or process_id in (select made_id from first_requests)` : sql``}
    ), specs as (
      insert into process_specs (colony, process_id, node_name, function_name, executor_type, label, initiator_id,
        initiator_name, initiator_user, submitted_at, priority_time, wait_seconds, exec_seconds, max_retries, spec, env,
        channels)
      select ${colony}, process_id, node_name, function_name, executor_type, label, initiator_id, initiator_name,
        case when initiator_is_user then initiator_name end, now(), priority_time, wait_seconds, exec_seconds, max_retries,
        spec, env, channels
      from fresh
    ), rows as (
      insert into live (colony, process_id, state, executor_type, names, location, cpu, memory, priority_time,
        open_parents, deadline, wait_seconds, exec_seconds, max_retries, attempt, holder, holder_name, assign_id,
        started_at, list_place)
      select ${colony}, process_id, dispatched::int, executor_type, wanted_names, location, cpu, memory, priority_time,
        0, now() + make_interval(secs => ${ifDispatched(sql`exec_seconds`, sql`wait_seconds`)}), wait_seconds,
        exec_seconds, max_retries, dispatched::int, ${ifDispatched(sql`holder`)}, ${ifDispatched(sql`holder_name`)},
        ${ifDispatched(sql`assign_id`)}, ${ifDispatched(sql`now()`)}, ${ifDispatched(sql`submitted_ns`, sql`priority_time`)}
      from fresh
    ), ${isPlain ? sql`` : namesAndAttributes(colony, attributes)} history as (
      insert into events (colony, process_id, old_state, state, attempt, holder, reason, executor_type)
      select ${colony}, process_id, null, dispatched::int, dispatched::int, ${ifDispatched(sql`holder`)},
        'submit', executor_type
      from fresh
    )`
}

/** What is to be stored, a row for each process. */
function givenRows(colony: ColonyKey, processes: readonly NewProcess[], { isRepeatable, isDispatched }: Parts): Sql {
  const of = new Unnested(processes)
  return sql`
      -- Submission times of a batch are equal; the nanoseconds keep the order in which the requests came.
      select a.*, (extract(epoch from now()) * 1000000)::bigint * 1000 + (place - 1) % 1000 as submitted_ns, not c.paused as open
      from colonies c, (
        select ${of.texts((p) => p.processId)} as process_id, ${of.texts((p) => p.nodeName)} as node_name,
          ${of.texts((p) => p.functionName)} as function_name, ${of.texts((p) => p.executorType)} as executor_type,
          ${of.texts((p) => p.label)} as label, ${of.texts((p) => p.initiatorId)} as initiator_id,
          ${of.texts((p) => p.initiatorName)} as initiator_name,
          ${of.flags((p) => p.initiatorIsUser)} as initiator_is_user,
          ${of.ints((p) => p.priority)} as priority, ${of.ints((p) => p.waitSeconds)} as wait_seconds,
          ${of.ints((p) => p.execSeconds)} as exec_seconds, ${of.ints((p) => p.maxRetries)} as max_retries,
          ${of.texts((p) => p.spec)} as spec, ${of.texts((p) => p.env)} as env, ${of.texts((p) => p.channels)} as channels,
          ${of.texts((p) => p.names && arrayLiteral(p.names))}::text[] as wanted_names, ${of.texts((p) => p.location)} as location,
          ${of.bigints((p) => p.cpu)} as cpu, ${of.bigints((p) => p.memory)} as memory,
          ${isRepeatable ? sql`${of.texts((p) => p.requestId)} as request_id,` : sql``} ${isDispatched ? holders(of) : sql``}
          generate_series(1, ${processes.length}::int) as place
      ) a
      where c.colony_key = ${colony}`
}

const holders = (of: Unnested<NewProcess>) => sql`${of.texts((p) => p.holder?.id ?? null)} as holder,
          ${of.texts((p) => p.holder?.name ?? null)} as holder_name, ${of.texts((p) => p.holder?.assignId ?? null)} as assign_id,`

/** All that is asked for; and of requests that may come again, those that had not come before. */
const firstRequests = (colony: ColonyKey, given: Sql) => sql`asked as materialized (${given}), first_requests as (
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
      select ${colony}, executor_type, name, priority_time, process_id, location, cpu, memory
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
