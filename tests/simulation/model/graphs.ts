import type { NewChild, NewGraph, StoredGraph } from '@colonies/database'
import { ColoniesError } from '@colonies/protocol'
import { statement, type Transaction } from './model-database.js'
import {
  addEvent,
  graphOf,
  isHeldBy,
  newRequest,
  queuePlace,
  readyFrom,
  requestKey,
  rowOf,
  waitingRow,
} from './rows.js'
import { type ColonyTables, type Graph, type Live, type Spec, wireTime } from './tables.js'

export const insertGraph = statement('insertGraph', {
  locks: ({ tables }, colonyKey, { initiatorId, requestId }) => ({
    waits: newRequest(tables.of(colonyKey), initiatorId, requestId),
  }),
  apply: (tx, colonyKey, graph) => storeGraphs(tx, tx.tables.of(colonyKey), [graph])[0],
})

/** A planned time of a cron has its graph already: the index `graphs_cron`. */
export class UniqueViolation extends Error {}

/** @throws UniqueViolation */
export function storeGraphs(tx: Transaction, colony: ColonyTables, graphs: readonly NewGraph[]): StoredGraph[] {
  const stored: StoredGraph[] = []
  let nodesBefore = 0
  for (const [place, graph] of graphs.entries()) {
    const key = graph.requestId === null ? undefined : requestKey(graph.initiatorId, graph.requestId)
    const older = key === undefined ? undefined : colony.requests.get(key)
    if (older === undefined) {
      if (key !== undefined) colony.requests.set(key, graph.graphId)
      const rows = storeGraph(tx, colony, graph, nodesBefore)
      const ready = readyFrom(rows.filter(({ openParents }) => openParents === 0))
      stored.push({ place, graph_id: graph.graphId, fresh: true, submitted_at: wireTime(tx.now), ready })
    } else {
      const known = colony.graphs.get(older)
      const submitted_at = wireTime(known?.submittedAt ?? 0)
      if (known) stored.push({ place, graph_id: older, fresh: false, submitted_at, ready: [] })
    }
    nodesBefore += graph.nodes.length
  }
  return stored
}

/** @returns the rows of its processes */
function storeGraph(tx: Transaction, colony: ColonyTables, graph: NewGraph, nodesBefore: number): Live[] {
  const { now } = tx
  const { graphId, initiatorId, initiatorName, cron } = graph
  const nodes = [...graph.nodes]
  const plannedAt = cron?.plannedAt ? Date.parse(cron.plannedAt) * 1000 : null
  const cronId = cron?.cronId ?? null
  if (plannedAt !== null && [...colony.graphs.values()].some((g) => g.cronId === cronId && g.plannedAt === plannedAt))
    throw new UniqueViolation(`Cron ${cronId} has a graph for ${cron?.plannedAt} already.`)
  const counts = { total: nodes.length, success: 0, failed: 0, cancelled: 0 }
  const times = { submittedAt: now, startedAt: null, endedAt: null }
  const names = nodes.map(({ process: { processId, nodeName } }) => ({ processId, nodeName }))
  colony.graphs.set(graphId, {
    graphId,
    initiatorId,
    initiatorName,
    ...times,
    ...counts,
    cronId,
    plannedAt,
    nodes: names,
  })
  return nodes.map(({ process, parents, children, input }, place) => {
    const priorityTime = queuePlace(now, nodesBefore + place, process.priority)
    const spec: Spec = { ...process, initiatorId, initiatorName, graphId, submittedAt: now, priorityTime, input }
    const row = waitingRow(spec, now, parents.length, children)
    colony.specs.set(spec.processId, spec)
    colony.live.set(spec.processId, row)
    colony.edges.set(
      spec.processId,
      parents.map((parentId, position) => ({ parentId, position })),
    )
    addEvent(tx, colony, row, { oldState: null, state: 0, reason: 'submit' })
    return row
  })
}

export const insertChild = statement('insertChild', {
  locks({ tables }, colonyKey, child) {
    const { graphId, parentId, before, insert, process, adder } = child
    const { graphs, live, requests } = tables.of(colonyKey)
    const key = process.requestId === null ? undefined : requestKey(process.initiatorId, process.requestId)
    const request = process.requestId === null ? [] : [rowOf.request(process.initiatorId, process.requestId)]
    const graph = graphs.has(graphId) ? [rowOf.graph(graphId)] : []
    // A repetition looks no further.
    if (key !== undefined && requests.has(key)) return { waits: [...graph, ...request] }
    const parent = live.has(parentId) ? [rowOf.process(parentId)] : []
    // Who is refused by what the parent is has not got as far as the next row.
    const isHolder = isHeldBy(live.get(parentId), adder) && live.get(parentId)?.graphId === graphId
    const nextRow = live.get(before)
    const isNext = !insert && isHolder && nextRow?.graphId === graphId && nextRow.state === 0
    return { waits: [...graph, ...request, ...parent, ...(isNext ? [rowOf.process(before)] : [])] }
  },
  apply(tx, colonyKey, child) {
    const colony = tx.tables.of(colonyKey)
    const { process } = child
    const key = process.requestId === null ? undefined : requestKey(process.initiatorId, process.requestId)
    const older = key === undefined ? undefined : colony.requests.get(key)
    if (older !== undefined) return older
    const { graph, parent } = checkChild(colony, child)
    if (key !== undefined) colony.requests.set(key, process.processId)
    storeChild(tx, colony, child, { graph, parent })
    return process.processId
  },
})

