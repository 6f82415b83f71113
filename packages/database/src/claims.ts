import { limits } from '@colonies/protocol'
import { FEW_DEMANDS, generalLooks, namedLooks, namesLook } from './claim-looks.js'
import type { ClaimShape } from './claim-shape.js'
import type { Db } from './db.js'
import { heldAs } from './held.js'
import {
  columnsOutsideOfGraphs,
  type ProcessRow,
  specColumns,
  textBytes,
  textBytesOutsideOfGraphs,
} from './process-row.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

/** An executor that asks for one process. */
export interface Claimant {
  executorId: string
  name: string
  /** Asked for before with this id: the process that it got then is given again, as the next attempt. */
  assignId: string | null
  /** Nobody can have asked with that id before. */
  isNew?: boolean
  /** With a shape that has `from`: from where processes are looked for that want it by name; everywhere when left out. */
  namedFrom?: bigint
}

export interface Claimed extends ProcessRow {
  /** Index of the claimant that got it. */
  place: number
  /** The claimant had it already, and asked again. */
  again: boolean
  /** It wants executors by name, and the claimant is one of them. */
  named: boolean
  /** More processes fit the claimants, and are left for their next claim: the texts of all would be too much at once. */
  more: boolean
  /** The queue has so many different demands that the next claim should know. */
  varied: boolean
  /** Processes want executors by name, or are in workflows, or nobody has looked: the next claim should know. */
  others: boolean
  /** Milliseconds that PostgreSQL worked on the claim, without what came before and after; left out where nobody knows. */
  tookMs?: number
}

const LOWEST = -(2n ** 63n)

/**
 * Gives each claimant the first process that fits it, by priority time; one statement for all that ask.
 *
 * Walks `live_queue` from one combination of location, cpu and memory to the next that fits, so rows that demand too much
 * or want another name are stepped over as one, however many they are (`claim-looks.ts`, also where demands are many). Named rows
 * (`wanted_queue`) compete in the same order: the first of both lists are taken together, named ones go to their claimant, the
 * others to the remaining ones.
 * What was asked for before is found by `live_holder`, however much its executor holds.
 *
 * The texts of all have `limits.listBytesMax` bytes together, about, unless one process has more.
 *
 * To begin and end the parts of this statement costs PostgreSQL more than to claim a process. So what most claims have no use for
 * is left out: what is for names and workflows, until a claim says that there are some, and what looks for what was asked for
 * before, when all are new.
 *
 * @returns one row per claimant that got a process; claimants that are not approved or whose colony is paused get none
 */
export async function claimProcesses(
  db: Db,
  colony: ColonyKey,
  shape: ClaimShape,
  claimants: readonly Claimant[],
): Promise<Claimed[]> {
  const claim = { colony, shape, claimants, mayBeAgain: !claimants.every((one) => one.isNew || one.assignId === null) }
  if (!shape.hasOthers && shape.from === undefined) {
    const rows = await db.all<Claimed | NothingClaimed>(claimPlain(claim))
    if (!rows[0]?.others) return rows.filter((row) => row.place !== null)
  }
  return db.all<Claimed>(claimAll(claim))
}

/** Stands for the answer of a claim that has no rows. */
interface NothingClaimed {
  place: null
  others: boolean
}

interface Claim {
  colony: ColonyKey
  shape: ClaimShape
  claimants: readonly Claimant[]
  /** Somebody may hold already what it asks for. */
  mayBeAgain: boolean
}

/** Claims nothing, and says so, where processes want executors by name, or the first ones are in workflows. */
function claimPlain(claim: Claim): Sql {
  const { colony, shape, claimants } = claim
  const asker = { colony, ...shape }
  return sql`
    with recursive ${namesLook(asker)}, ${askedFor(claim, sql`not (select are_wanted from names)`)}, open as materialized (
      select asked.* from asked ${unlessAgain(claim)}
    ), ${generalLooks(asker)}, taken as materialized (
      select * from general order by priority_time, process_id limit (select count(*) from open)
    ), others as materialized (
      select are_wanted or exists (select 1 from taken where in_graph) as are_there from names
    ), ${fitting(claim, { isPlain: true })}, pairs as materialized (
      ${claimants.length === 1 ? sql`select g.process_id, 1::bigint as place from fitting g` : pairsOf(sql`fitting`, sql`open`)}
    ), ${claimed(claim, { isPlain: true })}
    select others.are_there as others, found.* from others left join (${found(claim, { isPlain: true })}) found on true`
}

