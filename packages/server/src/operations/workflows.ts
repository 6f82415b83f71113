import { checkState, type PictureNode, pictureOf } from '@colonies/core'
import {
  cancelGraph,
  findGraph,
  type GraphParts,
  type GraphRow,
  graphIdsFrom,
  graphsToRemove,
  insertChild,
  insertGraph,
  listGraphs,
  readGraphParts,
  readGraphs,
  removeGraph,
} from '@colonies/database'
import { ColoniesError, limits, State } from '@colonies/protocol'
import type { Call, Colony, Handlers } from '../handler.js'
import { newGraph } from '../submission/new-graph.js'
import { checkRequestId, newSubmission } from '../submission/new-process.js'
import { whyNotStored } from '../submission/why-not-stored.js'
import { checkCount, idPrefix, readProcess } from './processes.js'

const NO_TIME = '0001-01-01T00:00:00Z'
/** Graphs of one look when many are removed. */
const REMOVE_BATCH = 100
/** Nodes that are read at once for a list of graphs: each has many edges, perhaps. */
const PORTION_NODES = 1000

export const workflowHandlers = {
  async submitWorkflow({ spec, requestid }, { db, caller, colony, replica }) {
    checkRequestId(requestid)
    const ofRequest = requestid === '' ? '' : `workflow ${requestid}`
    const { graph, processIds, rootIds } = newGraph({ spec, requestid: ofRequest }, colony.name, caller)
    const stored = await insertGraph(db, colony.key, graph)
    if (!stored) throw await whyNotStored(db, colony.key)
    if (!stored.fresh) return getGraph({ db, colony }, stored.graph_id)
    replica.changed(colony.key)
    replica.hint(colony.key, stored.ready)
    return {
      processgraphid: stored.graph_id,
      initiatorid: caller.id,
      initiatorname: caller.name,
      colonyname: colony.name,
      rootprocessids: rootIds,
      state: State.waiting,
      submissiontime: NO_TIME,
      starttime: NO_TIME,
      endtime: NO_TIME,
      processids: processIds,
      nodes: [],
      edges: [],
    }
  },

  async addChild(input, call) {
    const { db, caller, colony, replica } = call
    const request = `child ${input.parentprocessid}`
    const { process, attributes } = newSubmission({ ...input, request }, colony.name, caller, 'spec')
    const processId = await insertChild(db, colony.key, {
      graphId: input.processgraphid,
      parentId: input.parentprocessid,
      adder: { holder: caller.id, attempt: input.attempt },
      process,
      attributes,
      before: input.childprocessid,
      insert: input.insert,
    })
    replica.changed(colony.key)
    return readProcess(db, colony, processId)
  },

  async getProcessGraph({ processgraphid }, call) {
    return getGraph(call, processgraphid)
  },

  async getProcessGraphs({ count, state, after, prefix }, { db, colony }) {
    checkCount(count)
    checkState(state)
    const graphs = await (prefix !== ''
      ? readGraphs(db, colony.key, await graphIdsFrom(db, colony.key, { prefix: idPrefix(prefix), count, after }))
      : listGraphs(db, colony.key, { state, count, after }))
    checkNodes(graphs)
    const listed: ReturnType<typeof graphOf>[] = []
    for (const some of inPortions(graphs)) {
      const parts = await readGraphParts(
        db,
        colony.key,
        some.map((graph) => graph.graph_id),
      )
      const [nodes, edges] = [byGraph(parts.nodes), byGraph(parts.edges)]
      for (const graph of some) {
        const own = { nodes: nodes.get(graph.graph_id) ?? [], edges: edges.get(graph.graph_id) ?? [] }
        listed.push({ ...graphOf(graph, own, colony), nodes: [], edges: [] })
      }
    }
    return listed
  },

  async cancelProcessGraph({ processgraphid }, { db, colony, replica }) {
    const graph = await findGraph(db, colony.key, processgraphid)
    if (!graph) throw unknownGraph(processgraphid)
    const { ended } = await cancelGraph(db, colony.key, processgraphid)
    if (ended.size === 0 && graph.state !== State.cancelled)
      throw new ColoniesError('wrong_state', 'Failed to cancel processgraph, all its processes have ended')
    replica.changed(colony.key)
    return {}
  },

  async removeProcessGraph({ processgraphid }, { db, colony }) {
    if (await removeGraph(db, colony.key, processgraphid)) return {}
    if (!(await findGraph(db, colony.key, processgraphid))) throw unknownGraph(processgraphid)
    throw new ColoniesError('wrong_state', 'Failed to remove processgraph, cannot remove a running processgraph')
  },

  async removeAllProcessGraphs({ state }, { db, colony, signal }) {
    if (state === State.running) throw new ColoniesError('bad_request', 'not possible to remove running processgraphs')
    if (state < -1 || state > State.cancelled)
      throw new ColoniesError('bad_request', 'invalid state when deleting all processgraphs: use -1, 0, 2, 3 or 4')
    let ids: string[] = []
    do {
      ids = await graphsToRemove(db, colony.key, { state, after: ids.at(-1) ?? '', limit: REMOVE_BATCH })
      // A graph of which a process runs (a branch of a failed one, say) stays.
      for (const id of ids) await removeGraph(db, colony.key, id)
    } while (ids.length === REMOVE_BATCH && !signal.aborted)
    return {}
  },
} satisfies Partial<Handlers>

