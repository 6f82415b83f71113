import { setImmediate } from 'node:timers/promises'
import type { Db } from './db.js'
import { LateError } from './errors.js'
import { type ReadyLine, readyLines } from './ready-lines.js'
import { type Sql, sql } from './sql.js'
import { arrayLiteral, type ColonyKey, type NewAttribute, type NewProcess, NS_OF_PRIORITY } from './submissions.js'
import { Unnested } from './unnested.js'

/** A node of a new graph: a process, and its place among the others. */
export interface NewNode {
  process: Omit<NewProcess, 'requestId' | 'holder'>
  /** Ids of the parents in the order of `dependencies`. */
  parents: readonly string[]
  children: readonly string[]
  /** For a node without parents: a JSON list; null for none. */
  input: string | null
}

/** Nodes in the order of the spec; they may be made as they are gone through, which happens once for each try to store them. */
export type NewNodes = Iterable<NewNode> & { readonly length: number }

export interface NewGraph {
  graphId: string
  initiatorId: string
  initiatorName: string
  requestId: string | null
  /** The cron that starts it; `plannedAt` is null when somebody told it to. */
  cron: { cronId: string; plannedAt: string | null } | null
  nodes: NewNodes
  attributes: readonly NewAttribute[]
}

export interface StoredGraph {
  /** Index among the graphs that were to be stored. */
  place: number
  graph_id: string
  /** False when an earlier request with the same id made the graph. */
  fresh: boolean
  submitted_at: string
  /** What can be assigned at once: nodes without parents. Nothing of a graph that was there before. */
  ready: ReadyLine[]
}

/** Stores a whole workflow. @returns undefined when the colony is gone, or another transaction stores the same request */
export async function insertGraph(db: Db, colony: ColonyKey, graph: NewGraph): Promise<StoredGraph | undefined> {
  const [stored] = await insertGraphs(db, colony, [graph])
  return stored
}

/** Nodes of one statement. While PostgreSQL stores these, the next ones are made. */
const PORTION = 500
/** Nodes that are made before others have their turn. */
const NODES_OF_TURN = 50
/**
 * From the beginning of the transaction to that of its last statement, which has its own limit. Only the first one looks whether the
 * colony is still there, so all must be over before the removal of a colony takes its rows for all there are (`sweeps.ts`).
 */
const PORTIONS_MS_MAX = 60_000

/**
 * Stores whole workflows: graphs, their processes, the edges between these; in one statement, or in one transaction where there are
 * more nodes than a few hundred.
 *
 * @returns one row per graph, in no order; missing when the colony is gone, or another transaction is just storing the same
 *   request
 * @throws LateError when the nodes are so many, or the database so slow, that it would take longer than `withinMs`
 */
export async function insertGraphs(
  db: Db,
  colony: ColonyKey,
  graphs: readonly NewGraph[],
  withinMs = PORTIONS_MS_MAX,
): Promise<StoredGraph[]> {
  const count = graphs.reduce((sum, { nodes }) => sum + nodes.length, 0)
  if (count > PORTION) return db.transaction((tx) => insertInPortions(tx, colony, { graphs, withinMs }))
  const all = { nodes: [...placedNodes(graphs)], attributes: placedAttributes(graphs), before: 0 }
  const stored = await db.all<StoredRow>(firstStatement(colony, graphs, all))
  const roots: Root[][] = []
  addRoots(roots, all.nodes)
  return stored.map((row) => withReady(row, roots))
}

interface Portions {
  graphs: readonly NewGraph[]
  withinMs: number
}

