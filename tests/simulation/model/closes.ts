import type { Ended, Held, OverdueOptions } from '@colonies/database'
import { statement, type Transaction } from './model-database.js'
import { addEvent, byId, graphOf, isHeldBy, isLockedBy, isOverdue, isReady, readyFrom, rowOf } from './rows.js'
import type { ColonyTables, Live } from './tables.js'

/** A process that is to end, and who asked for it. */
interface Wish {
  row: Live
  place: number
  output?: string | null
  errors?: string[] | null
  reason: string
}

export const closeSuccessful = statement('closeSuccessful', {
  locks({ tables }, colonyKey, closes, { leavesGraphs } = {}) {
    const colony = tables.of(colonyKey)
    if (leavesGraphs) return { waits: endLocks(outsideOfGraphs(heldOf(colony, closes))) }
    const children = heldOf(colony, closes).flatMap((row) => row.children)
    return { waits: [...endLocks(namedOf(colony, closes)), ...children.map(rowOf.process)] }
  },
  apply(tx, colonyKey, closes, { leavesGraphs } = {}) {
    const colony = tx.tables.of(colonyKey)
    const wishes = closes.flatMap((close, place): Wish[] => {
      const row = colony.live.get(close.processId)
      if (leavesGraphs && row?.graphId !== null) return []
      return isHeldBy(row, close) ? [{ row, place, output: close.output, reason: 'close' }] : []
    })
    const mine = onceEach(wishes)
    for (const wish of mine) end(tx, colony, wish, 2)
    const freed = new Set<Live>()
    for (const { row } of mine) {
      for (const child of row.children) {
        const waiting = colony.live.get(child)
        if (!waiting) continue
        waiting.openParents -= 1
        freed.add(waiting)
      }
    }
    return { ...outcomeOf(mine), ready: readyFrom([...freed].filter(isReady)) }
  },
})

const outsideOfGraphs = (rows: readonly Live[]) => rows.filter(({ graphId }) => graphId === null)

export const closeFailed = statement('closeFailed', {
  locks({ tables }, colonyKey, failures) {
    const colony = tables.of(colonyKey)
    return { waits: [...endLocks(namedOf(colony, failures)), ...endingLocks(colony, heldOf(colony, failures))] }
  },
  apply(tx, colonyKey, failures) {
    const colony = tx.tables.of(colonyKey)
    const wishes = failures.flatMap((failure, place): Wish[] => {
      const row = colony.live.get(failure.processId)
      const errors = failure.errors && [...failure.errors]
      return isHeldBy(row, failure) ? [{ row, place, errors, reason: 'close' }] : []
    })
    return endWithDescendants(tx, colony, wishes, 3)
  },
})

export const cancelProcess = statement('cancelProcess', {
  locks({ tables }, colonyKey, processId) {
    const colony = tables.of(colonyKey)
    return { waits: endLocks(namedOf(colony, [{ processId }])) }
  },
  apply(tx, colonyKey, processId) {
    const colony = tx.tables.of(colonyKey)
    const row = colony.live.get(processId)
    const wishes = row && row.graphId === null ? [{ row, place: 0, errors: null, reason: 'cancel' }] : []
    return endWithDescendants(tx, colony, wishes, 4)
  },
})

const liveNodes = (colony: ColonyTables, graphId: string) =>
  (graphOf(colony, graphId)?.nodes ?? []).flatMap(({ processId }) => colony.live.get(processId) ?? [])

export const cancelGraph = statement('cancelGraph', {
  locks: ({ tables }, colonyKey, graphId) => ({ waits: cancelLocks(tables.of(colonyKey), graphId) }),
  apply: (tx, colonyKey, graphId) => cancelNodes(tx, tx.tables.of(colonyKey), graphId),
})

/** For statements that cancel a graph on the way. */
export function cancelNodes(tx: Transaction, colony: ColonyTables, graphId: string): Ended {
  const wishes = liveNodes(colony, graphId).map((row) => ({ row, place: 0, errors: null, reason: 'cancel' }))
  return endWithDescendants(tx, colony, wishes, 4)
}

/** Rows that a cancel of a graph locks. */
export const cancelLocks = (colony: ColonyTables, graphId: string) => [
  rowOf.graph(graphId),
  ...endingLocks(colony, liveNodes(colony, graphId)),
]

const isSpent = ({ maxRetries, retries }: Live) => maxRetries >= 0 && retries >= maxRetries

function overdue(colony: ColonyTables, now: number, { limit, withinSeconds }: OverdueOptions): Live[] {
  return [...colony.live.values()]
    .filter((row) => isOverdue(row, now, withinSeconds) && (row.state === 0 || isSpent(row)))
    .sort((a, b) => (a.deadline ?? 0) - (b.deadline ?? 0))
    .slice(0, limit)
}

