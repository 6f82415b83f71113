import type { ClaimShape } from './claim-shape.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

/** With so many different demands for cpu and memory, the first processes of the colony are looked at instead. */
export const FEW_DEMANDS = 64
const FIRST_ONES = 1000

interface Named {
  name: string
}

/** For whom a claim looks. */
export interface Asker extends ClaimShape {
  colony: ColonyKey
}

/**
 * Where a claim finds processes that want nobody by name: rows of the first ones for all claimants `open`, in no order, each with
 * whether it is in a workflow. Reads the tables of `demandsOf`.
 */
export function generalRows(asker: Asker): Sql {
  const { colony, executorType, memory } = asker
  const first = sql`select process_id, priority_time, in_graph from first_ones where (select is_there from enough) union all`
  return sql`
      ${looksAtFirst(asker) ? first : sql``}
      select r.process_id, r.priority_time, r.in_graph
      from demands d cross join lateral (
        select l.process_id, l.priority_time, l.graph_id is not null as in_graph from live l
        where l.colony = ${colony} and l.executor_type = ${executorType} and l.location = d.location
          and l.cpu = d.cpu and l.memory = d.memory
          and l.state = 0 and l.open_parents = 0 and l.names is null ${startAt(asker)}
        order by l.priority_time, l.process_id limit (select count(*) from open)
        for update of l skip locked) r
      where d.memory <= ${memory}`
}

/**
 * Where it finds those that want executors by name: the first ones for each name of the claimants `open`, as the table
 * `named_first`, each of them once.
 */
export function namedLooks(asker: Asker, claimants: readonly Named[]): Sql {
  const { colony, executorType, location, cpu, memory, from } = asker
  const count = claimants.length
  const names =
    from === undefined
      ? sql`select distinct name, null::bigint as named_from from open`
      : sql`select distinct name, named_from from open where named_from < ${from} or not (select is_there from enough)`
  const after = (row: Sql) => (from === undefined ? sql`` : sql`and w.priority_time >= ${row}.named_from`)
  // Where none of them is wanted, this spares their walks. (Nor does it come before a mark.)
  const isAny = from === undefined ? sql`and (select are_wanted from names)` : sql``
  return sql`${from === undefined ? sql`${namesLook(asker, claimants)},` : sql``} named_demands (name, named_from, location, cpu, memory) as (
      select n.name, n.named_from, first.location, first.cpu, first.memory
      from (${names}) n
      cross join ${sites(location)}
      cross join lateral (
        select w.location, w.cpu, w.memory from wanted w
        where w.colony = ${colony} and w.executor_type = ${executorType} and w.name = n.name
          and w.location = site.location ${after(sql`n`)}
        order by w.location, w.cpu, w.memory limit 1) first
      where first.cpu <= ${cpu} ${isAny}
      union
      select d.name, d.named_from, next.location, next.cpu, next.memory
      from named_demands d cross join lateral (
        select w.location, w.cpu, w.memory from wanted w
        where w.colony = ${colony} and w.executor_type = ${executorType} and w.name = d.name
          and w.location = d.location and (w.cpu, w.memory) > (d.cpu, ${lastMemoryOf(memory)}) and w.cpu <= ${cpu}
          ${after(sql`d`)}
        order by w.location, w.cpu, w.memory limit 1) next
    ), named_first as materialized (
      select distinct on (r.process_id) r.process_id, r.priority_time, r.name
      from (
        select w.process_id, w.priority_time, d.name
        from named_demands d cross join lateral (
          select w.process_id, w.priority_time from wanted w
          where w.colony = ${colony} and w.executor_type = ${executorType} and w.name = d.name
            and w.location = d.location and w.cpu = d.cpu and w.memory = d.memory ${after(sql`d`)}
          order by w.priority_time, w.process_id limit ${count}) w
        where d.memory <= ${memory}
        ${from === undefined ? sql`` : sql`union all ${namedOnes(asker, count)}`}) r
      order by r.process_id
    )`
}

/**
 * Whether processes want any of those who ask by name, as the table `names`, wherever they are and whatever they demand. Most
 * colonies want nobody by name: one look spares a look for each.
 */
export function namesLook({ colony, executorType }: Asker, claimants: readonly Named[]): Sql {
  return sql`names as materialized (
      select case when ${isAnyWanted(colony, sql`${executorType}`)} then exists (
        select 1 from unnest(${claimants.map(({ name }) => name)}::text[]) as n (name) cross join lateral (
          select w.name from wanted w where w.colony = ${colony} and w.executor_type = ${executorType} and w.name = n.name
          order by w.executor_type, w.name limit 1) wanting
      ) else false end as are_wanted
    )`
}

/** Whether ready processes of a type want executors by name. By order: `exists` may read what is wanted of other types. */
export function isAnyWanted(colony: ColonyKey, executorType: Sql): Sql {
  return sql`(
    select w.executor_type from wanted w where w.colony = ${colony} and w.executor_type >= ${executorType}
    order by w.executor_type, w.name limit 1) = ${executorType}`
}

