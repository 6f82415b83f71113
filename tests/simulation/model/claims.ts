import type { Claimant, Claimed, ClaimShape } from '@colonies/database'
import { statement } from './model-database.js'
import { addEvent, byId, byPriority, graphOf, isReady, rowOf, specColumns } from './rows.js'
import { after, type ColonyTables, type Live, type Spec, wireTime } from './tables.js'

interface Asked extends Claimant {
  place: number
}

/** What a claim is about to do. */
interface Plan {
  /** What a claimant holds already under its assign id. */
  again: { asked: Asked; row: Live }[]
  pairs: { asked: Asked; row: Live }[]
  /** All rows that were locked on the way, which are more than are taken. */
  locked: Live[]
  isNamed: boolean
  inGraphs: boolean
}

export const claimProcesses = statement('claimProcesses', {
  locks({ tables, isFree }, colonyKey, shape, claimants) {
    const colony = tables.of(colonyKey)
    const plan = planClaim(colony, shape, claimants, (row) => isFree(rowOf.process(row.processId)))
    const graphs = plan.pairs.flatMap(({ row }) => graphOf(colony, row.graphId) ?? [])
    return {
      skips: plan.locked.map(({ processId }) => rowOf.process(processId)),
      waits: [
        ...plan.again.map(({ row }) => rowOf.process(row.processId)),
        ...graphs.flatMap(({ graphId, startedAt }) => (startedAt === null ? rowOf.graph(graphId) : [])),
      ],
      plan,
      isSettled: true,
    }
  },
  apply(tx, colonyKey) {
    const { now } = tx
    const colony = tx.tables.of(colonyKey)
    const { pairs, again, isNamed, inGraphs } = tx.plan as Plan
    for (const { asked, row } of pairs) {
      row.state = 1
      row.attempt += 1
      row.holder = asked.executorId
      row.holderName = asked.name
      row.assignId = asked.assignId
      row.startedAt = now
      row.deadline = after(now, row.execSeconds)
      const graph = graphOf(colony, row.graphId)
      if (graph) graph.startedAt ??= now
      addEvent(tx, colony, row, { oldState: 0, state: 1, holder: row.holder, reason: 'assign' })
    }
    // As an attempt of its own: what is done with the first reply, should it still arrive, does not count.
    const held = again.filter(({ asked, row }) => holds(asked, row) && colony.live.has(row.processId))
    for (const { row } of held) row.attempt += 1
    const rowsOf = (given: Plan['pairs'], isAgain: boolean) =>
      given.map(({ asked, row }) => ({ ...claimedRow(colony, asked.place, row), again: isAgain, isNamed, inGraphs }))
    return [...rowsOf(pairs, false), ...rowsOf(held, true)]
  },
})

function planClaim(
  colony: ColonyTables,
  shape: ClaimShape,
  claimants: readonly Claimant[],
  mayLock: (row: Live) => boolean,
): Plan {
  const plan: Plan = {
    again: [],
    pairs: [],
    locked: [],
    isNamed: isAnyWanted(colony, shape, claimants),
    inGraphs: false,
  }
  if (colony.paused) return plan
  const asked = claimants
    .map((claimant, place): Asked => ({ ...claimant, place }))
    .filter(({ executorId }) => colony.executors.get(executorId)?.state === 1)
  plan.again = heldAgain(colony, asked)
  const open = asked.filter((one) => !plan.again.some((held) => held.asked === one))
  const fitting = [...colony.live.values()].filter((row) => isReady(row) && fitsShape(row, shape)).sort(byPriority)
  const { from } = shape
  const inReach = fitting.filter(({ priorityTime }) => from === undefined || priorityTime >= from)
  const general = lockGeneral(inReach, { count: open.length, isMarked: from !== undefined }, mayLock)
  const named = lockNamed(fitting, { open, from, count: claimants.length }, mayLock)
  plan.locked = [...general, ...named.locked]
  const taken = [...general.map((row) => ({ row, asked: undefined })), ...named.pairs]
    .sort((a, b) => byPriority(a.row, b.row))
    .slice(0, open.length)
  plan.inGraphs = taken.some(({ row, asked }) => !asked && row.graphId !== null)
  const byName = taken.flatMap(({ row, asked }) => (asked ? [{ row, asked }] : []))
  const others = open.filter((one) => !byName.some((pair) => pair.asked === one))
  const unnamed = taken.flatMap(({ row, asked }) => (asked ? [] : [row]))
  plan.pairs = [...byName, ...unnamed.flatMap((row, nth) => (others[nth] ? [{ row, asked: others[nth] }] : []))]
  return plan
}