async function insertInPortions(tx: Db, colony: ColonyKey, { graphs, withinMs }: Portions): Promise<StoredGraph[]> {
  const begunMs = performance.now()
  let stored: StoredRow[] | undefined
  let underWay: Promise<unknown> | undefined
  const roots: Root[][] = []
  for await (const portion of portionsOf(graphs)) {
    addRoots(roots, portion.nodes)
    if (!stored) {
      stored = await tx.all<StoredRow>(firstStatement(colony, graphs, portion))
      if (!stored.some(({ fresh }) => fresh)) break
      continue
    }
    const statement = laterStatement(colony, graphs, { ...portion, stored })
    await underWay
    if (performance.now() - begunMs > withinMs) throw new LateError(withinMs)
    underWay = tx.run(statement)
    underWay.catch(() => {}) // whoever waits for it next is told
  }
  await underWay
  return (stored ?? []).map((row) => withReady(row, roots))
}

interface StoredRow extends Omit<StoredGraph, 'ready'> {
  /** `submitted_at` in nanoseconds. */
  submitted_ns: bigint
}

/** A node, and which one it is of which graph; graphs count from 1, as rows of `unnest` do. */
interface PlacedNode {
  graph: number
  position: number
  node: NewNode
}

interface Portion {
  nodes: readonly PlacedNode[]
  attributes: readonly (NewAttribute & { graph: number })[]
  /** How many nodes went before, of all graphs: their order is that of the queue. */
  before: number
}

async function* portionsOf(graphs: readonly NewGraph[]): AsyncGenerator<Portion> {
  const count = graphs.reduce((sum, { nodes }) => sum + nodes.length, 0)
  const attributes = placedAttributes(graphs)
  const share = Math.ceil(attributes.length / Math.ceil(count / PORTION))
  let nodes: PlacedNode[] = []
  let before = 0
  for (const placed of placedNodes(graphs)) {
    nodes.push(placed)
    if (nodes.length % NODES_OF_TURN === 0) await setImmediate()
    if (nodes.length < PORTION && before + nodes.length < count) continue
    yield { nodes, attributes: attributes.splice(0, share), before }
    before += nodes.length
    nodes = []
  }
}

function* placedNodes(graphs: readonly NewGraph[]): Generator<PlacedNode> {
  for (const [index, { nodes }] of graphs.entries()) {
    let position = 0
    for (const node of nodes) yield { graph: index + 1, position: position++, node }
  }
}

function placedAttributes(graphs: readonly NewGraph[]) {
  return graphs.flatMap(({ attributes }, index) => attributes.map((attribute) => ({ ...attribute, graph: index + 1 })))
}

/** What is kept of a node without parents. */
type Root = Pick<NewProcess, 'executorType' | 'priority'>

/** @param roots of each graph, by its index */
function addRoots(roots: Root[][], nodes: readonly PlacedNode[]): void {
  for (const { graph, node } of nodes) {
    if (node.parents.length > 0) continue
    const ofGraph = (roots[graph - 1] ??= [])
    ofGraph.push({ executorType: node.process.executorType, priority: node.process.priority })
  }
}

function withReady({ submitted_ns, ...row }: StoredRow, roots: readonly Root[][]): StoredGraph {
  const ofGraph = row.fresh ? (roots[row.place] ?? []) : []
  const from = (priority: number) => submitted_ns - BigInt(priority) * NS_OF_PRIORITY
  const lines = ofGraph.map(({ executorType, priority }) => ({ executorType, count: 1, from: from(priority) }))
  return { ...row, ready: readyLines(lines) }
}

