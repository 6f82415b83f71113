import { costsOf, eachOf, part, phases } from './costs.js'
import { type Demand, type Rates, ratesOf } from './demand.js'
import type { Inputs } from './inputs.js'

/** How the machines are put together. A cell is one PostgreSQL with replicas of its own, which knows nothing of the others. */
export interface Shape {
  /** Cells, or nodes of one Citus. */
  nodes: number
  /** Of a cell, or of all of a Citus. */
  replicas: number
  /** Whether the nodes are one server: each replica serves all colonies, on all nodes. */
  isOne: boolean
  /** Whether processes come, are taken and end by the hundred under one signature. */
  inHundreds: boolean
}

/** What one kind of work takes, in all of the deployment. */
export interface Share {
  what: string
  /** Each second. */
  rate: number
  /** Cores that are busy with it. */
  server: number
  database: number
  /** Of the log of PostgreSQL, each second. */
  walBytes: number
  commits: number
}

/** How often replicas do things, in each second; as in `packages/server/src`. */
const EACH_SECOND = { count: 1 / 5, idlePoll: 1, changes: 1 / 0.6, hintsMost: 20 }
/** Into how many parts Citus splits a table without being told: what is about all colonies is asked of each. */
const SHARDS = 32
/** With more others, each tells them less often. */
const OTHERS_FEW = 10
const EVENTS_OF_LIFE = 3
/** A look that is slow comes less often: it rests fifty times as long as it took, ten seconds at most. */
const [SLOW_MS, PART, REST_SECONDS_MAX] = [50, 50, 10]
const HELD_FEW = 1_000

const BATCH = 100

export function sharesOf(inputs: Inputs, demand: Demand, times: number, shape: Shape): Share[] {
  const rates = ratesOf(demand, times)
  return [
    ...ofProcesses(inputs, rates, shape),
    ...ofExecutors(inputs, rates),
    ...ofReplicas(inputs, demand, rates, shape),
  ]
}

export const sumOf = (shares: readonly Share[], of: Exclude<keyof Share, 'what'>): number =>
  shares.reduce((sum, share) => sum + share[of], 0)

function ofProcesses(inputs: Inputs, { processes }: Rates, { inHundreds }: Shape): Share[] {
  const { submit, assign, close, dispatch, hang } = costsOf(inputs)
  type Ms = Record<'server' | 'database', number>
  const share = (what: string, ms: Ms, walBytes: number, commits = 1): Share => ({
    what,
    rate: processes,
    server: (processes * ms.server) / 1_000,
    database: (processes * ms.database) / 1_000,
    walBytes: processes * walBytes,
    commits: processes * commits,
  })
  if (inHundreds)
    return phases.map((what) => {
      const of = (name: string) => part(inputs, 'cost-batched', `${what} ${name}`)
      const ms = { server: of('server µs') / 1_000, database: of('database µs') / 1_000 }
      return share(`${names[what]}, a hundred in each request`, ms, of('wal bytes'), 1 / BATCH)
    })
  const alone = (cost: typeof submit) => ({ server: eachOf(cost, 1, 'server'), database: eachOf(cost, 1, 'database') })
  const submitted = alone(submit)
  return [
    share(
      'polls that get a process',
      { server: part(inputs, 'cost-dispatch', 'hang server µs') / 1_000 + assign.serverBatch, database: hang.database },
      0,
      0,
    ),
    share(
      'submits, each straight to an executor that waits',
      { server: submitted.server + dispatch.server, database: submitted.database + dispatch.database },
      part(inputs, 'cost-dispatch', 'dispatch wal bytes'),
    ),
    share('closes', alone(close), part(inputs, 'cost-operations', 'close apart wal bytes')),
  ]
}

const names = { submit: 'submits', assign: 'assigns', close: 'closes' }

function ofExecutors(inputs: Inputs, { polls, heartbeats, processes }: Rates): Share[] {
  const share = (what: string, rate: number, of: (name: string) => number, commits = 0): Share => ({
    what,
    rate,
    server: (rate * of('server µs')) / 1e6,
    database: (rate * of('database µs')) / 1e6,
    walBytes: rate * of('wal bytes'),
    commits: rate * commits,
  })
  const poll = (name: string) => (name === 'wal bytes' ? 0 : part(inputs, 'cost-poll', `poll ${name}`))
  const heartbeat = (name: string) => part(inputs, 'cost-heartbeat', `heartbeat ${name}`)
  const heard = (name: string) => part(inputs, 'look-executors', `heard executor ${name.replace('server', 'replica')}`)
  return [
    share('polls that end with nothing', polls, poll),
    share('heartbeats', heartbeats, heartbeat, 1),
    // An executor that asks and closes is noted once in five seconds, one that only polls with each poll.
    share('signs of life noted, of other requests', polls + processes, heard),
  ]
}

