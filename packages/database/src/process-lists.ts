import type { Db } from './db.js'
import { idsWithin, type PrefixPage } from './id-prefixes.js'
import { processJson } from './process-json.js'
import { specBytes } from './process-row.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

/** Processes of a page, ready to be sent. */
export interface ListedProcesses {
  /** Their reply texts in JSON, as many as the bytes of the page allow. */
  texts: string[]
  /** How many the page has, with those that come after its bytes. */
  found: number
}

/** What every page has. */
interface Page {
  /** As attributes name it. */
  colonyName: string
  count: number
  /** Id of the last process of the page before; '' for the first page. */
  after: string
  /** The page ends before its texts have more; it has one process at least. */
  bytesMax: number
}

export interface ListFilter extends Page {
  state: number
  /** '' for any. */
  executorType: string
  label: string
  user: string
}

const NO_ID = ''
/** Stands between texts that come as one value; JSON has no such character, it would be escaped. */
const SEPARATOR = '\x1e'
/**
 * Bytes of a page that is one value. PostgreSQL has a value in memory several times, and its reader does; more is read row by row.
 */
const JOINED_BYTES_MAX = 2 * 1024 * 1024

const resultColumns = sql`r.process_id, r.state, r.holder, r.started_at, r.ended_at, r.wait_deadline, r.exec_deadline, r.retries,
  r.attempt, 0 as open_parents, r.output, r.errors`

const liveColumns = sql`l.process_id, l.state, l.holder, l.started_at, null::timestamptz as ended_at,
  case when l.state = 0 then l.deadline end as wait_deadline, case when l.state = 1 then l.deadline end as exec_deadline,
  l.retries, l.attempt, l.open_parents, l.output, null::text[] as errors`

/** What `processJson` needs of what was submitted. */
const specOfPage = sql`s.initiator_id, s.initiator_name, s.priority_time, s.submitted_at, s.wait_seconds, s.spec,
  s.env, s.channels, s.graph_id, s.input`

