import { type Behaviour, behaviourOf, type Cell } from './cell.js'
import { type Lives, livesOnOneMachine } from './check.js'
import { costsOf, loadOf } from './costs.js'
import { type Demand, demand, ratesOf } from './demand.js'
import type { Input, Inputs } from './inputs.js'
import { type Plan, planOf, sharesOf, sumOf } from './plan.js'

/** All that docs/scaling.md shows and was not measured. */
export interface Study {
  inputs: Inputs
  demand: Demand
  plans: { cells: Plan; inHundreds: Plan; citus: Plan }
  check: Check
  scenes: Scene[]
  /** By how many times the average comes. */
  sweep: { times: number; behaviour: Behaviour }[]
}

export interface Check {
  said: Lives
  measured: Omit<Lives, 'batches'>
  /** That other programs used on that machine. */
  othersCores: number
}

export interface Scene {
  what: string
  cell: Cell
  behaviour: Behaviour
}

/** Cores of the largest machine for PostgreSQL: beyond as many, nothing was measured that one could go by. */
const CORES_MAX = 16
/** Between machines of one place; nothing of it was measured. */
const HOP_MS = 0.1
/** As `COLONIES_DB_MAX_OPEN_CONNS` is without being set. */
const CONNECTIONS = 20
const MACHINE_CORES = 2
const SWEEP = [1, 2, 3, 4, 5, 6, 7]

export function studyOf(inputs: Inputs): Study {
  const plan = (isOne: boolean, inHundreds: boolean): Plan => {
    const made = planOf(inputs, demand, { isOne, inHundreds, coresMax: CORES_MAX })
    if (!made) throw new Error('no number of replicas can serve this demand')
    return made
  }
  const plans = { cells: plan(false, false), inHundreds: plan(false, true), citus: plan(true, false) }
  const peak = cellOf(inputs, plans.cells, demand.peak)
  const scene = (what: string, cell: Cell): Scene => ({ what, cell, behaviour: behaviourOf(cell) })
  const scenes = [
    scene('on average', cellOf(inputs, plans.cells, 1)),
    scene('at the peak', peak),
    scene('at the peak, a fifth of the replicas gone', { ...peak, replicas: Math.floor(peak.replicas * 0.8) }),
    scene('at the peak, a log that takes 5 ms', { ...peak, logMs: 5 }),
    scene('at the peak, half of the cores of PostgreSQL gone', {
      ...peak,
      databaseCores: Math.ceil(peak.databaseCores / 2),
    }),
    scene('at the peak, 8 connections for each replica', { ...peak, connections: 8 }),
    scene('at the peak, all in one colony', { ...peak, colonies: 1 }),
    scene('at the peak, ten times the colonies', { ...peak, colonies: peak.colonies * 10 }),
    scene('one node of a Citus, at the peak', cellOf(inputs, plans.citus, demand.peak)),
  ]
  const sweep = SWEEP.map((times) => ({ times, behaviour: behaviourOf(cellOf(inputs, plans.cells, times)) }))
  return { inputs, demand, plans, check: checkOf(inputs), scenes, sweep }
}

/** One of the nodes, with its part of everything. Of a Citus, it sees as many colonies at once as there are, each less often. */
export function cellOf(inputs: Inputs, { shape, databaseCores }: Plan, times: number): Cell {
  const { nodes, isOne } = shape
  const rates = ratesOf(demand, times)
  const shares = sharesOf(inputs, demand, times, shape)
  const besides = shares.filter(({ what }) => !modelled.has(what))
  return {
    costs: costsOf(inputs),
    replicas: isOne ? Math.ceil(shape.replicas / nodes) : shape.replicas,
    databaseCores,
    connections: CONNECTIONS,
    colonies: isOne ? demand.colonies : Math.ceil(demand.colonies / nodes),
    processes: rates.processes / nodes,
    polls: rates.polls / nodes,
    heartbeats: rates.heartbeats / nodes,
    idle: Math.round(rates.idle / nodes),
    logMs: 2 * rowOf(inputs, 'cost-operations').commitMs + 2 * HOP_MS,
    hopMs: HOP_MS,
    besides: { server: sumOf(besides, 'server') / nodes, database: sumOf(besides, 'database') / nodes },
  }
}

const modelled = new Set([
  'polls that get a process',
  'submits, each straight to an executor that waits',
  'closes',
  'polls that end with nothing',
  'heartbeats',
])

function rowOf({ rows }: Inputs, id: string): Input {
  const row = rows[id]
  if (!row) throw new Error(`bench/scaling/inputs.json has no ${id}: measure it first`)
  return row
}

function checkOf(inputs: Inputs): Check {
  const { value: perSecond, commitMs, cores } = rowOf(inputs, 'lives-16-16')
  const { load = 0, server = 0, database = 0, others = 0 } = cores
  const said = livesOnOneMachine({
    costs: costsOf(inputs),
    load: loadOf(inputs),
    commitMs,
    cores: MACHINE_CORES - others,
  })
  return { said, measured: { perSecond, cores: { load, server, database } }, othersCores: others }
}
