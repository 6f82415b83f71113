import type { JsonText } from '@colonies/protocol'
import { cancelGraph } from './closes.js'
import { comingIn } from './colonies-in.js'
import type { Db } from './db.js'
import { firstBytes } from './first-bytes.js'
import { readLeafOutputs } from './leaf-outputs.js'
import { insertGraphs, type NewGraph, type StoredGraph } from './new-graphs.js'
import type { ReadyLine } from './ready-lines.js'
import { isMember } from './schedule-owners.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

export interface CronRow {
  cron_id: string
  name: string
  initiator_id: string
  initiator_name: string
  initiator_is_user: boolean
  /** Seconds; 0 or less: the expression decides. */
  interval_seconds: number
  expression: string
  random: boolean
  /** As given; '' for that of the server that took it. */
  time_zone: string
  server_time_zone: string
  catchup: boolean
  waits: boolean
  /** '' as `waits` says. */
  overlap: string
  /** JSON text. */
  workflow: string
  /** null: never. */
  next_run: string | null
  last_run: string | null
  previous_graph_id: string | null
  /** '' when the last planned run was started. */
  last_error: string
}

const columns = sql`c.cron_id, c.name, c.initiator_id, c.initiator_name, c.initiator_is_user, c.interval_seconds,
  c.expression, c.random, c.time_zone, c.server_time_zone, c.catchup, c.waits, c.overlap, c.workflow, c.next_run,
  c.last_run, c.previous_graph_id, c.last_error`

export type NewCron = Omit<CronRow, 'last_run' | 'previous_graph_id' | 'last_error'>

/** @returns undefined when the name is taken, or the colony is gone */
export function insertCron(db: Db, colony: ColonyKey, cron: NewCron): Promise<CronRow | undefined> {
  return db.one<CronRow>(sql`
    insert into crons as c (colony, cron_id, name, initiator_id, initiator_name, initiator_is_user, interval_seconds,
      expression, random, time_zone, server_time_zone, catchup, waits, overlap, workflow, next_run)
    select ${colony}, ${cron.cron_id}, ${cron.name}, ${cron.initiator_id}, ${cron.initiator_name},
      ${cron.initiator_is_user}::boolean, ${cron.interval_seconds}::int, ${cron.expression}, ${cron.random}::boolean,
      ${cron.time_zone}, ${cron.server_time_zone}, ${cron.catchup}::boolean, ${cron.waits}::boolean, ${cron.overlap},
      ${cron.workflow}, ${cron.next_run}::timestamptz
    from colonies where colony_key = ${colony}
    on conflict do nothing returning ${columns}`)
}

export function findCron(db: Db, colony: ColonyKey, cronId: string): Promise<CronRow | undefined> {
  return db.one<CronRow>(sql`select ${columns} from crons c where c.colony = ${colony} and c.cron_id = ${cronId}`)
}

/**
 * Crons by age, after the cron `after`.
 *
 * @param bytesMax the list ends when its workflows have more; it has one cron at least
 */
export function listCrons(
  db: Db,
  colony: ColonyKey,
  { after, count, bytesMax }: { after: string; count: number; bytesMax: number },
): Promise<CronRow[]> {
  return db.all<CronRow>(sql`
    select ${columns} from (
      select *, sum(octet_length(workflow)) over (order by cron_id) - octet_length(workflow) as bytes_before
      from (select * from crons where colony = ${colony} and cron_id > ${after} order by cron_id limit ${count}) page
    ) c
    where c.bytes_before < ${bytesMax} order by c.cron_id`)
}

export function deleteCron(db: Db, colony: ColonyKey, cronId: string): Promise<number> {
  return db.run(sql`delete from crons where colony = ${colony} and cron_id = ${cronId}`)
}

/** The clock of the database, as Unix time in ms. */
export async function databaseTime(db: Db): Promise<number> {
  const row = await db.one<{ now_ms: number }>(sql`select extract(epoch from now())::float8 * 1000 as now_ms`)
  return row?.now_ms ?? Date.now()
}

export interface ComingCron {
  colony: ColonyKey
  /** Until its first cron is due; 0 or less when it is. */
  inMs: number
}

/** Colonies with a cron that is due, or will be within some ms. Uses the index `crons_due`. */
export function coloniesWithCrons(db: Db, withinMs: number): Promise<ComingCron[]> {
  return db.all<ComingCron>(comingCrons(withinMs))
}

