import { limits } from '@colonies/protocol'
import { demandsOf, FEW_DEMANDS, generalRows, namedLooks, namesLook } from './claim-looks.js'
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
  /** Processes want one of the claimants by name, or nobody has looked: the next claim should know. */
  isNamed: boolean
  /** One of those claimed is in a workflow, as the next one may be. */
  inGraphs: boolean
  /** It is in a workflow, and has attributes. */
  hasAttributes: boolean
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
  // A claim from a mark on has an order of its own, by which it finds names in passing.
  if (shape.isNamed || shape.from !== undefined) return db.all<Claimed>(claimAll(claim))
  let rows = await db.all<Claimed | NothingClaimed>(claimUnnamed(claim, { inGraphs: shape.inGraphs ?? false }))
  if (rows[0]?.place === null && rows[0].inGraphs)
    rows = await db.all<Claimed | NothingClaimed>(claimUnnamed(claim, { inGraphs: true }))
  if (rows[0]?.isNamed) return db.all<Claimed>(claimAll(claim))
  return rows.filter((row) => row.place !== null)
}

/** Stands for the answer of a claim that has no rows: there was nothing, or it is not for this statement. */
interface NothingClaimed {
  place: null
  isNamed: boolean
  inGraphs: boolean
}

interface Claim {
  colony: ColonyKey
  shape: ClaimShape
  claimants: readonly Claimant[]
  /** Somebody may hold already what it asks for. */
  mayBeAgain: boolean
}

/** Which of its parts a statement has. */
interface Parts {
  /** What is for workflows. */
  inGraphs: boolean
}

/**
 * Claims nothing, and says so, where processes want one of the claimants by name; and where the first ones are in workflows,
 * unless it has what is for these.
 */
function claimUnnamed(claim: Claim, parts: Parts): Sql {
  const { colony, shape, claimants } = claim
  const asker = { colony, ...shape }
  const isOne = claimants.length === 1
  const numbered = (order: Sql) => (isOne ? sql`` : sql`, row_number() over (order by ${order}) as nth`)
  const order = sql`priority_time, process_id`
  return sql`
    with recursive ${namesLook(asker, claimants)}, ${askedFor(claim, sql`not (select are_wanted from names)`)}, open as materialized (
      select executor_id, name, assign_id, place ${numbered(sql`place`)} from asked ${unlessAgain(claim)}
    ), ${demandsOf(asker)}, taken as materialized (
      select process_id, in_graph ${numbered(order)} from (${generalRows(asker)}) general
      order by ${order} limit (select count(*) from open)
    ), others as materialized (
      select are_wanted as are_named, exists (select 1 from taken where in_graph) as are_in_graphs from names
    ), ${isOne ? sql`` : sql`${sized(claim, parts)},`} ${claimed(claim, {
      ...parts,
      pairs: isOne
        ? sql`select t.process_id, o.* from taken t cross join open o where ${unlessElsewhere(parts)}`
        : sql`select t.process_id, o.* from sized t join open o on o.nth = t.nth where t.fits`,
      unless: unlessElsewhere(parts),
    })}
    select others.are_named as "isNamed", others.are_in_graphs as "inGraphs", found.*
    from others left join (${found(claim, {
      ...parts,
      named: sql`false`,
      more: isOne ? sql`false` : sql`exists (select 1 from sized where not fits)`,
    })}) found on true`
}

/** Nothing of what was found is for another statement. */
const unlessElsewhere = ({ inGraphs }: Parts): Sql =>
  inGraphs ? sql`true` : sql`not (select are_in_graphs from others)`

/** What is `taken`, and whether its texts still fit in; the first ones do. */
function sized({ colony }: Claim, parts: Parts): Sql {
  const bytes = parts.inGraphs ? textBytes(colony) : textBytesOutsideOfGraphs(colony)
  return sql`sized as materialized (
      select t.process_id, t.nth,
        t.nth = 1 or sum(${bytes}) over (order by t.nth rows unbounded preceding) <= ${limits.listBytesMax} as fits
      from taken t join process_specs s on s.colony = ${colony} and s.process_id = t.process_id
      where ${unlessElsewhere(parts)}
    )`
}