/** A claim from a mark on does not look whether any are. */
function isAnyWanted(
  colony: ColonyTables,
  { executorType, from }: ClaimShape,
  claimants: readonly Claimant[],
): boolean {
  const isWantedBy = ({ names }: Live) => claimants.some(({ name }) => names?.includes(name))
  const wants = (row: Live) => row.executorType === executorType && isReady(row) && isWantedBy(row)
  return from !== undefined || [...colony.live.values()].some(wants)
}

const holds = ({ executorId, assignId }: Asked, row: Live) => row.holder === executorId && row.assignId === assignId

/** Each claimant with an assign id gets what that id took before, one process after the other. */
function heldAgain(colony: ColonyTables, asked: readonly Asked[]): Plan['again'] {
  const nth = new Map<string, number>()
  return asked.flatMap((one) => {
    if (one.assignId === null) return []
    const key = `${one.executorId}/${one.assignId}`
    const held = [...colony.live.values()].filter((row) => holds(one, row)).sort(byId)
    const row = held[nth.get(key) ?? 0]
    nth.set(key, (nth.get(key) ?? 0) + 1)
    return row ? [{ asked: one, row }] : []
  })
}

function fitsShape(row: Live, { executorType, location, cpu, memory }: ClaimShape): boolean {
  const isHere = row.location === '' || row.location === location
  return row.executorType === executorType && isHere && row.cpu <= cpu && row.memory <= memory
}

/** As many free ones as there are claimants, of each combination of demands, or from a mark on, of all. */
function lockGeneral(
  fitting: readonly Live[],
  { count, isMarked }: { count: number; isMarked: boolean },
  mayLock: (row: Live) => boolean,
): Live[] {
  const free = fitting.filter((row) => row.names === null && mayLock(row))
  return isMarked ? free.slice(0, count) : firstOfEachDemand(free, count)
}

function firstOfEachDemand(rows: readonly Live[], count: number): Live[] {
  const perDemand = new Map<string, number>()
  return rows.filter(({ location, cpu, memory }) => {
    const demand = `${location}/${cpu}/${memory}`
    const before = perDemand.get(demand) ?? 0
    perDemand.set(demand, before + 1)
    return before < count
  })
}

/** From a mark on, what wants an executor by name counts from its own mark on, or from that one. */
function isInReach({ priorityTime }: Live, from: bigint | undefined, claimants: readonly Claimant[]): boolean {
  if (from === undefined || priorityTime >= from) return true
  return claimants.some(({ namedFrom }) => namedFrom === undefined || priorityTime >= namedFrom)
}

interface Named {
  locked: Live[]
  /** Of the rows that are locked, each with the claimant that it may go to. */
  pairs: { row: Live; asked: Asked }[]
}

/** Rows that want executors by name. */
function lockNamed(
  fitting: readonly Live[],
  { open, from, count }: { open: readonly Asked[]; from: bigint | undefined; count: number },
  mayLock: (row: Live) => boolean,
): Named {
  const locked = new Set<Live>()
  const pairs = [...new Set(open.map(({ name }) => name))].flatMap((name) => {
    const claimants = open.filter((one) => one.name === name)
    const all = fitting.filter((row) => row.names?.includes(name) && isInReach(row, from, claimants))
    const isMarked = from !== undefined && claimants.every(({ namedFrom }) => (namedFrom ?? from - 1n) >= from)
    const wanted = isMarked ? all.slice(0, count) : firstOfEachDemand(all, count)
    const free = wanted.filter((row) => !locked.has(row) && mayLock(row))
    for (const row of free) locked.add(row)
    return free.flatMap((row, nth) => (claimants[nth] ? [{ row, asked: claimants[nth] }] : []))
  })
  return { locked: [...locked], pairs }
}

function claimedRow(colony: ColonyTables, place: number, row: Live): Omit<Claimed, 'again' | 'isNamed' | 'inGraphs'> {
  const spec = colony.specs.get(row.processId) as Spec
  return {
    ...specColumns(colony, spec),
    place,
    named: row.names !== null,
    more: false,
    varied: false, // fewer demands than make a difference
    hasAttributes: false, // nothing in the simulation has any
    state: row.state,
    holder: row.holder,
    started_at: wireTime(row.startedAt),
    ended_at: null,
    wait_deadline: wireTime(after(spec.submittedAt, row.waitSeconds)),
    exec_deadline: wireTime(row.deadline),
    retries: row.retries,
    attempt: row.attempt,
    open_parents: 0,
    output: row.output,
    errors: null,
  }
}
