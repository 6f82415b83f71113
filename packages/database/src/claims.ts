import { limits } from '@colonies/protocol'
import type { Db } from './db.js'
import { heldAs } from './held.js'
import { type ProcessRow, specColumns, textBytes } from './process-row.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

/** An executor that asks for one process. */
export interface Claimant {
  executorId: string
  name: string
  /** Asked for before with this id: the process that it got then is given again, as the next attempt. */
  assignId: string | null
}

/** What all claimants of one claim have in common. */
export interface ClaimShape {
  executorType: string
  /** Lower case; '' for an executor without a location. */
  location: string
  /** Free millicores and bytes. */
  cpu: bigint
  memory: bigint
  /** An earlier claim said `varied`: looks at the first processes before all demands. The result is the same. */
  isVaried?: boolean
  /**
   * Only processes of this priority time and later ones. Where an old snapshot keeps rows that are gone, those before it need not
   * be looked at: their entries in the index are enough.
   */
  from?: bigint | undefined
}

export interface Claimed extends ProcessRow {
  /** Index of the claimant that got it. */
  place: number
  /** The claimant had it already, and asked again. */
  again: boolean
  /** More processes fit the claimants, and are left for their next claim: the texts of all would be too much at once. */
  more: boolean
  /** The queue has so many different demands that the next claim should know. */
  varied: boolean
}

/** With so many different demands for cpu and memory, the first processes of the colony are looked at instead. */
const FEW_DEMANDS = 64
const FIRST_ONES = 1000

/**
 * Gives each claimant the first process that fits it, by priority time; one statement for all that ask.
 *
 * Walks `live_queue` from one combination of location, cpu and memory to the next that fits, so rows that demand too much
 * or want another name are stepped over as one, however many they are. (Where demands are many, see `lookAtFirst`.) Named rows (`wanted_queue`) compete in the same
 * order: the first of both lists are taken together, named ones go to their claimant, the others to the remaining ones.
 * What was asked for before is found by `live_holder`, however much its executor holds.
 *
 * The texts of all have `limits.listBytesMax` bytes together, about, unless one process has more.
 *
 * @returns one row per claimant that got a process; claimants that are not approved or whose colony is paused get none
 */
