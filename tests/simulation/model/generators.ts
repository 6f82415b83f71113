import {
  type DueGenerator,
  type GeneratorRow,
  type GeneratorRun,
  type NewGraph,
  type Pack,
  type PackOutcome,
  type QueueBounds,
  type Recipe,
  readyLines,
} from '@colonies/database'
import { isMember } from './crons.js'
import { storeGraphs } from './graphs.js'
import { statement, type Transaction } from './model-database.js'
import { firstBytes, requestKey, rowOf } from './rows.js'
import { after, type ColonyTables, type Generator, type Micros } from './tables.js'

export const comingGenerators = ({ tables, now }: Transaction, withinMs: number) =>
  [...tables.colonies.values()].flatMap((colony) => {
    const times = [...colony.generators.values()].flatMap(({ dueAt }) => dueAt ?? [])
    const inMs = (Math.min(...times) - now) / 1000
    return inMs < withinMs ? [{ colony: colony.key, inMs }] : []
  })

export const coloniesWithGenerators = statement('coloniesWithGenerators', { apply: comingGenerators })

const dueFirst = (a: Generator, b: Generator) =>
  (a.dueAt ?? 0) - (b.dueAt ?? 0) || (a.generator_id < b.generator_id ? -1 : 1)

const dueGenerators = (colony: ColonyTables, now: Micros) =>
  [...colony.generators.values()].filter(({ dueAt }) => dueAt !== null && dueAt <= now).sort(dueFirst)

export const dueGeneratorIds = statement('dueGeneratorIds', {
  apply: ({ tables, now }, colonyKey, limit) =>
    dueGenerators(tables.of(colonyKey), now)
      .slice(0, limit)
      .map((generator) => generator.generator_id),
})

export const runGenerators = statement('runGenerators', {
  locks({ tables, now, isFree }, colonyKey, { choice }) {
    const due = dueGenerators(tables.of(colonyKey), now).map(({ generator_id }) => rowOf.generator(generator_id))
    if ('due' in choice) return { skips: due.filter(isFree).slice(0, choice.due) }
    return { waits: due.filter((row) => row === rowOf.generator(choice.generatorId)) }
  },
  apply(tx, colonyKey, options) {
    const colony = tx.tables.of(colonyKey)
    const isOurs = ({ generator_id }: Generator) => tx.locked.has(rowOf.generator(generator_id))
    const runs: (Omit<GeneratorRun, 'ready'> & { made: NewGraph[] })[] = []
    const stored: NewGraph[] = []
    const room = { nodes: options.nodesMax, bytes: options.bytesMax, isUntouched: true }
    const locked = dueGenerators(colony, tx.now).filter(isOurs)
    for (const row of firstBytes(locked, options.workflowBytesMax)) {
      const generator = dueGenerator(colony, row)
      const recipe = generator.queued === 0 ? undefined : options.recipeOf(generator)
      const perGraph = Math.min(generator.queued, row.trigger_count)
      const graphs = typeof recipe === 'object' ? graphsThatFit(generator, recipe, room) : 0
      if (typeof recipe === 'object' && graphs === 0) break
      const made = typeof recipe === 'object' ? makeGraphs(row, { recipe, graphs, perGraph }) : []
      stored.push(...made)
      const error = typeof recipe === 'string' ? recipe : undefined
      moveOn(tx, row, { error, retrySeconds: options.retrySeconds })
      runs.push({ generator, graphs, made, error })
    }
    const ready = new Map(storeGraphs(tx, colony, stored).map((graph) => [graph.graph_id, graph.ready]))
    return runs.map(({ made, ...run }) => ({
      ...run,
      ready: readyLines(made.flatMap(({ graphId }) => ready.get(graphId) ?? [])),
    }))
  },
})

function dueGenerator(colony: ColonyTables, row: Generator): DueGenerator {
  const { generator_id, name, initiator_id, initiator_name, initiator_is_user, workflow } = row
  return {
    generator_id,
    name,
    initiator_id,
    initiator_name,
    initiator_is_user,
    initiator_is_member: isMember(colony, initiator_id),
    colony_name: colony.name,
    workflow,
    trigger_count: row.trigger_count,
    timeout_seconds: row.timeout_seconds,
    taken: BigInt(row.taken),
    queued: row.args.length,
    queued_bytes: row.args.reduce((sum, { arg }) => sum + Buffer.byteLength(arg), 0),
  }
}

interface Room {
  nodes: number
  bytes: number
  isUntouched: boolean
}

/** How many graphs one transaction may still store; the first generator may always have one. */
function graphsThatFit(
  { queued, queued_bytes, trigger_count, workflow }: DueGenerator,
  recipe: Recipe,
  room: Room,
): number {
  const perGraph = Math.min(queued, trigger_count)
  const bytesOfOne = (queued_bytes / queued) * perGraph * recipe.roots + Buffer.byteLength(workflow)
  const fitting = Math.floor(Math.min(room.nodes / recipe.nodes, room.bytes / bytesOfOne))
  const graphs = Math.max(room.isUntouched ? 1 : 0, Math.min(fitting, Math.floor(queued / perGraph)))
  room.nodes -= graphs * recipe.nodes
  room.bytes -= graphs * bytesOfOne
  if (graphs > 0) room.isUntouched = false
  return graphs
}