function claimAll(claim: Claim): Sql {
  const { colony, shape, claimants } = claim
  const asker = { colony, ...shape }
  const areWanted = shape.from === undefined ? sql`(select are_wanted from names)` : sql`true`
  return sql`
    with recursive ${askedFor(claim)}, open as materialized (
      select asked.*, row_number() over (partition by name order by place) as nth_of_name from asked ${unlessAgain(claim)}
    ), ${demandsOf(asker)}, general as materialized (
      ${generalRows(asker)}
    ), ${namedLooks(asker, claimants)}, named as materialized (
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
    ), fitting as materialized (
      select * from (
        select t.*, row_number() over queue as nth, sum(${textBytes(colony)}) over queue as bytes
        from taken t join process_specs s on s.colony = ${colony} and s.process_id = t.process_id
        window queue as (order by t.priority_time, t.process_id)) sized
      where nth = 1 or bytes <= ${limits.listBytesMax}
    ), by_name as materialized (
      select t.process_id, o.place from fitting t join open o on o.name = t.name and o.nth_of_name = t.nth_of_name
    ), pairs as materialized (
      select process_id, place from by_name
      union all
      select g.process_id, o.place
      from (select process_id, row_number() over (order by priority_time, process_id) as nth from fitting where name is null) g
      join (select place, row_number() over (order by place) as nth from open where place not in (select place from by_name)) o
        on o.nth = g.nth
    ), ${claimed(claim, { inGraphs: true, pairs: sql`select t.process_id, o.* from pairs t join open o on o.place = t.place` })}, unwanted as (
      delete from wanted w using claimed c
      where c.names is not null and w.colony = ${colony} and w.process_id = c.process_id
    )
    select ${areWanted} as "isNamed", exists (select 1 from fitting where in_graph) as "inGraphs", found.*
    from (${found(claim, {
      inGraphs: true,
      named: sql`g.names is not null`,
      more: sql`(select count(*) from fitting) < (select count(*) from taken)`,
    })}) found`
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

interface Claiming extends Parts {
  /** Rows of a process and of the claimant of `open` that gets it. */
  pairs: Sql
  /** Only then, what was asked for before is given again. */
  unless?: Sql
}

/** Gives processes to their claimants as `claimed`, and what was asked for before to whom it was given as `given_again`. */
function claimed({ colony, mayBeAgain }: Claim, { inGraphs, pairs, unless = sql`true` }: Claiming): Sql {
  const claim = sql`claimed as (
      update live l
      set state = 1, attempt = l.attempt + 1, holder = p.executor_id, holder_name = p.name, assign_id = p.assign_id,
        started_at = now(), deadline = now() + make_interval(secs => l.exec_seconds),
        list_place = (extract(epoch from now()) * 1000000)::bigint * 1000
      from (${pairs} offset 0) p
      where l.colony = ${colony} and l.process_id = p.process_id
      returning l.*, p.place, false as again
    ), ${inGraphs ? graphsStarted(colony) : sql``} history as (
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
        and l.assign_id = a.assign_id and ${unless}
      returning l.*, a.place, true as again
    )`
}

const graphsStarted = (colony: ColonyKey) => sql`started as (
      update graphs g set started_at = now()
      from (select distinct graph_id from claimed where graph_id is not null) c
      where g.colony = ${colony} and g.graph_id = c.graph_id and g.started_at is null
    ),`

interface Finding extends Parts {
  /** Whether a process `g` wants executors by name. */
  named: Sql
  /** Whether some were left behind. */
  more: Sql
}

/** The answer: a row of what each claimant got. */
function found({ colony, shape, mayBeAgain }: Claim, { inGraphs, named, more }: Finding): Sql {
  // What is given again may be in a graph, whatever the statement looks for.
  const mayBeInGraph = inGraphs || mayBeAgain
  const columns = mayBeInGraph ? specColumns(colony) : columnsOutsideOfGraphs
  return sql`
    select (g.place - 1)::int as place, g.again, ${named} as named, ${more} as more,
      exists (select 1 from demands where nth >= ${FEW_DEMANDS})
        or ${shape.isVaried ? sql`(select is_varied from variety)` : sql`false`} as varied, g.state, g.holder, g.started_at, null::timestamptz as ended_at,
      s.submitted_at + make_interval(secs => g.wait_seconds) as wait_deadline, g.deadline as exec_deadline,
      g.retries, g.attempt, 0 as open_parents, g.output, null::text[] as errors, ${columns},
      ${mayBeInGraph ? hasAttributes(colony) : sql`false`} as "hasAttributes",
      (extract(epoch from clock_timestamp() - statement_timestamp()) * 1000)::float8 as "tookMs"
    from (select * from claimed ${mayBeAgain ? sql`union all select * from given_again` : sql``}) g
    join process_specs s on s.colony = ${colony} and s.process_id = g.process_id`
}

/**
 * Of a process in a workflow. Whether another one can have any is known without a look: it has an environment, or was tried before.
 * No `exists`: the planner may read all attributes of the colony for that, instead of one.
 */
const hasAttributes = (colony: ColonyKey) => sql`(s.graph_id is not null and (
        select a.attribute_id from attributes a where a.colony = ${colony} and a.process_id = s.process_id limit 1) is not null)`
