import { leavesDepthFirst } from '@colonies/core'
import type { CronChoice, CronOutcome, CronRow, DecidedCron, LockedCron, ReadyLine } from '@colonies/database'
import type { JsonText } from '@colonies/protocol'
import { cancelLocks, cancelNodes } from './closes.js'
import { storeGraphs } from './graphs.js'
import { statement, type Transaction } from './model-database.js'
import { firstBytes, graphOf, parentsOf, rowOf } from './rows.js'
import { type ColonyTables, type Cron, type Micros, wireTime } from './tables.js'

export const databaseTime = statement('databaseTime', { apply: ({ now }) => now / 1000 })

const dueFirst = (a: Cron, b: Cron) => (a.nextRun ?? 0) - (b.nextRun ?? 0) || (a.cron_id < b.cron_id ? -1 : 1)

export const comingCrons = ({ tables, now }: Transaction, withinMs: number) =>
  [...tables.colonies.values()].flatMap((colony) => {
    const times = [...colony.crons.values()].flatMap(({ nextRun }) => nextRun ?? [])
    const inMs = (Math.min(...times) - now) / 1000
    return inMs < withinMs ? [{ colony: colony.key, inMs }] : []
  })

export const coloniesWithCrons = statement('coloniesWithCrons', { apply: comingCrons })

export const dueCronIds = statement('dueCronIds', {
  apply: ({ tables, now }, colonyKey, limit) =>
    dueCrons(tables.of(colonyKey), now)
      .slice(0, limit)
      .map(({ cron_id }) => cron_id),
})

function previousEnded(colony: ColonyTables, cron: Cron): boolean {
  const graph = graphOf(colony, cron.previous_graph_id)
  return !graph || graph.success + graph.failed + graph.cancelled >= graph.total
}

function dueCrons(colony: ColonyTables, now: Micros): Cron[] {
  const waits = ({ overlap, waits }: Cron) => (overlap === '' ? waits : overlap === 'wait')
  return [...colony.crons.values()]
    .filter((cron) => cron.nextRun !== null && cron.nextRun <= now && (!waits(cron) || previousEnded(colony, cron)))
    .sort(dueFirst)
}

function chosen(colony: ColonyTables, choice: CronChoice, now: Micros): Cron[] {
  if ('due' in choice) return dueCrons(colony, now)
  return [colony.crons.get(choice.cronId)].flatMap((cron) => cron ?? [])
}

export const fireCrons = statement('fireCrons', {
  locks({ tables, now, isFree }, colonyKey, { choice, workflowBytesMax, outputBytesMax, decide }) {
    const colony = tables.of(colonyKey)
    const all = chosen(colony, choice, now)
    const crons = 'due' in choice ? all.filter(({ cron_id }) => isFree(rowOf.cron(cron_id))).slice(0, choice.due) : all
    const rows = crons.map(({ cron_id }) => rowOf.cron(cron_id))
    const fired = firstBytes(crons, workflowBytesMax).map((row): DecidedCron => {
      const cron = lockedCron(now, colony, row, outputBytesMax)
      return { cron, outcome: decide(cron) }
    })
    const cancelled = fired.flatMap(({ cron, outcome }) => {
      const { overlap, previous_ended, previous_graph_id: id } = cron
      return overlap === 'cancel' && !previous_ended && outcome?.graph && id !== null ? cancelLocks(colony, id) : []
    })
    if ('due' in choice) return { skips: rows, waits: cancelled, plan: fired, isSettled: true }
    return { waits: [...rows, ...cancelled], plan: fired }
  },
  apply(tx, colonyKey) {
    const decided = tx.plan as DecidedCron[]
    const ready = storeRuns(tx, tx.tables.of(colonyKey), decided)
    return decided.map((one) => ({ ...one, ready: ready.get(one.outcome?.graph?.graphId ?? '') ?? [] }))
  },
})

function lockedCron(now: Micros, colony: ColonyTables, row: Cron, outputBytesMax: number): LockedCron {
  return {
    ...cronRow(row),
    colony_name: colony.name,
    now_ms: now / 1000,
    initiator_is_member: isMember(colony, row.initiator_id),
    previous_ended: previousEnded(colony, row),
    outputs: leafOutputs(colony, row.previous_graph_id, outputBytesMax),
  }
}

export const isMember = (colony: ColonyTables, id: string) =>
  colony.users.has(id) || colony.executors.get(id)?.state === 1

function leafOutputs(colony: ColonyTables, graphId: string | null, bytesMax: number): JsonText[] | undefined {
  const nodes = graphOf(colony, graphId)?.nodes ?? []
  const leaves = leavesDepthFirst(nodes.map(({ processId: id }) => ({ id, parents: parentsOf(colony, id) })))
  const outputs = leaves.flatMap((id) => (colony.results.get(id) ?? colony.live.get(id))?.output ?? [])
  return Buffer.byteLength(outputs.join('')) > bytesMax ? undefined : (outputs as JsonText[])
}

interface Decided {
  cron: LockedCron
  outcome: CronOutcome
}

/** @returns what can be assigned of each graph */
function storeRuns(tx: Transaction, colony: ColonyTables, fired: readonly DecidedCron[]): Map<string, ReadyLine[]> {
  const decided = fired.flatMap(({ cron, outcome }): Decided[] => (outcome ? [{ cron, outcome }] : []))
  const graphs = decided.flatMap(({ outcome }) => outcome.graph ?? [])
  const stored = storeGraphs(tx, colony, graphs)
  const fresh = new Set(stored.filter((graph) => graph.fresh).map((graph) => graph.graph_id))
  for (const { cron, outcome } of decided) {
    const { graph, nextMs, error = '' } = outcome
    if (graph && !fresh.has(graph.graphId)) continue
    if (graph && cron.overlap === 'cancel' && !cron.previous_ended && cron.previous_graph_id !== null)
      cancelNodes(tx, colony, cron.previous_graph_id)
    const row = colony.crons.get(cron.cron_id)
    if (!row) continue
    row.nextRun = nextMs === undefined ? null : Math.round(nextMs * 1000)
    row.last_error = error
    if (graph) row.lastRun = tx.now
    row.previous_graph_id = graph?.graphId ?? row.previous_graph_id
  }
  return new Map(stored.map((graph) => [graph.graph_id, graph.ready]))
}

function cronRow({ nextRun, lastRun, ...row }: Cron): CronRow {
  return { ...row, next_run: wireTime(nextRun), last_run: wireTime(lastRun) }
}

export const insertCron = statement('insertCron', {
  apply({ tables }, colonyKey, { next_run, ...cron }) {
    const { crons } = tables.of(colonyKey)
    if ([...crons.values()].some(({ name }) => name === cron.name)) return undefined
    const nextRun = next_run === null ? null : Date.parse(next_run) * 1000
    const row = { ...cron, nextRun, lastRun: null, previous_graph_id: null, last_error: '' }
    crons.set(row.cron_id, row)
    return cronRow(row)
  },
})

export const findCron = statement('findCron', {
  apply({ tables }, colonyKey, cronId) {
    const row = tables.of(colonyKey).crons.get(cronId)
    return row && cronRow(row)
  },
})

export const deleteCron = statement('deleteCron', {
  locks: (_context, _colony, cronId) => ({ waits: [rowOf.cron(cronId)] }),
  apply: ({ tables }, colonyKey, cronId) => Number(tables.of(colonyKey).crons.delete(cronId)),
})
