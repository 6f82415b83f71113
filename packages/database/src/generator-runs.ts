import { comingIn } from './colonies-in.js'
import type { Db } from './db.js'
import { firstBytes } from './first-bytes.js'
import { insertGraphs, type NewGraph } from './new-graphs.js'
import { type ReadyLine, readyLines } from './ready-lines.js'
import { isMember } from './schedule-owners.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

export interface ComingGenerator {
  colony: ColonyKey
  /** Until its first generator is due; 0 or less when it is. */
  inMs: number
}

/** Colonies with a generator that has something to do, or will have within some ms. Uses the index `generators_due`. */
export function coloniesWithGenerators(db: Db, withinMs: number): Promise<ComingGenerator[]> {
  return db.all<ComingGenerator>(comingGenerators(withinMs))
}

/** What `coloniesWithGenerators` asks. */
export const comingGenerators = (withinMs: number): Sql =>
  comingIn({ table: sql`generators`, time: sql`due_at` }, withinMs)

/** Ids of generators that are due, the longest first. */
export async function dueGeneratorIds(db: Db, colony: ColonyKey, limit: number): Promise<string[]> {
  const rows = await db.all<{ generator_id: string }>(sql`
    select generator_id from generators where colony = ${colony} and due_at <= now()
    order by due_at, generator_id limit ${limit}`)
  return rows.map((row) => row.generator_id)
}

/** A generator that is due, locked until its graphs are stored. */
export interface DueGenerator {
  generator_id: string
  name: string
  initiator_id: string
  initiator_name: string
  initiator_is_user: boolean
  initiator_is_member: boolean
  colony_name: string
  workflow: string
  trigger_count: number
  timeout_seconds: number
  /** Number of the last argument that is in a graph. */
  taken: bigint
  /** Arguments that wait, and their bytes. */
  queued: number
  queued_bytes: number
}

/** What a generator makes of its arguments. */
export interface Recipe {
  /** Nodes of one graph, and those of them that get the arguments. */
  nodes: number
  roots: number
  graphOf(args: readonly string[]): NewGraph
}

export interface GeneratorRun {
  generator: DueGenerator
  /** How many graphs were started. */
  graphs: number
  ready: readonly ReadyLine[]
  /** Why none could be. */
  error: string | undefined
}

interface RunOptions {
  /** Those that are due, as many at most; or one, if it is due. */
  choice: { due: number } | { generatorId: string }
  /** Called for each generator, perhaps several times; it must have no effect. A text says why nothing can be made of it. */
  recipeOf(generator: DueGenerator): Recipe | string
  /** Bytes of the workflows of one transaction; one generator comes in any case. */
  workflowBytesMax: number
  /** How much one transaction may store; one graph it always may. */
  nodesMax: number
  bytesMax: number
  /** After an error. */
  retrySeconds: number
}

/**
 * Starts the graphs of generators that are due, in one transaction: their rows are locked, exactly `trigger` arguments per
 * graph are taken away in their order, the graphs inserted. So no argument is lost and none is used twice, whatever is
 * killed when. What is left over in a large queue is due again at once.
 *
 * Generators that another replica has locked are left to it, as are those beyond the bounds of one transaction.
 */
export function runGenerators(db: Db, colony: ColonyKey, options: RunOptions): Promise<GeneratorRun[]> {
  return db.transaction(async (tx) => {
    const locked = firstBytes(await lockDue(tx, colony, options.choice), options.workflowBytesMax)
    const generators = await readLocked(tx, colony, locked)
    const plans = planRuns(generators, options)
    const args = await takeArgs(tx, colony, plans)
    const made = plans.map((plan) => ({ ...plan, ...makeGraphs(plan, args.get(plan.generator.generator_id) ?? []) }))
    const graphs = made.flatMap((one) => one.made)
    const stored = graphs.length === 0 ? [] : await insertGraphs(tx, colony, graphs)
    if (stored.length < graphs.length) throw new Error('A colony was removed while its generators ran.')
    const placeOf = new Map(locked.map((one) => [one.generator_id, one.row_place]))
    await moveOn(tx, colony, made, { placeOf, retrySeconds: options.retrySeconds })
    const ready = new Map(stored.map((graph) => [graph.graph_id, graph.ready]))
    return made.map(({ generator, error, made }) => ({
      generator,
      error,
      graphs: made.length,
      ready: readyLines(made.flatMap(({ graphId }) => ready.get(graphId) ?? [])),
    }))
  })
}

interface LockedGenerator {
  generator_id: string
  /** Where its row lies for as long as it is locked. */
  row_place: string
  /** Of its workflow. */
  bytes: number
}

function lockDue(tx: Db, colony: ColonyKey, choice: RunOptions['choice']): Promise<LockedGenerator[]> {
  const chosen =
    'due' in choice
      ? sql`order by g.due_at, g.generator_id limit ${choice.due} for update of g skip locked`
      : sql`and g.generator_id = ${choice.generatorId} for update of g`
  return tx.all<LockedGenerator>(sql`
    select g.generator_id, g.ctid as row_place, octet_length(g.workflow) as bytes from generators g
    where g.colony = ${colony} and g.due_at <= now() ${chosen}`)
}