/** What replicas look for and tell each other, whether or not anybody works. */
function ofReplicas(inputs: Inputs, demand: Demand, rates: Rates, shape: Shape): Share[] {
  const servers = shape.isOne ? 1 : shape.nodes
  /** Of one server, which is a cell or all of a Citus. */
  const [colonies, executors] = [demand.colonies / servers, demand.executors / servers]
  const replicas = shape.replicas * servers
  const of = (name: string) => part(inputs, 'look-colonies', name)
  const share = (what: string, rate: number, server: number, database: number): Share => ({
    what,
    rate,
    server: (rate * server) / 1e6,
    database: (rate * database) / 1e6,
    walBytes: 0,
    commits: 0,
  })
  const parts = shape.isOne ? SHARDS : 1
  const hint = (name: string) => part(inputs, 'cost-hint', name)
  const held = (rates.processes * demand.workSeconds) / servers
  const silent =
    held > HELD_FEW ? executors * part(inputs, 'look-executors', 'agenda for each executor database µs') : 0
  const agenda = parts * of('agenda database µs') + colonies * of('agenda for each colony database µs')
  const looking = replicas / lookSeconds((agenda + silent) / 1_000)
  const counts =
    colonies * of('colonies to count for each colony database µs') + parts * of('colonies to count database µs')
  // A colony is polled for by each replica at which somebody of it waits.
  const waiting = rates.idle / servers / shape.replicas / colonies
  const idleColonies = colonies * (1 - Math.exp(-waiting))
  const told = (replicas * EACH_SECOND.hintsMost) / Math.max(1, (shape.replicas - 1) / OTHERS_FEW)
  return [
    share(
      'changes of state added up',
      rates.processes * EVENTS_OF_LIFE,
      0,
      part(inputs, 'cost-counting', 'event counted database µs'),
    ),
    share(
      'colonies visited to count',
      demand.colonies * EACH_SECOND.count,
      of('counting in a colony replica µs'),
      of('counting in a colony database µs'),
    ),
    share(
      'looks for colonies to count',
      replicas * EACH_SECOND.count,
      parts * of('colonies to count replica µs'),
      counts,
    ),
    share('looks for something due', looking, parts * of('agenda replica µs'), agenda + silent),
    share(
      'looks for what waits, for each colony',
      replicas * idleColonies * EACH_SECOND.idlePoll,
      of('idle poll of a colony replica µs'),
      of('idle poll of a colony database µs'),
    ),
    share(
      'changes of rights read',
      replicas * EACH_SECOND.changes * (shape.isOne ? shape.nodes : 1),
      of('changes of rights replica µs'),
      of('changes of rights database µs'),
    ),
    share('hints told', told, hint('hint told replica µs'), hint('hint told database µs')),
    share(
      'hints heard',
      told * (shape.replicas - 1),
      hint('hint heard replica µs'),
      hint('hint for each listener database µs'),
    ),
  ]
}

function lookSeconds(tookMs: number): number {
  if (tookMs < SLOW_MS) return 1
  return Math.max(1, Math.min(REST_SECONDS_MAX, (tookMs * PART) / 1_000))
}

/** Machines are reckoned to be busy for so much of the time at the peak: beyond it, waits grow fast. */
export const BUSY_MAX = 0.6

export interface Plan {
  shape: Shape
  shares: Share[]
  /** Cores of PostgreSQL of each node. */
  databaseCores: number
  /** Of the replicas, and of PostgreSQL, in all. */
  server: number
  database: number
}

/**
 * As few nodes with at most so many cores as can be, and as many replicas as their requests need.
 *
 * @returns undefined where no number is enough: what replicas tell each other grows with its square
 */
export function planOf(
  inputs: Inputs,
  demand: Demand,
  { isOne, inHundreds, coresMax }: Pick<Shape, 'isOne' | 'inHundreds'> & { coresMax: number },
): Plan | undefined {
  for (let nodes = 1; nodes <= NODES_MAX; nodes++) {
    const plan = withReplicas(inputs, demand, { nodes, isOne, inHundreds })
    if (!plan) continue
    const databaseCores = Math.ceil(plan.database / BUSY_MAX / nodes / 2) * 2
    if (databaseCores <= coresMax) return { ...plan, databaseCores }
  }
  return undefined
}

const NODES_MAX = 200
const REPLICAS_MAX = 2_000

function withReplicas(
  inputs: Inputs,
  demand: Demand,
  of: Omit<Shape, 'replicas'>,
): Omit<Plan, 'databaseCores'> | undefined {
  const servers = of.isOne ? 1 : of.nodes
  for (let replicas = 2; replicas <= REPLICAS_MAX; replicas++) {
    const shape = { ...of, replicas }
    const shares = sharesOf(inputs, demand, demand.peak, shape)
    const server = sumOf(shares, 'server')
    if (server <= replicas * servers * BUSY_MAX) return { shape, shares, server, database: sumOf(shares, 'database') }
  }
  return undefined
}