export function claimProcesses(
  db: Db,
  colony: ColonyKey,
  shape: ClaimShape,
  claimants: readonly Claimant[],
): Promise<Claimed[]> {
  const { executorType, location, cpu, memory } = shape
  const count = claimants.length
  const asker = { colony, ...shape }
  return db.all<Claimed>(sql`
    with recursive asked as materialized (
      select a.executor_id, a.name, a.assign_id, a.place
      from unnest(${claimants.map((c) => c.executorId)}::text[], ${claimants.map((c) => c.name)}::text[],
        ${claimants.map((c) => c.assignId)}::text[]) with ordinality as a (executor_id, name, assign_id, place)
      join executors e on e.colony = ${colony} and e.executor_id = a.executor_id and e.state = 1
      where exists (select 1 from colonies c where c.colony_key = ${colony} and not c.paused)
    ), again as materialized (
      select a.place, a.executor_id, a.assign_id, held.process_id
      from (select *, row_number() over (partition by executor_id, assign_id order by place) as nth
            from asked where assign_id is not null) a
      cross join lateral (
        select l.process_id from live l
        where l.colony = ${colony} and l.holder = a.executor_id
          and hashtext(l.assign_id) = hashtext(a.assign_id) and l.assign_id = a.assign_id
        order by l.process_id limit 1 offset a.nth - 1) held
    ), open as materialized (
      select asked.*, row_number() over (partition by name order by place) as nth_of_name
      from asked where place not in (select place from again)
    ), ${shape.isVaried ? firstOnes(asker) : demandsOf(asker)}, general as materialized (
      ${shape.isVaried ? sql`select process_id, priority_time from first_ones where (select is_there from enough) union all` : sql``}
      select r.process_id, r.priority_time
      from demands d cross join lateral (
        select l.process_id, l.priority_time from live l
        where l.colony = ${colony} and l.executor_type = ${executorType} and l.location = d.location
          and l.cpu = d.cpu and l.memory = d.memory
          and l.state = 0 and l.open_parents = 0 and l.names is null ${startAt(asker)}
        order by l.priority_time, l.process_id limit (select count(*) from open)
        for update of l skip locked) r
      where d.memory <= ${memory}
    ), named_demands (name, location, cpu, memory) as (
      select n.name, first.location, first.cpu, first.memory
      from (select distinct name from open) n
      cross join (values ('' collate "C"), (${location})) as site (location)
      cross join lateral (
        select w.location, w.cpu, w.memory from wanted w
        where w.colony = ${colony} and w.executor_type = ${executorType} and w.name = n.name
          and w.location = site.location
        order by w.location, w.cpu, w.memory limit 1) first
      where (site.location = '' or ${location} <> '') and first.cpu <= ${cpu}
        -- Most colonies want nobody by name: one look spares a look per claimant.
        and ${isAnyWanted(colony, sql`${executorType}`)}
      union
      select d.name, next.location, next.cpu, next.memory
      from named_demands d cross join lateral (
        select w.location, w.cpu, w.memory from wanted w
        where w.colony = ${colony} and w.executor_type = ${executorType} and w.name = d.name
          and w.location = d.location and (w.cpu, w.memory) > (d.cpu, ${lastMemoryOf(memory)}) and w.cpu <= ${cpu}
        order by w.location, w.cpu, w.memory limit 1) next
    ), named_first as materialized (
      select distinct on (r.process_id) r.process_id, r.priority_time, d.name
      from named_demands d cross join lateral (
        select w.process_id, w.priority_time from wanted w
        where w.colony = ${colony} and w.executor_type = ${executorType} and w.name = d.name
          and w.location = d.location and w.cpu = d.cpu and w.memory = d.memory
        order by w.priority_time, w.process_id limit ${count}) r
      where d.memory <= ${memory}
      order by r.process_id
    ), named as materialized (
      select n.process_id, n.priority_time, n.name,
        row_number() over (partition by n.name order by n.priority_time, n.process_id) as nth_of_name
      from named_first n
      where exists (select 1 from (
        select l.state, l.open_parents, l.attempt from live l where l.colony = ${colony} and l.process_id = n.process_id
        for update of l skip locked) free
      where free.state = 0 and free.open_parents = 0
        -- Who was claimed and given back since the snapshot has new rows of wanted, which only the next claim can see and delete.
        and free.attempt = (select l.attempt from live l where l.colony = ${colony} and l.process_id = n.process_id))
    ), taken as materialized (
      select * from (
        select process_id, priority_time, null::text as name, null::bigint as nth_of_name from general
        union all
        select n.process_id, n.priority_time, n.name, n.nth_of_name
        from named n join open o on o.name = n.name and o.nth_of_name = n.nth_of_name) offers
      order by priority_time, process_id limit (select count(*) from open)
    ), fitting as materialized (
      ${count === 1 ? sql`select * from taken` : fitting(colony)}
    ), by_name as materialized (
      select t.process_id, o.place from fitting t join open o on o.name = t.name and o.nth_of_name = t.nth_of_name
    ), pairs as materialized (
      select process_id, place from by_name
      union all
      select g.process_id, o.place
      from (select process_id, row_number() over (order by priority_time, process_id) as nth
            from fitting where name is null) g
      join (select place, row_number() over (order by place) as nth
            from open where place not in (select place from by_name)) o on o.nth = g.nth
    ), claimed as (
      update live l
      set state = 1, attempt = l.attempt + 1, holder = o.executor_id, holder_name = o.name, assign_id = o.assign_id,
        started_at = now(), deadline = now() + make_interval(secs => l.exec_seconds),
        list_place = (extract(epoch from now()) * 1000000)::bigint * 1000
      from pairs p join open o on o.place = p.place
      where l.colony = ${colony} and l.process_id = p.process_id
      returning l.*, p.place, false as again
    ), unwanted as (
      delete from wanted w using claimed c
      where c.names is not null and w.colony = ${colony} and w.process_id = c.process_id
    ), started as (
      update graphs g set started_at = now()
      from (select distinct graph_id from claimed where graph_id is not null) c
      where g.colony = ${colony} and g.graph_id = c.graph_id and g.started_at is null
    ), history as (
      insert into events (colony, process_id, old_state, state, attempt, holder, reason, executor_type)
      select ${colony}, process_id, 0, 1, attempt, holder, 'assign', executor_type from claimed
    ), given_again as (
      -- As an attempt of its own: the connection of the first reply may be found broken only now, and what then gives the
      -- process back must not take it from who asked again.
      update live l set attempt = l.attempt + 1
      from again a
      where l.colony = ${colony} and l.process_id = a.process_id and ${heldAs(sql`a.executor_id`, sql`0`)}
        and l.assign_id = a.assign_id
      returning l.*, a.place, true as again
    ), given as (
      select * from claimed union all select * from given_again
    )
    select (g.place - 1)::int as place, g.again, (select count(*) from fitting) < (select count(*) from taken) as more,
      exists (select 1 from demands where nth >= ${FEW_DEMANDS}) or ${shape.isVaried ? sql`(select is_varied from variety)` : sql`false`} as varied, g.state, g.holder, g.started_at, null::timestamptz as ended_at,
      s.submitted_at + make_interval(secs => g.wait_seconds) as wait_deadline, g.deadline as exec_deadline,
      g.retries, g.attempt, 0 as open_parents, g.output, null::text[] as errors, ${specColumns(colony)}
    from given g join process_specs s on s.colony = ${colony} and s.process_id = g.process_id`)
}