function readLocked(tx: Db, colony: ColonyKey, locked: readonly LockedGenerator[]): Promise<DueGenerator[]> {
  return tx.all<DueGenerator>(sql`
    select g.generator_id, g.name, g.initiator_id, g.initiator_name, g.initiator_is_user, g.workflow, g.trigger_count,
      g.timeout_seconds, g.taken, (g.packed - g.taken)::float8 as queued, g.queued_bytes::float8 as queued_bytes,
      k.name as colony_name, ${isMember(colony, sql`g.initiator_id`)} as initiator_is_member
    from unnest(${locked.map((one) => one.row_place)}::tid[]) with ordinality as locked (row_place, place)
    -- By their places alone, as crons are.
    join generators g on g.ctid = locked.row_place and (g.colony = ${colony}) is true
    join colonies k on k.colony_key = ${colony}
    order by locked.place`)
}

interface RunPlan {
  generator: DueGenerator
  recipe: Recipe | undefined
  error: string | undefined
  /** How many arguments are taken, and how many of them go into one graph. */
  take: number
  perGraph: number
}

/** Decides how much each generator may start, within the bounds of one transaction. */
function planRuns(generators: readonly DueGenerator[], { recipeOf, nodesMax, bytesMax }: RunOptions): RunPlan[] {
  const plans: RunPlan[] = []
  let [nodes, bytes] = [0, 0]
  for (const generator of generators) {
    const { queued, queued_bytes, trigger_count, workflow } = generator
    // It is due with fewer arguments than make a graph: its timeout is over.
    const perGraph = Math.min(queued, trigger_count)
    if (perGraph === 0) {
      plans.push({ generator, recipe: undefined, error: undefined, take: 0, perGraph })
      continue
    }
    const recipe = recipeOf(generator)
    if (typeof recipe === 'string') {
      plans.push({ generator, recipe: undefined, error: recipe, take: 0, perGraph })
      continue
    }
    const bytesOfOne = (queued_bytes / queued) * perGraph * recipe.roots + Buffer.byteLength(workflow)
    const room = Math.min((nodesMax - nodes) / recipe.nodes, (bytesMax - bytes) / bytesOfOne)
    const graphs = Math.max(nodes === 0 ? 1 : 0, Math.min(Math.floor(room), Math.floor(queued / perGraph)))
    if (graphs === 0) break
    nodes += graphs * recipe.nodes
    bytes += graphs * bytesOfOne
    plans.push({ generator, recipe, error: undefined, take: graphs * perGraph, perGraph })
  }
  return plans
}

/** Takes arguments out of the queues. @returns those of each generator, in their order */
async function takeArgs(tx: Db, colony: ColonyKey, plans: readonly RunPlan[]): Promise<Map<string, string[]>> {
  const taking = plans.filter(({ take }) => take > 0)
  const taken = new Map<string, string[]>(taking.map(({ generator }) => [generator.generator_id, []]))
  if (taking.length === 0) return taken
  const rows = await tx.all<{ generator_id: string; arg: string }>(sql`
    with chosen as materialized (
      select a.row_place
      from unnest(${taking.map(({ generator }) => generator.generator_id)}::text[],
        ${taking.map(({ generator }) => generator.taken)}::bigint[], ${taking.map(({ take }) => take)}::int[])
        as t (generator_id, taken, args)
      -- With an offset, so that those of one generator are looked up, whatever the planner thinks.
      cross join lateral (
        select a.ctid as row_place from generator_args a
        where a.colony = ${colony} and a.generator_id = t.generator_id and a.place > t.taken
          and a.place <= t.taken + t.args
        order by a.place offset 0) a
    ), gone as (
      delete from generator_args where ctid = any(array(select row_place from chosen)) and (colony = ${colony}) is true
      returning generator_id, place, arg
    )
    select generator_id, arg from gone order by generator_id, place`)
  for (const { generator_id, arg } of rows) taken.get(generator_id)?.push(arg)
  return taken
}

function makeGraphs({ generator, recipe, take, perGraph }: RunPlan, args: readonly string[]) {
  if (args.length !== take)
    throw new Error(`Generator ${generator.generator_id} counts ${take} arguments, and has ${args.length}.`)
  const made: NewGraph[] = []
  if (recipe)
    for (let from = 0; from < take; from += perGraph) made.push(recipe.graphOf(args.slice(from, from + perGraph)))
  return { made, bytes: args.reduce((sum, arg) => sum + Buffer.byteLength(arg), 0) }
}

/** Notes in the rows what was taken, and when there is something to do next. */
async function moveOn(
  tx: Db,
  colony: ColonyKey,
  runs: readonly (RunPlan & { bytes: number })[],
  { placeOf, retrySeconds }: { placeOf: ReadonlyMap<string, string>; retrySeconds: number },
): Promise<void> {
  await tx.run(sql`
    update generators g
    set taken = g.taken + r.args, queued_bytes = g.queued_bytes - r.bytes, last_error = r.error,
      last_run = case when r.args > 0 then now() else g.last_run end,
      due_at = case
        when r.error <> '' then now() + make_interval(secs => ${retrySeconds}::int)
        when g.packed - g.taken - r.args >= g.trigger_count then now()
        when g.packed - g.taken - r.args > 0 and g.timeout_seconds > 0
          then now() + make_interval(secs => g.timeout_seconds)
        end
    from unnest(${runs.map(({ generator }) => placeOf.get(generator.generator_id) ?? null)}::tid[],
      ${runs.map(({ take }) => take)}::int[], ${runs.map(({ bytes }) => bytes)}::int[],
      ${runs.map(({ error }) => error ?? '')}::text[]) as r (row_place, args, bytes, error)
    where g.ctid = r.row_place and (g.colony = ${colony}) is true`)
}