/** What `coloniesWithCrons` asks. */
export const comingCrons = (withinMs: number): Sql => comingIn({ table: sql`crons`, time: sql`next_run` }, withinMs)

/** Ids of crons that can start, oldest time first. */
export async function dueCronIds(db: Db, colony: ColonyKey, limit: number): Promise<string[]> {
  const rows = await db.all<{ cron_id: string }>(sql`
    select c.cron_id from crons c where c.colony = ${colony} and ${isDue(colony)}
    order by c.next_run, c.cron_id limit ${limit}`)
  return rows.map((row) => row.cron_id)
}

/** A cron that is locked until its run is stored, and what its run depends on. */
export interface LockedCron extends CronRow {
  colony_name: string
  /** Unix time in ms on the clock of the database. */
  now_ms: number
  /** Whether its initiator still is a user or an approved executor, or it belongs to the colony itself. */
  initiator_is_member: boolean
  /** Whether the graph of the run before has ended, or is gone, or there was none. */
  previous_ended: boolean
  /** Outputs of its leaves, as JSON lists; undefined when they are larger than asked for. */
  outputs: JsonText[] | undefined
}

/** What becomes of a cron that was looked at. */
export interface CronOutcome {
  /** Unix time in ms; undefined: never again. */
  nextMs: number | undefined
  /** undefined: nothing is started. */
  graph?: NewGraph
  /** Why nothing is started. */
  error?: string
}

/** Which crons: those that are due, as many at most; or one, due or not. */
export type CronChoice = { due: number } | { cronId: string }

interface FireOptions {
  choice: CronChoice
  /** Bytes of the workflows of one transaction; one cron comes in any case. */
  workflowBytesMax: number
  /** Bytes of output that a cron may get from its previous graph. */
  outputBytesMax: number
  /** Called for each cron, perhaps several times; it must have no effect. undefined: the cron stays as it is. */
  decide(cron: LockedCron): CronOutcome | undefined
}

/** A cron with what is to be stored. */
export interface DecidedCron {
  cron: LockedCron
  outcome: CronOutcome | undefined
}

/** A cron with what was decided and stored. */
export interface FiredCron extends DecidedCron {
  /** What can be assigned of the graph that was started now. */
  ready: readonly ReadyLine[]
}

/**
 * Starts crons, in one transaction: their rows are locked, graphs inserted, next times set. So each planned time has its
 * graph exactly once, whatever is killed when; the index `graphs_cron` would refuse a second one.
 *
 * Due crons that another replica has locked are left to it, those that are too large for this transaction to the next. Those that wait for their previous graph are not due before it
 * has ended.
 */
export function fireCrons(db: Db, colony: ColonyKey, options: FireOptions): Promise<FiredCron[]> {
  const { choice, workflowBytesMax, outputBytesMax, decide } = options
  return db.transaction(async (tx) => {
    const locked = firstBytes(await lockCrons(tx, colony, choice), workflowBytesMax)
    if (locked.length === 0) return []
    const crons = await readLocked(tx, colony, locked)
    const previous = crons.flatMap((cron) => cron.previous_graph_id ?? [])
    const outputs = await readLeafOutputs(tx, colony, previous, outputBytesMax)
    const decided = crons.map((row): DecidedCron => {
      const outputsOfIt = row.previous_graph_id === null ? [] : outputs.get(row.previous_graph_id)
      const cron = { ...row, outputs: outputsOfIt }
      return { cron, outcome: decide(cron) }
    })
    const placeOf = new Map(locked.map((cron) => [cron.cron_id, cron.row_place]))
    const stored = await store(tx, colony, decided, placeOf)
    const ready = new Map(stored.map((graph) => [graph.graph_id, graph.ready]))
    return decided.map((one) => ({ ...one, ready: ready.get(one.outcome?.graph?.graphId ?? '') ?? [] }))
  })
}

/**
 * Whether the graph that a cron `c` started last has ended, or is gone. Not by `exists`: of that the planner may make a table of all
 * graphs of the colony.
 */
const previousEnded = (colony: ColonyKey) => sql`coalesce((
  select g.success + g.failed + g.cancelled >= g.total from graphs g
  where g.colony = ${colony} and g.graph_id = c.previous_graph_id), true)`

/** Whether the time of a cron `c` has come, and it does not wait for its last graph. */
const isDue = (colony: ColonyKey) => sql`c.next_run <= now()
  and (case when c.overlap = '' then not c.waits else c.overlap <> 'wait' end or ${previousEnded(colony)})`