interface Place {
  graph: Graph
  parent: Live
}

/** @throws ColoniesError in the order in which the transaction looks */
function checkChild(colony: ColonyTables, { graphId, parentId, adder, before, insert }: NewChild): Place {
  const graph = graphOf(colony, graphId)
  const parent = colony.live.get(parentId)
  if (!graph || (parent && parent.graphId !== graphId)) throw new ColoniesError('not_found')
  if (parent?.state !== 1) throw new ColoniesError('not_running')
  if (parent.holder !== adder.holder) throw new ColoniesError('lease_lost')
  if (adder.attempt !== 0 && parent.attempt !== adder.attempt) throw new ColoniesError('lease_lost')
  if (!insert && before !== '') {
    const next = colony.live.get(before)
    if (next?.graphId !== graphId || next.state !== 0) throw new ColoniesError('wrong_state')
  }
  return { graph, parent }
}

function storeChild(tx: Transaction, colony: ColonyTables, child: NewChild, { graph, parent }: Place): void {
  const { graphId, parentId, before, insert } = child
  const { requestId: _, ...process } = child.process
  const { processId } = process
  const children = insert ? parent.children : before === '' ? [] : [before]
  if (!insert && before !== '') {
    const next = colony.live.get(before)
    if (next) next.openParents += 1
    addEdge(colony, before, processId)
  }
  if (insert) for (const one of parent.children) replaceParent(colony, one, { old: parentId, by: processId })
  parent.children = insert ? [processId] : [...parent.children, processId]
  const priorityTime = queuePlace(tx.now, 0, process.priority)
  const spec: Spec = { ...process, graphId, submittedAt: tx.now, priorityTime, input: null }
  const row = waitingRow(spec, tx.now, 1, children)
  colony.specs.set(processId, spec)
  colony.live.set(processId, row)
  colony.edges.set(processId, [{ position: 0, parentId }])
  graph.nodes.push({ processId, nodeName: process.nodeName })
  graph.total += 1
  addEvent(tx, colony, row, { oldState: null, state: 0, reason: 'addchild' })
}

function addEdge(colony: ColonyTables, childId: string, parentId: string): void {
  const edges = colony.edges.get(childId) ?? []
  const position = Math.max(-1, ...edges.map((edge) => edge.position)) + 1
  colony.edges.set(childId, [...edges, { position, parentId }])
}

/** At the end of the child's list, as if it had been named last. */
function replaceParent(colony: ColonyTables, childId: string, { old, by }: { old: string; by: string }): void {
  const edges = colony.edges.get(childId) ?? []
  const position = Math.max(-1, ...edges.map((edge) => edge.position)) + 1
  const kept = edges.filter(({ parentId }) => parentId !== old)
  colony.edges.set(childId, [...kept, { position, parentId: by }])
}

export const findGraph = statement('findGraph', {
  apply({ tables }, colonyKey, graphId) {
    const graph = tables.of(colonyKey).graphs.get(graphId)
    if (!graph) return undefined
    return {
      graph_id: graph.graphId,
      initiator_id: graph.initiatorId,
      initiator_name: graph.initiatorName,
      state: stateOf(graph),
      submitted_at: wireTime(graph.submittedAt),
      started_at: wireTime(graph.startedAt),
      ended_at: wireTime(graph.endedAt),
      total: graph.total,
    }
  },
})

/** The generated column of the table. */
export function stateOf({ failed, cancelled, success, total, startedAt }: Graph): number {
  if (failed > 0) return 3
  if (cancelled > 0) return 4
  if (success === total) return 2
  return startedAt !== null || success > 0 ? 1 : 0
}

export const readGraphParts = statement('readGraphParts', {
  apply({ tables }, colonyKey, graphIds) {
    const colony = tables.of(colonyKey)
    const graphs = graphIds.flatMap((id) => colony.graphs.get(id) ?? [])
    const nodes = graphs.flatMap(({ graphId, nodes }) => nodes.map((node) => ({ graphId, ...node })))
    return {
      nodes: nodes.map(({ graphId, processId, nodeName }) => ({
        graph_id: graphId,
        process_id: processId,
        node_name: nodeName,
        state: (colony.live.get(processId) ?? colony.results.get(processId))?.state ?? 0,
      })),
      edges: nodes.flatMap(({ graphId, processId }) =>
        [...(colony.edges.get(processId) ?? [])]
          .sort((a, b) => a.position - b.position)
          .map(({ parentId }) => ({ graph_id: graphId, parent_id: parentId, child_id: processId })),
      ),
    }
  },
})
