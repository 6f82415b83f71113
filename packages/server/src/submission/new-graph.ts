import { planWorkflow } from '@colonies/core'
import type { NewGraph, NewNode, ReadyLine } from '@colonies/database'
import { newId } from '@colonies/identity'
import type { JsonText, ParsedWorkflowSpec } from '@colonies/protocol'
import type { Initiator } from './initiator.js'
import { rowsOf } from './new-process.js'

/** A workflow that was checked, as the rows that store it and what follows when they are stored. */
export interface PlannedGraph {
  graph: NewGraph
  /** Ids of the processes without dependencies. */
  rootIds: string[]
  /** What is ready to be assigned as soon as the graph is stored. */
  ready: ReadyLine[]
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
  const readyOfType = new Map<string, number>()
  for (const root of plan.roots) {
    const type = nodes[root]?.executorType ?? ''
    readyOfType.set(type, (readyOfType.get(type) ?? 0) + 1)
  }
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
    ready: [...readyOfType].map(([executorType, count]) => ({ executorType, count })),
  }
}

function withRootArgs(spec: ParsedWorkflowSpec, args: JsonText): ParsedWorkflowSpec {
  const functionspecs = spec.functionspecs.map((node) =>
    node.conditions.dependencies.length === 0 ? { ...node, args, kwargs: '{}' as JsonText } : node,
  )
  return { ...spec, functionspecs }
}