function checkNodes(graphs: readonly GraphRow[]): void {
  const { graphListNodesMax: most } = limits
  let nodes = 0
  const fitting = graphs.findIndex(({ total }) => (nodes += total) > most)
  if (fitting > 0)
    throw new ColoniesError(
      'too_large',
      `These ${graphs.length} processgraphs have more than ${most} processes: ask for ${fitting} at once`,
    )
}

/** Graphs whose nodes are read at once: many small ones, or a large one. */
function inPortions(graphs: readonly GraphRow[]): GraphRow[][] {
  const portions: GraphRow[][] = []
  let nodes = PORTION_NODES
  for (const graph of graphs) {
    nodes += graph.total
    if (nodes > PORTION_NODES) {
      portions.push([])
      nodes = graph.total
    }
    portions.at(-1)?.push(graph)
  }
  return portions
}

function byGraph<Row extends { graph_id: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const graphs = new Map<string, Row[]>()
  for (const row of rows) {
    const own = graphs.get(row.graph_id)
    if (own) own.push(row)
    else graphs.set(row.graph_id, [row])
  }
  return graphs
}

function unknownGraph(id: string): ColoniesError {
  return new ColoniesError('not_found', `Processgraph with Id <${id}> not found`)
}

async function getGraph({ db, colony }: Pick<Call, 'db' | 'colony'>, graphId: string) {
  const graph = await findGraph(db, colony.key, graphId)
  if (!graph) throw unknownGraph(graphId)
  return graphOf(graph, await readGraphParts(db, colony.key, [graphId]), colony)
}

function graphOf(graph: GraphRow, { nodes, edges }: GraphParts, colony: Colony) {
  const byId = new Map<string, PictureNode>()
  for (const { process_id, node_name, state } of nodes)
    byId.set(process_id, { id: process_id, nodename: node_name, state, parents: [], children: [] })
  for (const { parent_id, child_id } of edges) {
    byId.get(parent_id)?.children.push(child_id)
    byId.get(child_id)?.parents.push(parent_id)
  }
  const roots = [...byId.values()].filter((node) => node.parents.length === 0).map((node) => node.id)
  return {
    processgraphid: graph.graph_id,
    initiatorid: graph.initiator_id,
    initiatorname: graph.initiator_name,
    colonyname: colony.name,
    rootprocessids: roots,
    state: graph.state,
    submissiontime: graph.submitted_at,
    starttime: graph.started_at ?? NO_TIME,
    endtime: graph.ended_at ?? NO_TIME,
    ...pictureOf([...byId.values()]),
  }
}