/** Whether ready processes of a type want executors by name. By order: `exists` may read what is wanted of other types. */
export function isAnyWanted(colony: ColonyKey, executorType: Sql): Sql {
  return sql`(
    select w.executor_type from wanted w where w.colony = ${colony} and w.executor_type >= ${executorType}
    order by w.executor_type, w.name limit 1) = ${executorType}`
}

type Asker = ClaimShape & { colony: ColonyKey }

function startAt({ from }: Asker): Sql {
  return from === undefined ? sql`` : sql`and l.priority_time >= ${from}`
}

/** All demands. */
function demandsOf(asker: Asker): Sql {
  return sql`demands (location, cpu, memory, nth) as (
      ${walkDemands(asker, { name: sql`demands`, startIf: sql`true`, goOnIf: sql`true` })}
    )`
}

/** The first ones that fit where demands are many, and all demands unless these are many and the first ones are enough. */
function firstOnes(asker: Asker): Sql {
  const few = { name: sql`few_demands`, startIf: sql`true`, goOnIf: sql`d.nth < ${FEW_DEMANDS}` }
  const startIf = sql`(select is_varied from variety) and not (select is_there from enough)`
  return sql`few_demands (location, cpu, memory, nth) as (
      ${walkDemands(asker, few)}
    ), variety as materialized (
      select exists (select 1 from few_demands where nth = ${FEW_DEMANDS}) as is_varied
    ), first_ones as materialized (
      ${lookAtFirst(asker)}
    ), enough as materialized (
      select count(*) >= (select count(*) from open) as is_there from first_ones
    ), all_demands (location, cpu, memory, nth) as (
      ${walkDemands(asker, { name: sql`all_demands`, startIf, goOnIf: sql`true` })}
    ), demands as (
      select * from few_demands where not (select is_varied from variety) union all select * from all_demands
    )`
}

/** The combinations of location, cpu and memory in the queue that have to be looked at, with a number of its own each. */
function walkDemands(asker: Asker, { name, startIf, goOnIf }: { name: Sql; startIf: Sql; goOnIf: Sql }): Sql {
  const { colony, executorType, location, cpu, memory } = asker
  return sql`select first.location, first.cpu, first.memory, 1
      from (values ('' collate "C"), (${location})) as site (location)
      cross join lateral (
        select l.location, l.cpu, l.memory from live l
        where l.colony = ${colony} and l.executor_type = ${executorType} and l.location = site.location
          and l.state = 0 and l.open_parents = 0 and l.names is null ${startAt(asker)}
        order by l.location, l.cpu, l.memory limit 1) first
      where (site.location = '' or ${location} <> '') and first.cpu <= ${cpu} and ${startIf}
      union
      select next.location, next.cpu, next.memory, d.nth + 1
      from ${name} d cross join lateral (
        select l.location, l.cpu, l.memory from live l
        where l.colony = ${colony} and l.executor_type = ${executorType} and l.location = d.location
          and (l.cpu, l.memory) > (d.cpu, ${lastMemoryOf(memory)}) and l.cpu <= ${cpu}
          and l.state = 0 and l.open_parents = 0 and l.names is null ${startAt(asker)}
        order by l.location, l.cpu, l.memory limit 1) next
      where ${goOnIf}`
}

/**
 * Where demands are many, those that fit among the first processes of the colony, by priority. When they are enough, no other
 * comes before them, and no demand has to be walked. Uses the index `live_list`.
 */
function lookAtFirst({ colony, executorType, location, cpu, memory }: Asker): Sql {
  return sql`select f.process_id, f.priority_time
      from (
        select l.* from live l
        where l.colony = ${colony} and l.state = 0 and (select is_varied from variety)
        order by l.list_place, l.process_id limit ${FIRST_ONES}) f
      cross join lateral (
        select l.state, l.open_parents from live l where l.colony = ${colony} and l.process_id = f.process_id
        for update of l skip locked) free
      where free.state = 0 and free.open_parents = 0 and f.executor_type = ${executorType} and f.names is null
        and (f.location = '' or f.location = ${location}) and f.cpu <= ${cpu} and f.memory <= ${memory}
      order by f.list_place, f.process_id limit (select count(*) from open)`
}

/** From a demand `d` for more memory than there is, the walk goes on at the next cpu: all that follow want even more. */
function lastMemoryOf(free: bigint): Sql {
  return sql`case when d.memory > ${free} then 9223372036854775807 else d.memory end`
}

/** Of what is taken, the first ones whose texts are not too much together; one at least. */
function fitting(colony: ColonyKey): Sql {
  return sql`select * from (
      select t.*, row_number() over queue as nth, sum(${textBytes(colony)}) over queue as bytes
      from taken t join process_specs s on s.colony = ${colony} and s.process_id = t.process_id
      window queue as (order by t.priority_time, t.process_id)) sized
    where nth = 1 or bytes <= ${limits.listBytesMax}`
}
