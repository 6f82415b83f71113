import { planWorkflow } from '@colonies/core'
import type { NewGraph } from '@colonies/database'
import { newId } from '@colonies/identity'
import type { JsonText, ParsedWorkflowSpec } from '@colonies/protocol'
import type { Initiator } from './initiator.js'
import { envAttributes, processOf } from './new-process.js'

/** A workflow that was checked, as the rows that store it. */
export interface PlannedGraph {
  graph: NewGraph
  /** Ids of all processes, in the order of the spec. */
  processIds: string[]
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
 * Checks a workflow whole and makes the rows of its graph, with new ids. Those of its processes are made as they are stored: a
 * workflow may have 100 000, and their texts need not be there all at once.
 *
 * @throws ColoniesError `bad_request` naming the node and the way out
 */
export function newGraph(wish: Wish, colonyName: string, initiator: Initiator): PlannedGraph {
  const { requestid, roots = {}, cron = null } = wish
  const plan = planWorkflow(roots.args === undefined ? wish.spec : withRootArgs(wish.spec, roots.args))
  const ids = plan.nodes.map(() => newId())
  const idOf = (index: number) => ids[index] as string
  const input = roots.input === '[]' ? null : (roots.input ?? null)
  return {
    graph: {
      graphId: newId(),
      initiatorId: initiator.id,
      initiatorName: initiator.name,
      requestId: requestid === '' ? null : requestid,
      cron,
      nodes: {
        length: ids.length,
        *[Symbol.iterator]() {
          for (const [index, { spec, checked, parents, children }] of plan.nodes.entries())
            yield {
              process: processOf(spec, checked, { processId: idOf(index), colonyName, initiator }),
              parents: parents.map(idOf),
              children: children.map(idOf),
              input: parents.length === 0 ? input : null,
            }
        },
      },
      attributes: plan.nodes.flatMap(({ spec }, index) => envAttributes(idOf(index), spec.env)),
    },
    processIds: ids,
    rootIds: plan.roots.map(idOf),
  }
}

function withRootArgs(spec: ParsedWorkflowSpec, args: JsonText): ParsedWorkflowSpec {
  const functionspecs = spec.functionspecs.map((node) =>
    node.conditions.dependencies.length === 0 ? { ...node, args, kwargs: '{}' as JsonText } : node,
  )
  return { ...spec, functionspecs }
}
