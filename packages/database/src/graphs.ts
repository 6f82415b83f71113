import type { Db } from './db.js'
import { sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

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
