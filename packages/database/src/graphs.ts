import type { Db } from './db.js'
import { type ReadyLine, readyLines } from './ready-lines.js'
import { sql } from './sql.js'
import { arrayLiteral, type ColonyKey, type NewAttribute, type NewProcess } from './submissions.js'

/** A node of a new graph: a process, and its place among the others. */
export interface NewNode extends Omit<NewProcess, 'requestId' | 'holder'> {
  /** Ids of the parents in the order of `dependencies`. */
  parents: readonly string[]
  children: readonly string[]
  /** For a node without parents: a JSON list; null for none. */
  input: string | null
}

export interface NewGraph {
  graphId: string
  initiatorId: string
  initiatorName: string
  requestId: string | null
  /** The cron that starts it; `plannedAt` is null when somebody told it to. */
  cron: { cronId: string; plannedAt: string | null } | null
  nodes: readonly NewNode[]
  attributes: readonly NewAttribute[]
}

export interface StoredGraph {
  /** Index among the graphs that were to be stored. */
  place: number
  graph_id: string
  /** False when an earlier request with the same id made the graph. */
  fresh: boolean
  submitted_at: string
  /** The same time in nanoseconds. */
  submitted_ns: bigint
}

/** Of one step of priority, on the scale of priority times. */
const NS_OF_PRIORITY = 86_400_000_000_000n

/** What can be assigned as soon as these graphs are stored, by their ids; nothing of those that were stored before. */
export function readyByGraph(graphs: readonly NewGraph[], stored: readonly StoredGraph[]): Map<string, ReadyLine[]> {
  const fresh = stored.filter((one) => one.fresh)
  return new Map(fresh.map((one) => [one.graph_id, readyOf(graphs[one.place] as NewGraph, one)]))
}

/** What can be assigned as soon as a graph is stored: nodes without parents. */
export function readyOf(graph: NewGraph, { submitted_ns }: StoredGraph): ReadyLine[] {
  const roots = graph.nodes.filter(({ parents }) => parents.length === 0)
  return readyLines(
    roots.map(({ executorType, priority }) => {
      return { executorType, count: 1, from: submitted_ns - BigInt(priority) * NS_OF_PRIORITY }
    }),
  )
}

/** Stores a whole workflow. @returns undefined when the colony is gone, or another transaction stores the same request */
export async function insertGraph(db: Db, colony: ColonyKey, graph: NewGraph): Promise<StoredGraph | undefined> {
  const [stored] = await insertGraphs(db, colony, [graph])
  return stored
}

/**
 * Stores whole workflows in one statement: graphs, their processes, the edges between these.
 *
 * @returns one row per graph, in no order; missing when the colony is gone, or another transaction is just storing the same
 *   request
 */
export function insertGraphs(db: Db, colony: ColonyKey, graphs: readonly NewGraph[]): Promise<StoredGraph[]> {
  const of = <T>(pick: (graph: NewGraph) => T) => graphs.map(pick)
  const nodes = graphs.flatMap((graph, index) => graph.nodes.map((node, at) => ({ ...node, graph: index + 1, at })))
  const column = <T>(pick: (node: (typeof nodes)[number]) => T) => nodes.map(pick)
  const edges = nodes.flatMap((node) =>
    node.parents.map((parent, position) => ({ graph: node.graph, child: node.processId, parent, position })),
  )
  const attributes = graphs.flatMap((graph, index) => graph.attributes.map((a) => ({ ...a, graph: index + 1 })))
  return db.all<StoredGraph>(sql`
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
      returning graph_id, submitted_at
    ), asked as materialized (
      select a.*, a.names::text[] as wanted_names, go.graph_id, go.initiator_id, go.initiator_name,
        (extract(epoch from now()) * 1000000)::bigint * 1000 + (place - 1) - priority * 86400000000000 as queue_place
      from unnest(
        ${column((n) => n.graph)}::int[], ${column((n) => n.at)}::int[],
        ${column((n) => n.processId)}::text[], ${column((n) => n.nodeName)}::text[],
        ${column((n) => n.functionName)}::text[], ${column((n) => n.executorType)}::text[],
        ${column((n) => n.label)}::text[], ${column((n) => n.initiatorIsUser)}::boolean[],
        ${column((n) => n.priority)}::bigint[], ${column((n) => n.waitSeconds)}::int[],
        ${column((n) => n.execSeconds)}::int[], ${column((n) => n.maxRetries)}::int[],
        ${column((n) => n.spec)}::text[], ${column((n) => n.env)}::text[], ${column((n) => n.channels)}::text[],
        ${column((n) => n.names && arrayLiteral(n.names))}::text[], ${column((n) => n.location)}::text[],
        ${column((n) => n.cpu)}::bigint[], ${column((n) => n.memory)}::bigint[],
        ${column((n) => n.parents.length)}::int[], ${column((n) => arrayLiteral(n.children))}::text[],
        ${column((n) => n.input)}::text[]
      ) with ordinality as a (graph, position, process_id, node_name, function_name, executor_type, label,
        initiator_is_user, priority, wait_seconds, exec_seconds, max_retries, spec, env, channels, names, location, cpu,
        memory, open_parents, children, input, place)
      join go on go.graph = a.graph
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
    ), wants as (
      insert into wanted (colony, executor_type, name, priority_time, process_id, location, cpu, memory)
      select ${colony}, executor_type, name, queue_place, process_id, location, cpu, memory
      from asked, unnest(wanted_names) name where open_parents = 0
    ), node_rows as (
      insert into graph_nodes (colony, graph_id, position, process_id, node_name)
      select ${colony}, graph_id, position, process_id, node_name from asked
    ), edge_rows as (
      insert into edges (colony, child_id, position, parent_id, graph_id)
      select ${colony}, e.child_id, e.position, e.parent_id, go.graph_id
      from unnest(${edges.map((e) => e.graph)}::int[], ${edges.map((e) => e.child)}::text[],
        ${edges.map((e) => e.position)}::int[], ${edges.map((e) => e.parent)}::text[])
        as e (graph, child_id, position, parent_id)
      join go on go.graph = e.graph
    ), environment as (
      insert into attributes (colony, process_id, graph_id, attribute_id, attribute_type, key, value)
      select ${colony}, a.process_id, go.graph_id, a.attribute_id, a.attribute_type, a.key, a.value
      from unnest(${attributes.map((a) => a.graph)}::int[], ${attributes.map((a) => a.processId)}::text[],
        ${attributes.map((a) => a.attributeId)}::text[], ${attributes.map((a) => a.type)}::int[],
        ${attributes.map((a) => a.key)}::text[], ${attributes.map((a) => a.value)}::text[])
        as a (graph, process_id, attribute_id, attribute_type, key, value)
      join go on go.graph = a.graph
    ), history as (
      insert into events (colony, process_id, old_state, state, attempt, reason, executor_type)
      select ${colony}, process_id, null, 0, 0, 'submit', executor_type from asked
    )
    select (go.graph - 1)::int as place, go.graph_id, true as fresh, s.submitted_at,
      (extract(epoch from s.submitted_at) * 1000000)::bigint * 1000 as submitted_ns
    from stored s join go on go.graph_id = s.graph_id
    union all
    select (w.graph - 1)::int, g.graph_id, false, g.submitted_at, 0
    from wanted_graphs w
    join requests r on r.colony = ${colony} and r.caller = w.initiator_id and r.request_id = w.request_id
    join graphs g on g.colony = ${colony} and g.graph_id = r.made_id`)
}