export const failOverdue = statement('failOverdue', {
  // A sweep leaves out what somebody is changing: it comes again.
  locks({ tables, now, isFree }, colonyKey, options) {
    const colony = tables.of(colonyKey)
    const isGraphFree = ({ graphId }: Live) => graphId === null || isFree(rowOf.graph(graphId))
    const inOurGraphs = overdue(colony, now, options).filter(isGraphFree)
    const mine = inOurGraphs.filter(({ processId }) => isFree(rowOf.process(processId)))
    const graphs = inOurGraphs.flatMap(({ graphId }) => (graphId === null ? [] : rowOf.graph(graphId)))
    return {
      skips: [...graphs, ...mine.map(({ processId }) => rowOf.process(processId))],
      waits: endingLocks(colony, mine),
    }
  },
  apply(tx, colonyKey, options) {
    const colony = tx.tables.of(colonyKey)
    const rows = overdue(colony, tx.now, options).filter(isLockedBy(tx))
    const wishes = rows.map((row): Wish => {
      const which = row.state === 0 ? 'waiting' : 'execution'
      const errors = [`Maximum ${which} time limit exceeded`]
      return { row, place: 0, errors, reason: row.state === 0 ? 'maxwaittime' : 'maxexectime' }
    })
    return endWithDescendants(tx, colony, wishes, 3)
  },
})

const endLocks = (rows: readonly Live[]) =>
  rows.flatMap(({ processId, graphId }) =>
    graphId === null ? [rowOf.process(processId)] : [rowOf.graph(graphId), rowOf.process(processId)],
  )

/** Rows of processes that end without success, and of all that cannot start because of it. */
const endingLocks = (colony: ColonyTables, rows: readonly Live[]) => [
  ...endLocks(rows),
  ...below(colony, rows).map(({ row }) => rowOf.process(row.processId)),
]

/** Locked in any case, */
const namedOf = (colony: ColonyTables, asked: readonly Pick<Held, 'processId'>[]) =>
  asked.flatMap(({ processId }) => colony.live.get(processId) ?? [])

/** and what may be changed by who asks. */
const heldOf = (colony: ColonyTables, asked: readonly Held[]) =>
  asked.flatMap((one) => namedOf(colony, [one]).filter((row) => isHeldBy(row, one)))

/** A batch may have several wishes for one process; the first that may, does. */
function onceEach(wishes: readonly Wish[]): Wish[] {
  const seen = new Set<Live>()
  return [...wishes].filter(({ row }) => !seen.has(row) && seen.add(row)).sort((a, b) => byId(a.row, b.row))
}

function end(tx: Transaction, colony: ColonyTables, wish: Wish, state: 2 | 3 | 4): void {
  const { row, output = null, errors = null, reason } = wish
  const { processId, holder, attempt, retries, startedAt, graphId } = row
  colony.live.delete(processId)
  colony.results.set(processId, {
    processId,
    state,
    holder,
    attempt,
    retries,
    startedAt,
    endedAt: tx.now,
    waitDeadline: row.state === 0 ? row.deadline : null,
    execDeadline: row.state === 1 ? row.deadline : null,
    graphId,
    output: output ?? row.output,
    errors,
  })
  addEvent(tx, colony, row, { oldState: row.state, state, holder, reason })
  count(tx, colony, graphId, state)
}

function count({ now }: Transaction, colony: ColonyTables, graphId: string | null, state: 2 | 3 | 4): void {
  const graph = graphOf(colony, graphId)
  if (!graph) return
  if (state === 2) graph.success += 1
  else if (state === 3) graph.failed += 1
  else graph.cancelled += 1
  const isComplete = graph.success + graph.failed + graph.cancelled >= graph.total
  if (state !== 2 || isComplete) graph.endedAt = now
}

/** Whatever waits below processes that end without success, with the one that it depends on. */
function below(colony: ColonyTables, ending: readonly Live[]): { row: Live; cause: string }[] {
  const found = new Map<string, { row: Live; cause: string }>()
  const visit = (row: Live, cause: string) => {
    for (const child of row.children) {
      const waiting = colony.live.get(child)
      if (!waiting || found.has(child) || ending.includes(waiting)) continue
      found.set(child, { row: waiting, cause })
      visit(waiting, cause)
    }
  }
  for (const row of ending) visit(row, row.processId)
  return [...found.values()]
}

function endWithDescendants(tx: Transaction, colony: ColonyTables, wishes: readonly Wish[], state: 3 | 4): Ended {
  const mine = onceEach(wishes)
  const doomed = below(
    colony,
    mine.map(({ row }) => row),
  )
  for (const wish of mine) end(tx, colony, wish, state)
  for (const { row, cause } of doomed) {
    const name = colony.specs.get(cause)?.nodeName
    const says = `It could not start: process ${name} (${cause}), which it depends on, ended without success`
    const { processId, attempt, retries, graphId } = row
    colony.live.delete(processId)
    const never = { holder: null, startedAt: null, waitDeadline: null, execDeadline: null, output: null }
    const ended = { processId, state, attempt, retries, endedAt: tx.now, graphId, errors: [says] }
    colony.results.set(processId, { ...never, ...ended })
    addEvent(tx, colony, row, { oldState: 0, state, reason: `parent ${cause}` })
    count(tx, colony, graphId, state)
  }
  return { ...outcomeOf(mine), ready: [] }
}

const outcomeOf = (wishes: readonly Wish[]): Pick<Ended, 'ended' | 'inGraphs'> => ({
  ended: new Map(wishes.map(({ row, place }) => [row.processId, place])),
  inGraphs: wishes.some(({ row }) => row.graphId !== null),
})
