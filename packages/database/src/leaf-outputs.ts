import { leavesDepthFirst } from '@colonies/core'
import type { JsonText } from '@colonies/protocol'
import type { Db } from './db.js'
import { sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

interface NodeRow {
  graph_id: string
  process_id: string
  parents: string[]
  output: JsonText | null
  /** Bytes of output of all leaves of the graph. */
  bytes: number
}

/**
 * What the leaves of some graphs have put out so far, whatever the states of the graphs; in depth-first order, as JSON
 * lists.
 *
 * @param bytesMax graphs whose leaves have more are missing in the answer
 */
export async function readLeafOutputs(
  db: Db,
  colony: ColonyKey,
  graphIds: readonly string[],
  bytesMax: number,
): Promise<Map<string, JsonText[]>> {
  const outputs = new Map<string, JsonText[]>(graphIds.map((id) => [id, []]))
  if (graphIds.length === 0) return outputs
  // Large outputs lie apart from their rows: their length is known without reading them, and those not chosen stay unread.
  const rows = await db.all<NodeRow>(sql`
    select graph_id, process_id, parents, case when bytes <= ${bytesMax} then output end as output, bytes from (
      select n.graph_id, n.process_id, n.position, coalesce(r.output, l.output) as output,
        array(select e.parent_id from edges e where e.colony = ${colony} and e.child_id = n.process_id) as parents,
        coalesce(sum(octet_length(coalesce(r.output, l.output))) over (partition by n.graph_id), 0)::float8 as bytes
      from graph_nodes n
      -- Not by 'exists': for that the planner would make a table of all edges of the colony.
      left join lateral (
        select e.child_id from edges e where e.colony = ${colony} and e.parent_id = n.process_id limit 1) child on true
      left join results r on child.child_id is null and r.colony = ${colony} and r.process_id = n.process_id
      left join live l on child.child_id is null and l.colony = ${colony} and l.process_id = n.process_id
      where n.colony = ${colony} and n.graph_id = any(${graphIds}::text[])) nodes
    order by graph_id, position`)
  for (const [graphId, nodes] of byGraph(rows)) {
    if ((nodes[0]?.bytes ?? 0) > bytesMax) outputs.delete(graphId)
    else outputs.set(graphId, ofLeaves(nodes))
  }
  return outputs
}

function byGraph(rows: readonly NodeRow[]): Map<string, NodeRow[]> {
  const graphs = new Map<string, NodeRow[]>()
  for (const row of rows) {
    const nodes = graphs.get(row.graph_id)
    if (nodes) nodes.push(row)
    else graphs.set(row.graph_id, [row])
  }
  return graphs
}

function ofLeaves(nodes: readonly NodeRow[]): JsonText[] {
  const outputOf = new Map(nodes.map((node) => [node.process_id, node.output]))
  const leaves = leavesDepthFirst(nodes.map(({ process_id, parents }) => ({ id: process_id, parents })))
  return leaves.flatMap((id) => outputOf.get(id) ?? [])
}