/** Stores the graphs, and the first of their nodes. */
function firstStatement(colony: ColonyKey, graphs: readonly NewGraph[], portion: Portion): Sql {
  const of = <T>(pick: (graph: NewGraph) => T) => graphs.map(pick)
  return sql`
    with wanted_graphs as materialized (
      select a.* from colonies c, unnest(
        ${of((g) => g.graphId)}::text[], ${of((g) => g.initiatorId)}::text[], ${of((g) => g.initiatorName)}::text[],
        ${of((g) => g.requestId)}::text[], ${of((g) => g.cron?.cronId ?? null)}::text[],
        ${of((g) => g.cron?.plannedAt ?? null)}::timestamptz[], ${of((g) => g.nodes.length)}::int[]
      ) with ordinality as a (graph_id, initiator_id, initiator_name, request_id, cron_id, planned_at, total, graph)
      where c.colony_key = ${colony}
    ), first_requests as (
      insert into requests (colony, caller, request_id, made_id)
      select ${colony}, initiator_id, request_id, graph_id from wanted_graphs where request_id is not null
      on conflict do nothing returning made_id
    ), go as materialized (
      select * from wanted_graphs where request_id is null or graph_id in (select made_id from first_requests)
    ), stored as (
      insert into graphs (colony, graph_id, initiator_id, initiator_name, total, cron_id, planned_at)
      select ${colony}, graph_id, initiator_id, initiator_name, total, cron_id, planned_at from go
    ), ${nodesStored(colony, graphs, portion)}
    select (graph - 1)::int as place, graph_id, true as fresh, now() as submitted_at,
      (extract(epoch from now()) * 1000000)::bigint * 1000 as submitted_ns
    from go
    union all
    select (w.graph - 1)::int, g.graph_id, false, g.submitted_at, 0
    from wanted_graphs w
    join requests r on r.colony = ${colony} and r.caller = w.initiator_id and r.request_id = w.request_id
    join graphs g on g.colony = ${colony} and g.graph_id = r.made_id`
}

/** Stores further nodes of the graphs that are new. */
function laterStatement(
  colony: ColonyKey,
  graphs: readonly NewGraph[],
  { stored, ...portion }: Portion & { stored: readonly StoredRow[] },
): Sql {
  const fresh = stored.filter((row) => row.fresh).map(({ place }) => place + 1)
  return sql`
    with go as materialized (
      select graph from unnest(${fresh}::int[]) as go (graph)
    ), ${nodesStored(colony, graphs, portion)}
    select 1`
}

/** Whether the graph of a row `a` is stored. `is true`, so that the planner makes a table of the numbers, and no join. */
const isStored = sql`(a.graph in (select graph from go)) is true`

/**
 * Parts of a statement that has the graphs as `go`. What no node of the portion has is left out.
 *
 * What belongs to a graph finds it by its number: were it joined with `go`, PostgreSQL would read all nodes for each graph, as it has
 * no index to look into.
 */
