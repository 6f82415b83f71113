import type { Db } from './db.js'
import { type Held, heldAs, heldBy } from './held.js'
import { type ProcessRow, specColumns, textBytes } from './process-row.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

const NO_ID = ''

/** Reads processes in any state, in the order of `processIds`; unknown ones are missing. */
export function readProcesses(db: Db, colony: ColonyKey, processIds: readonly string[]): Promise<ProcessRow[]> {
  return db.all<ProcessRow>(sql`
    select coalesce(l.state, r.state) as state, coalesce(l.holder, r.holder) as holder,
      coalesce(l.started_at, r.started_at) as started_at, r.ended_at,
      case when l.state = 0 then l.deadline
        else coalesce(r.wait_deadline, s.submitted_at + make_interval(secs => s.wait_seconds)) end as wait_deadline,
      case when l.state = 1 then l.deadline else r.exec_deadline end as exec_deadline,
      coalesce(l.retries, r.retries, 0) as retries, coalesce(l.attempt, r.attempt, 0) as attempt,
      coalesce(l.open_parents, 0) as open_parents, coalesce(l.output, r.output) as output, r.errors,
      ${specColumns(colony)}
    from unnest(${processIds}::text[]) with ordinality as asked (process_id, place)
    join process_specs s on s.colony = ${colony} and s.process_id = asked.process_id
    left join live l on l.colony = ${colony} and l.process_id = asked.process_id
    left join results r on r.colony = ${colony} and r.process_id = asked.process_id
    where coalesce(l.state, r.state) is not null
    order by asked.place`)
}

/**
 * Of processes that are to be read, those that come before their texts have more than so many bytes; one at least.
 */
export async function thoseThatFit(
  db: Db,
  colony: ColonyKey,
  processIds: readonly string[],
  bytesMax: number,
): Promise<readonly string[]> {
  const rows = await db.all<{ bytes: number | null }>(sql`
    select (${textBytes(colony)} + coalesce(octet_length(coalesce(l.output, r.output)), 0)
        + coalesce(octet_length(array_to_string(r.errors, '')), 0))::float8 as bytes
    from unnest(${processIds}::text[]) with ordinality as asked (process_id, place)
    left join process_specs s on s.colony = ${colony} and s.process_id = asked.process_id
    left join live l on l.colony = ${colony} and l.process_id = asked.process_id
    left join results r on r.colony = ${colony} and r.process_id = asked.process_id
    order by asked.place`)
  let bytes = 0
  const end = rows.findIndex((row) => (bytes += row.bytes ?? 0) > bytesMax)
  return end < 0 ? processIds : processIds.slice(0, Math.max(1, end))
}

/** Where a process stands: enough to say why it cannot be changed. */
export interface Standing {
  process_id: string
  state: number
  holder: string | null
  attempt: number
  in_graph: boolean
}

export function readStandings(db: Db, colony: ColonyKey, processIds: readonly string[]): Promise<Standing[]> {
  return db.all<Standing>(sql`
    select asked.process_id, coalesce(l.state, r.state) as state, coalesce(l.holder, r.holder) as holder,
      coalesce(l.attempt, r.attempt) as attempt, coalesce(l.graph_id, r.graph_id) is not null as in_graph
    from unnest(${processIds}::text[]) as asked (process_id)
    left join live l on l.colony = ${colony} and l.process_id = asked.process_id
    left join results r on r.colony = ${colony} and r.process_id = asked.process_id
    where coalesce(l.state, r.state) is not null`)
}

export interface ListFilter {
  state: number
  count: number
  /** '' for any. */
  executorType: string
  label: string
  user: string
  /** Id of the last process of the page before; '' for the first page. */
  after: string
}

/**
 * Ids of processes that wait (in queue order) or run (by start). Uses the index `live_list`; filters are applied on the
 * way.
 */
export async function listLive(db: Db, colony: ColonyKey, filter: ListFilter): Promise<string[]> {
  // No join, which could begin with the specs of the whole colony.
  const ofSpec = (column: Sql) => sql`(
    select ${column} from process_specs s where s.colony = ${colony} and s.process_id = l.process_id)`
  const rows = await db.all<{ process_id: string }>(sql`
    select l.process_id from live l
    where l.colony = ${colony} and l.state = ${filter.state}
      and (l.list_place, l.process_id) > (${livePlaceOf(colony, filter)}, ${filter.after})
      and (${filter.executorType} = '' or l.executor_type = ${filter.executorType})
      ${filter.label === '' ? sql`` : sql`and ${ofSpec(sql`s.label`)} = ${filter.label}`}
      ${filter.user === '' ? sql`` : sql`and ${ofSpec(sql`s.initiator_user`)} = ${filter.user}`}
    order by l.list_place, l.process_id limit ${filter.count}`)
  return rows.map((row) => row.process_id)
}

