import { stateOf } from '../model/graphs.js'
import { parentsOf } from '../model/rows.js'
import type { ColonyTables, Spec } from '../model/tables.js'
import { shown } from './auditor.js'
import type { Observations } from './observations.js'

/** What of a finished history breaks a promise; an invariant of ARCHITECTURE.md with its number. */
export function judge(colony: ColonyTables, seen: Observations): string[] {
  return [
    ...wishesCameTrue(colony, seen),
    ...closesHold(colony, seen),
    ...handlersBeganOnce(seen),
    ...childrenGotTheirInput(colony, seen),
    ...argumentsReachedOneGraph(colony, seen),
    ...countersCount(colony),
  ]
}

const tagOf = ({ spec }: Spec) => /"args":\["([^"]*)"/.exec(spec)?.[1] ?? ''

/** 1. What was acknowledged is there, once; what was not is there once or not at all. */
function wishesCameTrue(colony: ColonyTables, { wishes }: Observations): string[] {
  const made = new Map<string, Spec[]>()
  for (const spec of colony.specs.values()) made.set(tagOf(spec), [...(made.get(tagOf(spec)) ?? []), spec])
  const faults = wishes.flatMap(({ tag, nodes, acknowledged }) => {
    const specs = made.get(tag) ?? []
    if (specs.length === 0 && acknowledged === undefined) return []
    if (specs.length !== nodes)
      return [`(1) ${tag} was wished for once, and has ${specs.length} processes, not ${nodes}`]
    const ids = specs.flatMap(({ processId, graphId }) => [processId, graphId])
    if (acknowledged !== undefined && !ids.includes(acknowledged)) return [`(1) ${tag} was acknowledged as another one`]
    return []
  })
  const nowhere = [...colony.specs.keys()].filter((id) => colony.live.has(id) === colony.results.has(id))
  return [...faults, ...nowhere.map((id) => `(1) ${shown(id)} is not in exactly one of live and results`)]
}

/** 3, 4. A close that was answered with success is the end of its process. */
function closesHold(colony: ColonyTables, { closes }: Observations): string[] {
  return closes.flatMap(({ processId, attempt, state, output }) => {
    const result = colony.results.get(processId)
    const isKept =
      result?.state === state && result.attempt === attempt && (output ?? null) === (output && result.output)
    const ended = `state ${result?.state}, attempt ${result?.attempt}, ${result?.output}`
    return isKept || (state === 3 && result?.state === 3 && result.attempt === attempt)
      ? []
      : [
          `(3) attempt ${attempt} of ${shown(processId)} was told that its close counts (${output}), and it ended in ${ended}`,
        ]
  })
}

/** 2. No attempt is worked on by two executors, or by one twice. */
function handlersBeganOnce({ starts }: Observations): string[] {
  const first = new Map<string, string>()
  return starts.flatMap(({ processId, attempt, executor }) => {
    const key = `${processId} ${attempt}`
    const other = first.get(key)
    first.set(key, executor)
    return other === undefined
      ? []
      : [`(2) attempt ${attempt} of ${shown(processId)} ran at ${other} and at ${executor}`]
  })
}

/** 5. When a child began, its parents had succeeded, and it got what they put out, in their order. */
function childrenGotTheirInput(colony: ColonyTables, { starts }: Observations): string[] {
  return starts.flatMap(({ processId, input, attempt }) => {
    const parents = parentsOf(colony, processId).map((id) => colony.results.get(id))
    if (parents.length === 0) return []
    const expected = JSON.stringify(parents.flatMap((parent) => JSON.parse(parent?.output ?? '[]')))
    const haveSucceeded = parents.every((parent) => parent?.state === 2)
    if (!haveSucceeded)
      return [`(5) attempt ${attempt} of ${shown(processId)} began before all its parents had succeeded`]
    return input === expected ? [] : [`(5) ${shown(processId)} got ${input} instead of ${expected}`]
  })
}

/** 7. Each argument that was packed is in one graph, in the order in which it came to the queue. */
function argumentsReachedOneGraph(colony: ColonyTables, { packs }: Observations): string[] {
  const used = new Map<string, number>()
  for (const { spec } of colony.specs.values())
    for (const [, arg = ''] of spec.matchAll(/"(user\d+-arg-\d+)"/g)) used.set(arg, (used.get(arg) ?? 0) + 1)
  const queued = new Set([...colony.generators.values()].flatMap(({ args }) => args.map(({ arg }) => arg)))
  return [...packs].flatMap(([arg, { isAcknowledged }]) => {
    const times = (used.get(arg) ?? 0) + (queued.has(arg) ? 1 : 0)
    if (times > 1) return [`(7) argument ${arg} was used ${times} times`]
    return isAcknowledged && times === 0 ? [`(7) argument ${arg} was taken, and is lost`] : []
  })
}

/** 10. Of graphs, and of the colony: what was added up, and what was not yet. */
function countersCount(colony: ColonyTables): string[] {
  const inState = (ids: Iterable<string>, state: number) =>
    [...ids].filter((id) => (colony.live.get(id) ?? colony.results.get(id))?.state === state).length
  const ofGraphs = [...colony.graphs.values()].flatMap((graph) => {
    const ids = graph.nodes.map(({ processId }) => processId)
    const counted = [graph.total, graph.success, graph.failed, graph.cancelled]
    const real = [ids.length, inState(ids, 2), inState(ids, 3), inState(ids, 4)]
    const isRight = counted.join() === real.join()
    return isRight
      ? []
      : [`(10) graph ${shown(graph.graphId)} in state ${stateOf(graph)} counts ${counted}, not ${real}`]
  })
  const { countedTo, ...counters } = colony.counters
  const rest = colony.events.filter(({ xact }) => xact >= countedTo)
  const ofColony = Object.values(counters).flatMap((count, state) => {
    const later = rest.filter((e) => e.state === state).length - rest.filter((e) => e.oldState === state).length
    const real = inState(colony.specs.keys(), state)
    return count + later === real ? [] : [`(10) the colony counts ${count + later} in state ${state}, and has ${real}`]
  })
  return [...ofGraphs, ...ofColony]
}