/** A row that is locked, and where it lies for as long as it is: nobody else changes it, so it stays there. */
interface LockedRow {
  cron_id: string
  row_place: string
  /** Of its workflow. */
  bytes: number
}

function lockCrons(tx: Db, colony: ColonyKey, choice: CronChoice): Promise<LockedRow[]> {
  const chosen =
    'due' in choice
      ? sql`${isDue(colony)} order by c.next_run, c.cron_id limit ${choice.due} for update of c skip locked`
      : sql`c.cron_id = ${choice.cronId} for update of c`
  return tx.all<LockedRow>(sql`
    select c.cron_id, c.ctid as row_place, octet_length(c.workflow) as bytes from crons c
    where c.colony = ${colony} and ${chosen}`)
}

/**
 * A statement of its own: the one that locks does not see the graph that was stored by whom it waited for, and would take
 * it for one that is gone.
 *
 * Rows are found by their places. By their ids the planner may take any index of colonies while there are few crons, and a connection that
 * keeps the plan reads all that there are later, for each. `is true`, so that it has no such index.
 */
function readLocked(tx: Db, colony: ColonyKey, locked: readonly LockedRow[]): Promise<Omit<LockedCron, 'outputs'>[]> {
  return tx.all<Omit<LockedCron, 'outputs'>>(sql`
    select ${columns}, k.name as colony_name, extract(epoch from now())::float8 * 1000 as now_ms,
      ${previousEnded(colony)} as previous_ended, (
        ${isMember(colony, sql`c.initiator_id`)}
        or exists (select 1 from reconcile_crons r where r.colony = ${colony} and r.cron_id = c.cron_id)
      ) as initiator_is_member
    from unnest(${locked.map((cron) => cron.row_place)}::tid[]) with ordinality as locked (row_place, place)
    join crons c on c.ctid = locked.row_place and (c.colony = ${colony}) is true
    join colonies k on k.colony_key = ${colony}
    order by locked.place`)
}

/** In the order of their ids, as all who lock several graphs. */
async function cancelPrevious(tx: Db, colony: ColonyKey, crons: readonly LockedCron[]): Promise<void> {
  const toCancel = crons.filter((cron) => cron.overlap === 'cancel' && !cron.previous_ended)
  const ids = toCancel.flatMap((cron) => cron.previous_graph_id ?? []).sort()
  for (const id of ids) await cancelGraph(tx, colony, id)
}

const graphsOf = (crons: readonly DecidedCron[]) => crons.flatMap(({ outcome }) => outcome?.graph ?? [])

/** @param placeOf of the row of each cron, by its id */
async function store(
  tx: Db,
  colony: ColonyKey,
  all: readonly DecidedCron[],
  placeOf: ReadonlyMap<string, string>,
): Promise<StoredGraph[]> {
  const decided = all.flatMap(({ cron, outcome }) => (outcome ? [{ cron, outcome }] : []))
  const graphs = graphsOf(all)
  const stored = graphs.length === 0 ? [] : await insertGraphs(tx, colony, graphs)
  const fresh = new Set(stored.filter((graph) => graph.fresh).map((graph) => graph.graph_id))
  // A run by command that was asked for twice: what the first one did stands.
  const changed = decided.filter(({ outcome }) => !outcome.graph || fresh.has(outcome.graph.graphId))
  // Only what makes room for a new graph: a repeated command must not end the one that it started before.
  await cancelPrevious(
    tx,
    colony,
    changed.flatMap(({ cron, outcome }) => (outcome.graph ? [cron] : [])),
  )
  await tx.run(sql`
    update crons c
    set next_run = to_timestamp(d.next_ms / 1000), last_error = d.error,
      last_run = case when d.graph_id is null then c.last_run else now() end,
      previous_graph_id = coalesce(d.graph_id, c.previous_graph_id)
    from unnest(${changed.map(({ cron }) => placeOf.get(cron.cron_id) ?? null)}::tid[],
      ${changed.map(({ outcome }) => outcome.nextMs ?? null)}::float8[],
      ${changed.map(({ outcome }) => outcome.graph?.graphId ?? null)}::text[],
      ${changed.map(({ outcome }) => outcome.error ?? '')}::text[]) as d (row_place, next_ms, graph_id, error)
    where c.ctid = d.row_place and (c.colony = ${colony}) is true`)
  return stored
}