/** Takes arguments out of the queue, in their order. */
function makeGraphs(row: Generator, plan: { recipe: Recipe; graphs: number; perGraph: number }) {
  const { recipe, graphs, perGraph } = plan
  const taken = row.args.splice(0, graphs * perGraph).map(({ arg }) => arg)
  row.taken += taken.length
  return Array.from({ length: graphs }, (_, nth) => recipe.graphOf(taken.slice(nth * perGraph, (nth + 1) * perGraph)))
}

function moveOn({ now }: Transaction, row: Generator, end: { error: string | undefined; retrySeconds: number }): void {
  row.last_error = end.error ?? ''
  if (end.error !== undefined) row.dueAt = after(now, end.retrySeconds)
  else if (row.args.length >= row.trigger_count) row.dueAt = now
  else row.dueAt = row.args.length > 0 && row.timeout_seconds > 0 ? after(now, row.timeout_seconds) : null
}

export const insertPacks = statement('insertPacks', {
  locks({ tables }, colonyKey, packs, bounds) {
    const colony = tables.of(colonyKey)
    const firsts = judgePacks(colony, packs, bounds).filter(({ isFirst }) => isFirst)
    const known = firsts.filter(({ pack }) => colony.generators.has(pack.generatorId))
    const requests = firsts.flatMap(({ pack: { caller, requestId }, fits }) =>
      fits && requestId !== null ? rowOf.request(caller, requestId) : [],
    )
    return { waits: [...known.map(({ pack }) => rowOf.generator(pack.generatorId)), ...requests] }
  },
  apply({ tables, now }, colonyKey, packs, bounds) {
    const colony = tables.of(colonyKey)
    const judged = judgePacks(colony, packs, bounds)
    let due = false
    for (const { pack, fits } of judged) {
      const row = colony.generators.get(pack.generatorId)
      if (!fits || !row) continue
      if (pack.requestId !== null) colony.requests.set(requestKey(pack.caller, pack.requestId), pack.generatorId)
      if (pack.args.length > 0) grow(row, pack.args, now)
      due ||= pack.args.length > 0 && row.dueAt !== null && row.dueAt <= now
    }
    return { outcomes: judged.map(({ outcome }) => outcome), due }
  },
})

interface JudgedPack {
  pack: Pack
  outcome: PackOutcome
  /** Of its request; only this one is looked at. */
  isFirst: boolean
  /** Its arguments are stored. */
  fits: boolean
}

/** What becomes of each pack. Those of one batch add up, those that are too many as well. */
function judgePacks(colony: ColonyTables, packs: readonly Pack[], { argsMax }: QueueBounds): JudgedPack[] {
  const first = new Map<string, PackOutcome>()
  const asked = new Map<Generator, number>()
  return packs.map((pack): JudgedPack => {
    const key = pack.requestId === null ? undefined : requestKey(pack.caller, pack.requestId)
    const shared = key === undefined ? undefined : first.get(key)
    if (shared) return { pack, outcome: shared, isFirst: false, fits: false }
    const row = colony.generators.get(pack.generatorId)
    const isRepeated = key !== undefined && colony.requests.has(key)
    const outcome: PackOutcome = { outcome: judge(row), argBytesMax: row?.arg_bytes_max ?? null }
    if (key !== undefined) first.set(key, outcome)
    return { pack, outcome, isFirst: true, fits: outcome.outcome === 'packed' && !isRepeated }

    function judge(row: Generator | undefined): PackOutcome['outcome'] {
      if (!row) return 'unknown'
      if (isRepeated) return 'packed'
      if (pack.args.some((arg) => Buffer.byteLength(arg) > row.arg_bytes_max)) return 'too_large'
      const queued = (asked.get(row) ?? row.args.length) + pack.args.length
      asked.set(row, queued)
      return queued > argsMax ? 'too_many' : 'packed'
    }
  })
}

function grow(row: Generator, args: readonly string[], now: Micros): void {
  const wasEmpty = row.args.length === 0
  for (const arg of args) row.args.push({ place: ++row.packed, arg })
  if (row.last_error !== '') return // set aside: it has its time
  if (row.args.length >= row.trigger_count) row.dueAt = Math.min(row.dueAt ?? now, now)
  else if (wasEmpty && row.timeout_seconds > 0) row.dueAt = after(now, row.timeout_seconds)
}

export const insertGenerator = statement('insertGenerator', {
  apply({ tables }, colonyKey, generator) {
    const { generators } = tables.of(colonyKey)
    if ([...generators.values()].some(({ name }) => name === generator.name)) return undefined
    const row: Generator = { ...generator, last_error: '', packed: 0, taken: 0, dueAt: null, args: [] }
    generators.set(row.generator_id, row)
    return generatorRow(row)
  },
})

function generatorRow(row: Generator): GeneratorRow {
  const { packed: _packed, taken: _taken, dueAt: _dueAt, args, ...rest } = row
  return { ...rest, first_pack: null, last_run: null, queued: args.length, oldest_pack: null }
}
