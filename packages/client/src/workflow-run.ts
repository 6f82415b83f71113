import { type JsonValue, type Process, type ProcessGraph, State, type WorkflowSpec } from '@colonies/protocol'
import type { CallOptions } from './call.js'
import type { Methods } from './methods.js'
import { listOf, type WaitingMethods } from './waiting.js'
import { Workflow } from './workflow.js'

/** A process graph that has ended, in whatever state. */
export interface WorkflowRun {
  graph: ProcessGraph
  /** The nodes on which none depends, those added at run time too. */
  leaves: Process[]
  /** Their outputs by node name; empty lists where they failed. */
  outputs: Record<string, JsonValue[]>
}

export interface WorkflowMethods {
  /**
   * Submits a workflow and waits until each of its nodes has ended.
   *
   * @throws InvalidError for a workflow that makes no sense, and what `waitFor` throws; a failed node is no error
   */
  runWorkflow(workflow: Workflow | WorkflowSpec, options?: CallOptions): Promise<WorkflowRun>

  /** Waits for the end of a graph that was submitted before, as `runWorkflow` does. */
  waitForGraph(processgraphid: string, options?: CallOptions): Promise<WorkflowRun>
}

export function createWorkflowMethods(methods: Methods, { waitFor }: WaitingMethods): WorkflowMethods {
  const waitForGraph = async (processgraphid: string, options?: CallOptions): Promise<WorkflowRun> => {
    for (let graph = await methods.getProcessGraph({ processgraphid }, options); ; ) {
      const leaves = await endsOf(leafIds(graph), options)
      // Above a leaf that succeeded all have ended; above one that failed with a parent, other branches may run on.
      if (leaves.some(({ state }) => state !== State.success)) await endsOf(graph.processids, options)
      const later = await methods.getProcessGraph({ processgraphid }, options)
      // Running nodes may get children. None can come after all have ended, so then this is the end.
      if (later.processids.length === graph.processids.length)
        return { graph: later, leaves, outputs: outputsOf(leaves) }
      graph = later
    }
  }
  const endsOf = async (processids: readonly string[], options?: CallOptions): Promise<Process[]> => {
    const ended: Process[] = []
    for (const processid of processids) ended.push(await waitFor(processid, options))
    return ended
  }
  return {
    waitForGraph,
    async runWorkflow(workflow, options) {
      const spec = workflow instanceof Workflow ? workflow.spec() : workflow
      const { processgraphid } = await methods.submitWorkflow({ spec }, options)
      return waitForGraph(processgraphid, options)
    },
  }
}

function leafIds({ processids, edges }: ProcessGraph): string[] {
  const parents = new Set(edges.map((edge) => edge.source))
  return processids.filter((id) => !parents.has(id))
}

function outputsOf(leaves: readonly Process[]): Record<string, JsonValue[]> {
  return Object.fromEntries(leaves.map(({ spec, out }) => [spec.nodename, listOf(out)]))
}