function claimAll(claim: Claim): Sql {
  const { colony, shape, claimants } = claim
  const asker = { colony, ...shape }
  // A claim from a mark on has an order of its own, by which it finds names in passing.
  const areWanted = shape.from === undefined ? sql`(select are_wanted from names)` : sql`true`
  return sql`
    with recursive ${askedFor(claim)}, open as materialized (
      select asked.*, row_number() over (partition by name order by place) as nth_of_name from asked ${unlessAgain(claim)}
    ), ${generalLooks(asker)}, ${namedLooks(asker, claimants.length)}, named as materialized (
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
        select process_id, priority_time, in_graph, null::text as name, null::bigint as nth_of_name from general
        union all
        select n.process_id, n.priority_time, false, n.name, n.nth_of_name
        from named n join open o on o.name = n.name and o.nth_of_name = n.nth_of_name) offers
      order by priority_time, process_id limit (select count(*) from open)
    ), ${fitting(claim, { isPlain: false })}, by_name as materialized (
      select t.process_id, o.place from fitting t join open o on o.name = t.name and o.nth_of_name = t.nth_of_name
    ), pairs as materialized (
      select process_id, place from by_name
      union all
      ${pairsOf(sql`(select * from fitting where name is null)`, sql`(select * from open where place not in (select place from by_name))`)}
    ), ${claimed(claim, { isPlain: false })}, unwanted as (
      delete from wanted w using claimed c
      where c.names is not null and w.colony = ${colony} and w.process_id = c.process_id
    )
    select found.*, ${areWanted} or exists (select 1 from fitting where in_graph) as others
    from (${found(claim, { isPlain: false })}) found`
}

/** Who asks, as the table `asked`, and what they were given before, as `again`, unless nobody can have been given anything. */
function askedFor({ colony, shape, claimants, mayBeAgain }: Claim, isOfUse = sql`true`): Sql {
  const { from = null } = shape
  const marked = from !== null
  const asked = sql`asked as materialized (
      select a.executor_id, a.name, a.assign_id, ${marked ? sql`least(a.named_from, ${from}::bigint) as named_from,` : sql``} a.place
      from unnest(${claimants.map((c) => c.executorId)}::text[], ${claimants.map((c) => c.name)}::text[],
        ${claimants.map((c) => c.assignId)}::text[]${marked ? sql`, ${claimants.map((c) => c.namedFrom ?? LOWEST)}::bigint[]` : sql``})
        with ordinality as a (executor_id, name, assign_id, ${marked ? sql`named_from,` : sql``} place)
      join executors e on e.colony = ${colony} and e.executor_id = a.executor_id and e.state = 1
      where exists (select 1 from colonies c where c.colony_key = ${colony} and not c.paused) and ${isOfUse}
    )`
  if (!mayBeAgain) return asked
  return sql`${asked}, again as materialized (
      select a.place, a.executor_id, a.assign_id, held.process_id
      from (select *, row_number() over (partition by executor_id, assign_id order by place) as nth
            from asked where assign_id is not null) a
      cross join lateral (
        select l.process_id from live l
        where l.colony = ${colony} and l.holder = a.executor_id
          and hashtext(l.assign_id) = hashtext(a.assign_id) and l.assign_id = a.assign_id
        order by l.process_id limit 1 offset a.nth - 1) held
    )`
}

function unlessAgain({ mayBeAgain }: Claim): Sql {
  return mayBeAgain ? sql`where place not in (select place from again)` : sql``
}

/** Without what is for names and workflows. */
interface Plainness {
  isPlain: boolean
}

