import { planWorkflow } from '@colonies/core'
import type { NewGraph, NewNode } from '@colonies/database'
import { newId } from '@colonies/identity'
import type { JsonText, ParsedWorkflowSpec } from '@colonies/protocol'
import type { Initiator } from './initiator.js'
import { rowsOf } from './new-process.js'

/** A workflow that was checked, as the rows that store it. */
export interface PlannedGraph {
  graph: NewGraph
  /** Ids of the processes without dependencies. */
  rootIds: string[]
}

interface Wish {
  spec: ParsedWorkflowSpec
  /** Ours: '' for none. */
  requestid: string
  /** What the nodes without dependencies get. */
  roots?: {
    /** A JSON list, as if parents had put it out. */
    input?: JsonText
    /** A JSON list that replaces their own arguments; they have no `kwargs` then. */
    args?: JsonText
  }
  cron?: NewGraph['cron']
}

/**
 * Checks a workflow whole and makes the rows of its graph and processes, with new ids.
 *
 * @throws ColoniesError `bad_request` naming the node and the way out
 */
export function newGraph(wish: Wish, colonyName: string, initiator: Initiator): PlannedGraph {
  const { requestid, roots = {}, cron = null } = wish
  const plan = planWorkflow(roots.args === undefined ? wish.spec : withRootArgs(wish.spec, roots.args))
  const rows = plan.nodes.map((node) => rowsOf(node.spec, node.checked, { colonyName, initiator, requestid: '' }))
  const idOf = (index: number) => rows[index]?.process.processId ?? ''
  const nodes = plan.nodes.map((node, index): NewNode => {
    const { process } = rows[index] as (typeof rows)[number]
    const isRoot = node.parents.length === 0
    return {
      ...process,
      parents: node.parents.map(idOf),
      children: node.children.map(idOf),
      input: isRoot && roots.input !== '[]' ? (roots.input ?? null) : null,
    }
  })
  return {
    graph: {
      graphId: newId(),
      initiatorId: initiator.id,
      initiatorName: initiator.name,
      requestId: requestid === '' ? null : requestid,
      cron,
      nodes,
      attributes: rows.flatMap((row) => row.attributes),
    },
    rootIds: plan.roots.map(idOf),
  }
}

function withRootArgs(spec: ParsedWorkflowSpec, args: JsonText): ParsedWorkflowSpec {
  const functionspecs = spec.functionspecs.map((node) =>
    node.conditions.dependencies.length === 0 ? { ...node, args, kwargs: '{}' as JsonText } : node,
  )
  return { ...spec, functionspecs }
}