/** Processes that wait (in queue order) or run (by start). Uses the index `live_list`; filters are applied on the way. */
export function listLive(db: Db, colony: ColonyKey, filter: ListFilter): Promise<ListedProcesses> {
  const { state, executorType, label, user, count } = filter
  const page = sql`
    select l.list_place, ${liveColumns}, ${specOfPage}
    from live l ${withSpec(colony, sql`l.process_id`)}
    where l.colony = ${colony} and l.state = ${state}
      and (l.list_place, l.process_id) > (${livePlaceOf(colony, filter)}, ${filter.after})
      ${executorType === '' ? sql`` : sql`and l.executor_type = ${executorType}`}
      ${label === '' ? sql`` : sql`and s.label = ${label}`}
      ${user === '' ? sql`` : sql`and s.initiator_user = ${user}`}
    order by l.list_place, l.process_id limit ${count}`
  return readPage(db, colony, { page, order: sql`s.list_place, s.process_id`, of: filter })
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

/** Ended processes, newest end first. Each filter has an index of `results` of its own. */
export function listResults(db: Db, colony: ColonyKey, filter: ListFilter): Promise<ListedProcesses> {
  const page = sql`
    select ${resultColumns}, ${specOfPage}
    from results r ${withSpec(colony, sql`r.process_id`)}
    where r.colony = ${colony} and ${ofResultsPage(colony, filter)}`
  return readPage(db, colony, { page, order: sql`s.ended_at desc, s.process_id desc`, of: filter })
}

/** A process of a list, without its text. */
export interface ListedId {
  processId: string
  /** Nothing of its text will ever change: it has ended, and is in no graph, to which children may be added. */
  isFinal: boolean
}

/** As `listResults`, for who knows the texts. It reads neither what was submitted nor what came of it. */
export async function listResultIds(db: Db, colony: ColonyKey, filter: ListFilter): Promise<ListedId[]> {
  const row = await db.one<{ ids: string | null }>(sql`
    select string_agg(case when graph_id is null then process_id else '*' || process_id end, ',') as ids
    from (
      select r.process_id, r.graph_id from results r
      where r.colony = ${colony} and ${ofResultsPage(colony, filter)}) page`)
  return (row?.ids?.split(',') ?? []).map((id) =>
    id.startsWith('*') ? { processId: id.slice(1), isFinal: false } : { processId: id, isFinal: true },
  )
}

/** Which ended processes a page has, and in which order. */
function ofResultsPage(colony: ColonyKey, { state, executorType, label, user, after, count }: ListFilter): Sql {
  const beyond = sql`(r.ended_at, r.process_id) < (
    coalesce((select ended_at from results where colony = ${colony} and process_id = ${after}), now()), ${after})`
  return sql`r.state = ${state}
      ${after === NO_ID ? sql`` : sql`and ${beyond}`}
      ${executorType === '' ? sql`` : sql`and r.executor_type = ${executorType}`}
      ${label === '' ? sql`` : sql`and r.label = ${label} and r.label <> ''`}
      ${user === '' ? sql`` : sql`and r.initiator_user = ${user}`}
    order by r.ended_at desc, r.process_id desc limit ${count}`
}

/** Those of some processes that have ended, in the order of their ids. */
export function readResults(
  db: Db,
  colony: ColonyKey,
  { ids, ...of }: Pick<Page, 'colonyName' | 'bytesMax'> & { ids: readonly string[] },
): Promise<ListedProcesses> {
  const page = sql`
    select ${resultColumns}, ${specOfPage}
    from unnest(${ids}::text[]) as asked (id)
    cross join lateral (
      select * from results r where r.colony = ${colony} and r.process_id = asked.id limit 1) r
    ${withSpec(colony, sql`r.process_id`)}
    order by r.process_id limit ${ids.length}`
  return readPage(db, colony, { page, order: sql`s.process_id`, of })
}

export interface SinceFilter extends Page {
  state: number
  /** '' for any. */
  executorId: string
  seconds: number
}

/** Processes in one state that were submitted since a time, oldest first: in the order of their ids, which begin with it. */
export function listSubmittedSince(db: Db, colony: ColonyKey, filter: SinceFilter): Promise<ListedProcesses> {
  const pageOf = [waitingSince, runningSince][filter.state] ?? endedSince
  return readPage(db, colony, { page: pageOf(colony, filter), order: sql`s.process_id`, of: filter })
}

/** Walks the primary key of `results`, past what ended otherwise. */
function endedSince(colony: ColonyKey, filter: SinceFilter): Sql {
  return sql`
    select ${resultColumns}, ${specOfPage}
    from results r ${withSpec(colony, sql`r.process_id`)}
    where r.colony = ${colony} and r.state = ${filter.state}
      and ${isSince(filter, { id: sql`r.process_id`, holder: sql`r.holder` })} and ${wasSubmittedSince(filter)}
    order by r.process_id limit ${filter.count}`
}

/** Walks the primary key of `live`, past what runs. */
function waitingSince(colony: ColonyKey, filter: SinceFilter): Sql {
  return sql`
    select ${liveColumns}, ${specOfPage}
    from live l ${withSpec(colony, sql`l.process_id`)}
    where l.colony = ${colony} and l.state = 0
      and ${isSince(filter, { id: sql`l.process_id`, holder: sql`l.holder` })} and ${wasSubmittedSince(filter)}
    order by l.process_id limit ${filter.count}`
}

/**
 * Reads all that run, or all that one executor runs: not many, while the primary key would lead past all that wait. So that it
 * does not, ids are compared as an expression, of which there is no index.
 */
function runningSince(colony: ColonyKey, filter: SinceFilter): Sql {
  const id = sql`(l.process_id || '')`
  return sql`
    select ${liveColumns}, ${specOfPage}
    from (
      select l.*, ${id} as place from live l
      where l.colony = ${colony} and l.state = 1 and ${isSince(filter, { id, holder: sql`l.holder` })}
      order by ${id} offset 0) l ${withSpec(colony, sql`l.process_id`)}
    where ${wasSubmittedSince(filter)}
    order by l.place limit ${filter.count}`
}

function isSince({ seconds, after, executorId }: SinceFilter, { id, holder }: { id: Sql; holder: Sql }): Sql {
  return sql`${id} > ${after}
      and ${id} >= lpad(to_hex(greatest(0, (extract(epoch from now()) - ${seconds}::int) * 1000)::bigint), 12, '0')
      ${executorId === '' ? sql`` : sql`and ${holder} = ${executorId}`}`
}

/** By the clock of the database: the time in an id is that of the replica which made it. */
const wasSubmittedSince = ({ seconds }: SinceFilter) =>
  sql`s.submitted_at >= now() - make_interval(secs => ${seconds}::int)`

/** Processes in any state whose ids begin so, in the order of ids. A range of the primary key of `process_specs`. */
export function listByPrefix(db: Db, colony: ColonyKey, filter: PrefixPage & Page): Promise<ListedProcesses> {
  const page = sql`
    select s.process_id, coalesce(l.state, r.state) as state, coalesce(l.holder, r.holder) as holder,
      coalesce(l.started_at, r.started_at) as started_at, r.ended_at,
      case when l.state = 0 then l.deadline else r.wait_deadline end as wait_deadline,
      case when l.state = 1 then l.deadline else r.exec_deadline end as exec_deadline,
      coalesce(l.retries, r.retries) as retries, coalesce(l.attempt, r.attempt) as attempt,
      coalesce(l.open_parents, 0) as open_parents, coalesce(l.output, r.output) as output, r.errors, ${specOfPage}
    from process_specs s
    left join live l on l.colony = ${colony} and l.process_id = s.process_id
    left join results r on r.colony = ${colony} and r.process_id = s.process_id
    where s.colony = ${colony} and ${idsWithin(sql`s.process_id`, filter)} and coalesce(l.state, r.state) is not null
    order by s.process_id limit ${filter.count}`
  return readPage(db, colony, { page, order: sql`s.process_id`, of: filter })
}

/** What was submitted of each row. With a limit of its own, so that it is looked up for each, whatever the planner thinks. */
function withSpec(colony: ColonyKey, id: Sql): Sql {
  return sql`cross join lateral (
      select * from process_specs s where s.colony = ${colony} and s.process_id = ${id} limit 1) s`
}

/**
 * Reads the processes of a page, in the same look at the tables: each row is looked up once, and none but those of the page.
 * Texts are not read until it is known which of them fit. They are put together as they come, which is in the order of the page.
 *
 * @param options.page a select with a limit, of the columns of `specOfPage` and of `liveColumns` or `resultColumns`
 * @param options.order of the page, by its columns `s`; the same as in the page, so that nothing is sorted
 */
async function readPage(
  db: Db,
  colony: ColonyKey,
  { page, order, of: { colonyName, bytesMax } }: { page: Sql; order: Sql; of: Pick<Page, 'colonyName' | 'bytesMax'> },
): Promise<ListedProcesses> {
  const texts = (within: number) => sql`
    select case when s.nth = 1 or s.bytes <= ${within} then ${processJson(colony, colonyName)} end as text
    from (
      select s.*, a.bytes is not null as has_attributes, row_number() over upto as nth,
        sum(${specBytes(colony)} + coalesce(a.bytes, 0) + coalesce(octet_length(s.output), 0)
          + case when s.errors is null then 0 else octet_length(array_to_string(s.errors, '')) end) over upto as bytes
      from (${page}) s
      cross join lateral (
        select sum(octet_length(a.value) + octet_length(a.key)) as bytes from attributes a
        where a.colony = ${colony} and a.process_id = s.process_id) a
      window upto as (order by ${order} rows unbounded preceding)
    ) s
    order by ${order}`
  const whole = await db.one<{ texts: string | null; given: number; found: number }>(sql`
    select string_agg(p.text, ${SEPARATOR}) as texts, count(p.text)::int as given, count(*)::int as found
    from (${texts(Math.min(bytesMax, JOINED_BYTES_MAX))}) p`)
  if (!whole?.texts) return { texts: [], found: 0 }
  const { given, found } = whole
  if (given === found || bytesMax <= JOINED_BYTES_MAX) return { texts: whole.texts.split(SEPARATOR), found }
  const rows = await db.all<{ text: string | null }>(texts(bytesMax))
  return { texts: rows.map((row) => row.text).filter((one) => one !== null), found: rows.length }
}