/** Of what is `taken`, the first ones whose texts are not too much together; one at least. */
function fitting({ colony, claimants }: Claim, { isPlain }: Plainness): Sql {
  const unlessOthers = isPlain ? sql`where not (select are_there from others)` : sql``
  if (claimants.length === 1) return sql`fitting as materialized (select * from taken ${unlessOthers})`
  return sql`fitting as materialized (
      select * from (
        select t.*, row_number() over queue as nth,
          sum(${isPlain ? textBytesOutsideOfGraphs(colony) : textBytes(colony)}) over queue as bytes
        from taken t join process_specs s on s.colony = ${colony} and s.process_id = t.process_id
        ${unlessOthers}
        window queue as (order by t.priority_time, t.process_id)) sized
      where nth = 1 or bytes <= ${limits.listBytesMax}
    )`
}

/** The first process to the first claimant, and so on. */
function pairsOf(processes: Sql, claimants: Sql): Sql {
  return sql`select g.process_id, o.place
      from (select process_id, row_number() over (order by priority_time, process_id) as nth from ${processes} p) g
      join (select place, row_number() over (order by place) as nth from ${claimants} c) o on o.nth = g.nth`
}

/** Gives the processes of `pairs` to their claimants as `claimed`, and what was asked for before to whom it was given as `given_again`. */
function claimed({ colony, mayBeAgain }: Claim, { isPlain }: Plainness): Sql {
  const claim = sql`claimed as (
      update live l
      set state = 1, attempt = l.attempt + 1, holder = o.executor_id, holder_name = o.name, assign_id = o.assign_id,
        started_at = now(), deadline = now() + make_interval(secs => l.exec_seconds),
        list_place = (extract(epoch from now()) * 1000000)::bigint * 1000
      from pairs p join open o on o.place = p.place
      where l.colony = ${colony} and l.process_id = p.process_id
      returning l.*, p.place, false as again
    ), ${isPlain ? sql`` : graphsStarted(colony)} history as (
      insert into events (colony, process_id, old_state, state, attempt, holder, reason, executor_type)
      select ${colony}, process_id, 0, 1, attempt, holder, 'assign', executor_type from claimed
    )`
  if (!mayBeAgain) return claim
  return sql`${claim}, given_again as (
      -- As an attempt of its own: the connection of the first reply may be found broken only now, and what then gives the
      -- process back must not take it from who asked again.
      update live l set attempt = l.attempt + 1
      from again a
      where l.colony = ${colony} and l.process_id = a.process_id and ${heldAs(sql`a.executor_id`, sql`0`)}
        and l.assign_id = a.assign_id ${isPlain ? sql`and not (select are_there from others)` : sql``}
      returning l.*, a.place, true as again
    )`
}

const graphsStarted = (colony: ColonyKey) => sql`started as (
      update graphs g set started_at = now()
      from (select distinct graph_id from claimed where graph_id is not null) c
      where g.colony = ${colony} and g.graph_id = c.graph_id and g.started_at is null
    ),`

/** The answer: a row of what each claimant got. */
function found({ colony, shape, mayBeAgain }: Claim, { isPlain }: Plainness): Sql {
  // What is given again may be in a graph.
  const columns = isPlain && !mayBeAgain ? columnsOutsideOfGraphs : specColumns(colony)
  return sql`
    select (g.place - 1)::int as place, g.again, g.names is not null as named,
      (select count(*) from fitting) < (select count(*) from taken) as more,
      exists (select 1 from demands where nth >= ${FEW_DEMANDS})
        or ${shape.isVaried ? sql`(select is_varied from variety)` : sql`false`} as varied, g.state, g.holder, g.started_at, null::timestamptz as ended_at,
      s.submitted_at + make_interval(secs => g.wait_seconds) as wait_deadline, g.deadline as exec_deadline,
      g.retries, g.attempt, 0 as open_parents, g.output, null::text[] as errors, ${columns},
      (extract(epoch from clock_timestamp() - statement_timestamp()) * 1000)::float8 as "tookMs"
    from (select * from claimed ${mayBeAgain ? sql`union all select * from given_again` : sql``}) g
    join process_specs s on s.colony = ${colony} and s.process_id = g.process_id`
}