const looksAtFirst = ({ isVaried, from }: Asker) => isVaried || from !== undefined

/** The table `demands`: the combinations of location, cpu and memory that have to be looked at. */
export function demandsOf(asker: Asker): Sql {
  if (asker.isVaried) return demandsOfVaried(asker)
  if (asker.from !== undefined) return demandsFrom(asker)
  return sql`demands (location, cpu, memory, nth) as (
      ${walkDemands(asker, { name: sql`demands`, startIf: sql`true`, goOnIf: sql`true` })}
    )`
}

/**
 * From a priority time on: the first processes of the colony, which no entry of an earlier one is in front of, as it is in the
 * index `live_queue`. No demand is walked unless there are more of these than were looked at, and too few of them fit.
 */
function demandsFrom(asker: Asker): Sql {
  const isIncomplete = sql`not (select is_there from enough)`
  return sql`${near(asker, sql`true`)}, enough as materialized (
      select count(*) >= (select count(*) from open) or (select count(*) from near) < ${FIRST_ONES} as is_there
      from first_ones
    ), demands (location, cpu, memory, nth) as (
      ${walkDemands(asker, { name: sql`demands`, startIf: isIncomplete, goOnIf: sql`true` })}
    )`
}

/** The first ones that fit where demands are many, and all demands unless these are many and the first ones are enough. */
function demandsOfVaried(asker: Asker): Sql {
  const few = { name: sql`few_demands`, startIf: sql`true`, goOnIf: sql`d.nth < ${FEW_DEMANDS}` }
  const startIf = sql`(select is_varied from variety) and not (select is_there from enough)`
  return sql`few_demands (location, cpu, memory, nth) as (
      ${walkDemands(asker, few)}
    ), variety as materialized (
      select exists (select 1 from few_demands where nth = ${FEW_DEMANDS}) as is_varied
    ), ${near(asker, sql`(select is_varied from variety)`)}, enough as materialized (
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
      from ${sites(location)}
      cross join lateral (
        select l.location, l.cpu, l.memory from live l
        where l.colony = ${colony} and l.executor_type = ${executorType} and l.location = site.location
          and l.state = 0 and l.open_parents = 0 and l.names is null ${startAt(asker)}
        order by l.location, l.cpu, l.memory limit 1) first
      where first.cpu <= ${cpu} and ${startIf}
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

/** Locations that an executor takes processes of, as the table `site`: none, and its own. */
function sites(location: string): Sql {
  return sql`(select s.location from (values (false, '' collate "C"), (true, ${location})) as s (is_own, location)
        where not s.is_own or s.location <> '') as site`
}

function startAt({ from }: Asker): Sql {
  return from === undefined ? sql`` : sql`and l.priority_time >= ${from}`
}

/** From a demand `d` for more memory than there is, the walk goes on at the next cpu: all that follow want even more. */
function lastMemoryOf(free: bigint): Sql {
  return sql`case when d.memory > ${free} then 9223372036854775807 else d.memory end`
}

/**
 * The first processes of the colony by priority, as the table `near`, and those of them that fit and want nobody by name, as
 * `first_ones`. When these are enough, no other comes before them. Uses the index `live_list`.
 */
function near(asker: Asker, isOfUse: Sql): Sql {
  const { colony, from } = asker
  return sql`near as materialized (
      select l.process_id, l.priority_time, l.executor_type, l.location, l.cpu, l.memory, l.open_parents, l.names,
        l.graph_id is not null as in_graph
      from live l
      where l.colony = ${colony} and l.state = 0 and ${isOfUse} ${from === undefined ? sql`` : sql`and l.list_place >= ${from}`}
      order by l.list_place, l.process_id limit ${FIRST_ONES}
    ), first_ones as materialized (
      select f.process_id, f.priority_time, f.in_graph
      from (select * from near f where ${fits(asker)} and f.names is null order by priority_time, process_id offset 0) f
      cross join lateral (
        select l.state, l.open_parents from live l where l.colony = ${colony} and l.process_id = f.process_id
        for update of l skip locked) free
      where free.state = 0 and free.open_parents = 0
      order by f.priority_time, f.process_id limit (select count(*) from open)
    )`
}

/** Of those that are near, the first ones for each name of which nothing was left behind, when no other can come before them. */
function namedOnes(asker: Asker, count: number): Sql {
  return sql`select o.process_id, o.priority_time, o.name
        from (
          select f.process_id, f.priority_time, n.name,
            row_number() over (partition by n.name order by f.priority_time, f.process_id) as nth
          from near f cross join unnest(f.names) as n (name)
          where ${fits(asker)} and (select is_there from enough)
            and n.name in (select name from open where named_from >= ${asker.from ?? null}::bigint)) o
        where o.nth <= ${count}`
}

/** Whether a process `f` that waits can be given to the claimants. */
function fits({ executorType, location, cpu, memory }: Asker): Sql {
  return sql`f.open_parents = 0 and f.executor_type = ${executorType} and (f.location = '' or f.location = ${location})
        and f.cpu <= ${cpu} and f.memory <= ${memory}`
}
