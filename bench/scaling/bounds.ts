import { costOf, eachOf, part, phases } from './costs.js'
import { type Demand, ratesOf } from './demand.js'
import type { Inputs } from './inputs.js'
import { BUSY_MAX, type Plan, type Shape, sharesOf, sumOf } from './plan.js'

// Bounds of packages/server/src, packages/protocol/src/limits.ts and the defaults of its variables.
const MEMBERS_MAX = 50_000
const HTTP_CONNECTIONS = 20_000
const DB_CONNECTIONS = 20
/** Of PostgreSQL without being set. */
const DATABASE_CONNECTIONS = 100

/** What a deployment has of something, and what there is. */
export interface Bound {
  what: string
  has: number
  most: number
  unit: string
  /** What to do before it is reached. */
  remedy: string
}

/** Of the peak, for each replica or node of the plan. */
export function boundsOf(demand: Demand, { shape, databaseCores, server, database }: Plan): Bound[] {
  const { nodes, replicas, isOne } = shape
  const all = isOne ? replicas : replicas * nodes
  const members = demand.executors / (isOne ? 1 : nodes)
  return [
    { what: 'thread of a replica', has: (server / all) * 100, most: 100, unit: '%', remedy: 'more replicas' },
    {
      what: 'cores of a PostgreSQL',
      has: (database / nodes / databaseCores) * 100,
      most: 100,
      unit: '%',
      remedy: 'more nodes',
    },
    {
      what: 'executors whose requests come to one replica, where each executor stays with one',
      has: demand.executors / all,
      most: MEMBERS_MAX,
      unit: '',
      remedy: 'more replicas',
    },
    {
      what: 'the same, where each request goes to any replica',
      has: members,
      most: MEMBERS_MAX,
      unit: '',
      remedy: 'balance by the address of the caller: rights of more members are looked up again and again',
    },
    {
      what: 'connections of executors to a replica',
      has: demand.executors / all,
      most: HTTP_CONNECTIONS,
      unit: '',
      remedy: '`COLONIES_HTTP_CONNECTIONS`, and `ulimit -n`',
    },
    {
      what: 'connections of replicas to a PostgreSQL',
      has: replicas * (DB_CONNECTIONS + 1),
      most: DATABASE_CONNECTIONS,
      unit: '',
      remedy: '`max_connections`, `COLONIES_DB_MAX_OPEN_CONNS`, or [PgBouncer](guides/pgbouncer.md)',
    },
  ]
}

/** At how many colonies what replicas look for takes as much of PostgreSQL as all else together. */
export function coloniesAtWhichLooksAreHalf(inputs: Inputs, demand: Demand, shape: Shape): number {
  const of = (colonies: number) => {
    const shares = sharesOf(inputs, { ...demand, colonies }, 1, shape)
    const looks = shares.filter(({ what }) => what.startsWith('looks') || what.startsWith('colonies visited'))
    return sumOf(looks, 'database') / sumOf(shares, 'database')
  }
  let [low, high] = [1, 100_000_000]
  if (of(high) < 0.5) return Number.POSITIVE_INFINITY
  while (high / low > 1.01) {
    const middle = Math.sqrt(low * high)
    if (of(middle) < 0.5) low = middle
    else high = middle
  }
  return high
}

/** Processes a second of one colony on one PostgreSQL of so many cores, when each statement carries so many. */
export function colonyRate(inputs: Inputs, cores: number, size: number): number {
  const counted = (3 * part(inputs, 'cost-counting', 'event counted database µs')) / 1_000
  const life = phases.reduce((sum, what) => sum + eachOf(costOf(inputs, what), size, 'database'), counted)
  return (cores * BUSY_MAX * 1_000) / life
}

export function hundredsRate(inputs: Inputs, cores: number): number {
  const counted = 3 * part(inputs, 'cost-counting', 'event counted database µs')
  const life = phases.reduce((sum, what) => sum + part(inputs, 'cost-batched', `${what} database µs`), counted)
  return (cores * BUSY_MAX * 1e6) / life
}

/** Executors of one colony at which its heartbeats alone keep a PostgreSQL of so many cores as busy as it should be. */
export function executorsOfOneNode(inputs: Inputs, demand: Demand, cores: number): number {
  const { heartbeats, polls } = ratesOf({ ...demand, processesPerDay: 0 }, 1)
  const each =
    (heartbeats * part(inputs, 'cost-heartbeat', 'heartbeat database µs') +
      polls *
        (part(inputs, 'cost-poll', 'poll database µs') +
          part(inputs, 'look-executors', 'heard executor database µs'))) /
    demand.executors
  return (cores * BUSY_MAX * 1e6) / each
}
