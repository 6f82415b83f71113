import { stateOf } from '../model/graphs.js'
import type { ColonyTables } from '../model/tables.js'

/** All rows of a colony as comparable data. */
export function rowsOfModel(colony: ColonyTables) {
  return {
    live: [...colony.live.values()]
      .sort((a, b) => (a.priorityTime < b.priorityTime ? -1 : 1))
      .map(({ cpu: _c, memory: _m, priorityTime: _p, ...row }) => row),
    wanted: [...colony.live.values()]
      .filter(({ state, openParents, names }) => state === 0 && openParents === 0 && names !== null)
      .flatMap(({ processId, names }) => (names ?? []).map((name) => `${processId} ${name}`))
      .sort(),
    results: [...colony.results.values()].sort(byProcess).map((row) => ({
      ...row,
      errors: shortened(row.errors),
    })),
    graphs: [...colony.graphs.values()]
      .sort((a, b) => (a.graphId < b.graphId ? -1 : 1))
      .map((graph) => ({
        graphId: graph.graphId,
        state: stateOf(graph),
        total: graph.total,
        success: graph.success,
        failed: graph.failed,
        cancelled: graph.cancelled,
        startedAt: graph.startedAt,
        endedAt: graph.endedAt,
        plannedAt: graph.plannedAt,
        nodes: graph.nodes.map(({ processId }) => processId),
      })),
    edges: [...colony.edges]
      .flatMap(([child, edges]) => edges.map(({ position, parentId }) => `${child} ${position} ${parentId}`))
      .sort(),
    requests: [...colony.requests].map(([key, made]) => `${key} ${made}`).sort(),
    executors: [...colony.executors.values()]
      .map((row) => ({ name: row.name, state: row.state, leased: row.leased, heartbeatAt: row.heartbeatAt }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    instances: [...colony.instances.values()]
      .map(({ executorId, instanceId, ...times }) => ({ id: `${executorId}/${instanceId}`, ...times }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
    crons: [...colony.crons.values()]
      .sort((a, b) => (a.cron_id < b.cron_id ? -1 : 1))
      .map((row) => ({
        name: row.name,
        nextRun: row.nextRun,
        lastRun: row.lastRun,
        previous: row.previous_graph_id,
        error: row.last_error,
      })),
    generators: [...colony.generators.values()]
      .sort((a, b) => (a.generator_id < b.generator_id ? -1 : 1))
      .map(({ name, packed, taken, dueAt, args, last_error: error }) => ({
        name,
        packed,
        taken,
        dueAt,
        error,
        bytes: args.reduce((sum, { arg }) => sum + Buffer.byteLength(arg), 0),
        args: args.map(({ place, arg }) => `${place} ${arg}`),
      })),
    counters: { ...colony.counters, countedTo: undefined },
    events: colony.events
      .map(({ processId, oldState, state, attempt, holder, reason }, place) => {
        return { processId, place, text: eventText({ oldState, state, attempt, holder, reason }) }
      })
      .sort((a, b) => byProcess(a, b) || a.place - b.place)
      .map(({ processId, text }) => `${processId} ${text}`),
  }
}

export type Rows = ReturnType<typeof rowsOfModel>

const byProcess = (a: { processId: string }, b: { processId: string }) =>
  a.processId < b.processId ? -1 : a.processId > b.processId ? 1 : 0

/** Of several parents that failed at once, either may be named. */
export const shortened = (errors: readonly string[] | null) =>
  errors?.map((error) => (error.startsWith('It could not start') ? 'It could not start' : error)) ?? null

export function eventText(event: {
  oldState: number | null
  state: number
  attempt: number
  holder: string | null
  reason: string
}): string {
  const { oldState, state, attempt, holder, reason } = event
  const why = reason.startsWith('parent ') ? 'parent' : reason
  return `${oldState} to ${state}, attempt ${attempt}, ${holder}, ${why}`
}