export interface GraphRow {
  graph_id: string
  initiator_id: string
  initiator_name: string
  state: number
  submitted_at: string
  started_at: string | null
  ended_at: string | null
  /** Nodes. */
  total: number
}

export interface GraphNodeRow {
  graph_id: string
  process_id: string
  node_name: string
  state: number
}

export interface GraphEdgeRow {
  graph_id: string
  parent_id: string
  child_id: string
}

export interface GraphParts {
  nodes: GraphNodeRow[]
  edges: GraphEdgeRow[]
}

const graphColumns = sql`graph_id, initiator_id, initiator_name, state, submitted_at, started_at, ended_at, total`

export function findGraph(db: Db, colony: ColonyKey, graphId: string): Promise<GraphRow | undefined> {
  return db.one<GraphRow>(sql`select ${graphColumns} from graphs where colony = ${colony} and graph_id = ${graphId}`)
}

/** Graphs in the order of `graphIds`; unknown ones are missing. */
export function readGraphs(db: Db, colony: ColonyKey, graphIds: readonly string[]): Promise<GraphRow[]> {
  return db.all<GraphRow>(sql`
    select ${graphColumns} from unnest(${graphIds}::text[]) with ordinality as asked (asked_id, place)
    join graphs on colony = ${colony} and graph_id = asked_id order by place`)
}

/** The newest graphs of one state, after the graph `after` when that is not empty. Uses the index `graphs_state`. */
export function listGraphs(
  db: Db,
  colony: ColonyKey,
  { state, count, after }: { state: number; count: number; after: string },
): Promise<GraphRow[]> {
  return db.all<GraphRow>(sql`
    select ${graphColumns} from graphs
    where colony = ${colony} and state = ${state} and graph_id < ${after || 'g'}
    order by graph_id desc limit ${count}`)
}

/** Nodes in the order of the spec, and edges in the order in which children were named, of some graphs. */
export async function readGraphParts(db: Db, colony: ColonyKey, graphIds: readonly string[]): Promise<GraphParts> {
  const nodes = await db.all<GraphNodeRow>(sql`
    select n.graph_id, n.process_id, n.node_name, coalesce(l.state, r.state, 0)::smallint as state
    from unnest(${graphIds}::text[]) as asked (graph_id)
    join graph_nodes n on n.colony = ${colony} and n.graph_id = asked.graph_id
    left join live l on l.colony = ${colony} and l.process_id = n.process_id
    left join results r on r.colony = ${colony} and r.process_id = n.process_id
    order by n.graph_id, n.position`)
  const edges = await db.all<GraphEdgeRow>(sql`
    select e.graph_id, e.parent_id, e.child_id
    from unnest(${graphIds}::text[]) as asked (graph_id)
    join graph_nodes n on n.colony = ${colony} and n.graph_id = asked.graph_id
    join edges e on e.colony = ${colony} and e.child_id = n.process_id
    order by n.graph_id, n.position, e.position`)
  return { nodes, edges }
}