/** The place in the list of the last process of the page before, even if it has moved on since. */
function livePlaceOf(colony: ColonyKey, { state, after }: ListFilter): Sql {
  if (after === NO_ID) return sql`'-9223372036854775808'::bigint`
  if (state === 0)
    return sql`coalesce((select priority_time from process_specs where colony = ${colony} and process_id = ${after}), 0)`
  return sql`coalesce(
    (select list_place from live where colony = ${colony} and process_id = ${after} and state = 1),
    (select (extract(epoch from started_at) * 1000000)::bigint * 1000 from results
     where colony = ${colony} and process_id = ${after}), 0)`
}

/** Ids of ended processes, newest end first. Each filter has an index of `results` of its own. */
export async function listResults(db: Db, colony: ColonyKey, filter: ListFilter): Promise<string[]> {
  const page =
    filter.after === NO_ID
      ? sql`true`
      : sql`(ended_at, process_id) < (
          coalesce((select ended_at from results where colony = ${colony} and process_id = ${filter.after}), now()),
          ${filter.after})`
  const rows = await db.all<{ process_id: string }>(sql`
    select process_id from results
    where colony = ${colony} and state = ${filter.state} and ${page}
      ${filter.executorType === '' ? sql`` : sql`and executor_type = ${filter.executorType}`}
      ${filter.label === '' ? sql`` : sql`and label = ${filter.label} and label <> ''`}
      ${filter.user === '' ? sql`` : sql`and initiator_user = ${filter.user}`}
    order by ended_at desc, process_id desc limit ${filter.count}`)
  return rows.map((row) => row.process_id)
}

/** Ids of processes in one state that were submitted since a time, oldest first; ids are ordered by it. */
export async function listSubmittedSince(
  db: Db,
  colony: ColonyKey,
  filter: { state: number; executorId: string; seconds: number; count: number; after: string },
): Promise<string[]> {
  const rows = await db.all<{ process_id: string }>(sql`
    select s.process_id from process_specs s
    left join live l on l.colony = ${colony} and l.process_id = s.process_id
    left join results r on r.colony = ${colony} and r.process_id = s.process_id
    where s.colony = ${colony} and s.process_id > ${filter.after}
      and s.process_id >= lpad(to_hex(
        greatest(0, (extract(epoch from now()) - ${filter.seconds}::int) * 1000)::bigint), 12, '0')
      and s.submitted_at >= now() - make_interval(secs => ${filter.seconds}::int)
      and coalesce(l.state, r.state) = ${filter.state}
      and (${filter.executorId} = '' or coalesce(l.holder, r.holder) = ${filter.executorId})
    order by s.process_id limit ${filter.count}`)
  return rows.map((row) => row.process_id)
}

/** Replaces the output of a process that its holder still runs. */
export function setOutput(db: Db, colony: ColonyKey, { output, ...held }: Held & { output: string }): Promise<number> {
  return db.run(sql`
    with asked as materialized (select ${held.processId}::text as process_id)
    update live l set output = ${output} from asked a
    where l.colony = ${colony} and l.process_id = a.process_id and ${heldBy(held)}`)
}

/**
 * Of the processes that an executor believes to hold, those that it does not.
 *
 * @param attempts which attempt of each it runs, in the same order; 0: not checked
 */
export async function lostBy(
  db: Db,
  colony: ColonyKey,
  executorId: string,
  { processIds, attempts }: { processIds: readonly string[]; attempts: readonly number[] },
): Promise<string[]> {
  const rows = await db.all<{ process_id: string }>(sql`
    select asked.process_id
    from unnest(${processIds}::text[], ${attempts}::int[]) as asked (process_id, of_attempt)
    where not exists (select 1 from live l where l.colony = ${colony} and l.process_id = asked.process_id
      and ${heldAs(sql`${executorId}::text`, sql`coalesce(asked.of_attempt, 0)`)})`)
  return rows.map((row) => row.process_id)
}