function nodesStored(colony: ColonyKey, graphs: readonly NewGraph[], { nodes, attributes, before }: Portion): Sql {
  const graphIds = sql`${graphs.map((g) => g.graphId)}::text[]`
  const processes = nodes.map(({ node }) => node.process)
  const [ofNodes, of] = [new Unnested(nodes), new Unnested(processes)]
  const hasNames = processes.some(({ names }) => names !== null)
  const children = new Unnested(nodes.map(({ node }) => `{${node.children.join()}}`))
  return sql`asked as materialized (
      select a.*, (${graphIds})[a.graph] as graph_id,
        (${graphs.map((g) => g.initiatorId)}::text[])[a.graph] as initiator_id,
        (${graphs.map((g) => g.initiatorName)}::text[])[a.graph] as initiator_name,
        (extract(epoch from now()) * 1000000)::bigint * 1000 + (${before}::bigint + place - 1)
          - priority * ${NS_OF_PRIORITY}::bigint as queue_place
      from (
        select ${ofNodes.ints(({ graph }) => graph)} as graph,
          ${ofNodes.ints(({ position }) => position)} as position,
          ${of.texts((p) => p.processId)} as process_id, ${of.texts((p) => p.nodeName)} as node_name,
          ${of.texts((p) => p.functionName)} as function_name, ${of.texts((p) => p.executorType)} as executor_type,
          ${of.texts((p) => p.label)} as label,
          ${of.flags((p) => p.initiatorIsUser)} as initiator_is_user,
          ${of.ints((p) => p.priority)} as priority, ${of.ints((p) => p.waitSeconds)} as wait_seconds,
          ${of.ints((p) => p.execSeconds)} as exec_seconds, ${of.ints((p) => p.maxRetries)} as max_retries,
          ${of.texts((p) => p.spec)} as spec, ${of.texts((p) => p.env)} as env, ${of.texts((p) => p.channels)} as channels,
          ${of.texts((p) => p.names && arrayLiteral(p.names))}::text[] as wanted_names, ${of.texts((p) => p.location)} as location,
          ${of.bigints((p) => p.cpu)} as cpu, ${of.bigints((p) => p.memory)} as memory,
          ${ofNodes.ints(({ node }) => node.parents.length)} as open_parents,
          ${children.texts((ids) => ids)} as children,
          ${ofNodes.texts(({ node }) => node.input)} as input,
          generate_series(1, ${nodes.length}::int) as place
      ) a
      where ${isStored}
    ), specs as (
      insert into process_specs (colony, process_id, graph_id, node_name, function_name, executor_type, label,
        initiator_id, initiator_name, initiator_user, submitted_at, priority_time, wait_seconds, exec_seconds,
        max_retries, spec, env, channels, input)
      select ${colony}, process_id, graph_id, node_name, function_name, executor_type, label,
        initiator_id, initiator_name, case when initiator_is_user then initiator_name end, now(), queue_place,
        wait_seconds, exec_seconds, max_retries, spec, env, channels, input
      from asked
    ), rows as (
      insert into live (colony, process_id, state, executor_type, names, location, cpu, memory, priority_time,
        open_parents, children, graph_id, deadline, wait_seconds, exec_seconds, max_retries, list_place)
      select ${colony}, process_id, 0, executor_type, wanted_names, location, cpu, memory, queue_place, open_parents,
        children::text[], graph_id, now() + make_interval(secs => wait_seconds), wait_seconds, exec_seconds,
        max_retries, queue_place
      from asked
    ), ${hasNames ? namesStored(colony) : sql``} node_rows as (
      insert into graph_nodes (colony, graph_id, position, process_id, node_name)
      select ${colony}, graph_id, position, process_id, node_name from asked
    ), ${edgesStored(colony, graphIds, nodes)} ${attributes.length > 0 ? attributesStored(colony, graphIds, attributes) : sql``} history as (
      insert into events (colony, process_id, old_state, state, attempt, reason, executor_type)
      select ${colony}, process_id, null, 0, 0, 'submit', executor_type from asked
    )`
}

const namesStored = (colony: ColonyKey) => sql`wants as (
      insert into wanted (colony, executor_type, name, priority_time, process_id, location, cpu, memory)
      select ${colony}, executor_type, name, queue_place, process_id, location, cpu, memory
      from asked, unnest(wanted_names) name where open_parents = 0
    ),`

function edgesStored(colony: ColonyKey, graphIds: Sql, nodes: readonly PlacedNode[]): Sql {
  const edges = nodes.flatMap(({ graph, node }) =>
    node.parents.map((parent, position) => ({ graph, child: node.process.processId, position, parent })),
  )
  const of = new Unnested(edges)
  return sql`edge_rows as (
      insert into edges (colony, child_id, position, parent_id, graph_id)
      select ${colony}, a.child_id, a.position, a.parent_id, (${graphIds})[a.graph]
      from (
        select ${of.ints((e) => e.graph)} as graph, ${of.texts((e) => e.child)} as child_id,
          ${of.ints((e) => e.position)} as position, ${of.texts((e) => e.parent)} as parent_id) a
      where ${isStored}
    ),`
}

const attributesStored = (colony: ColonyKey, graphIds: Sql, attributes: Portion['attributes']) => sql`environment as (
      insert into attributes (colony, process_id, graph_id, attribute_id, attribute_type, key, value)
      select ${colony}, a.process_id, (${graphIds})[a.graph], a.attribute_id, a.attribute_type, a.key, a.value
      from unnest(${attributes.map((a) => a.graph)}::int[], ${attributes.map((a) => a.processId)}::text[],
        ${attributes.map((a) => a.attributeId)}::text[], ${attributes.map((a) => a.type)}::int[],
        ${attributes.map((a) => a.key)}::text[], ${attributes.map((a) => a.value)}::text[])
        as a (graph, process_id, attribute_id, attribute_type, key, value)
      where ${isStored}
    ),`
