import { percentile } from '../measure/statistics.js'
import { Clock, Cores, gapOf, randomOf } from './engine.js'
import { type Costs, Postgres, Replica, type Take } from './system.js'

/** One PostgreSQL with its replicas, and what comes to it each second. */
export interface Cell {
  costs: Costs
  replicas: number
  databaseCores: number
  /** Of each replica to PostgreSQL. */
  connections: number
  colonies: number
  processes: number
  polls: number
  heartbeats: number
  /** Executors that hang. */
  idle: number
  /** Until the log is on disk, here and at the standby. */
  logMs: number
  hopMs: number
  /** Cores that are busy with what nobody has asked for: looks, counters, hints. */
  besides: { server: number; database: number }
}

export interface Waits {
  p50: number
  p99: number
}

export interface Behaviour {
  /** Parts of their time for which they are busy. */
  replica: number
  database: number
  /** Connections of a replica that are at work, on average. */
  connections: number
  /** Milliseconds at the server, without the way to the client. */
  submitted: Waits
  /** From the submit until its executor has it. */
  assigned: Waits
  closed: Waits
  heard: Waits
  /** Processes of a statement that submits. */
  batch: number
  /** Whether all keep up with what comes. */
  isSteady: boolean
}

const [WARM_MS, MEASURED_MS] = [100, 300]
/** What is busy for longer than this, or lets half of its callers wait for so long, does not keep up. */
const [FULL, TOO_LONG_MS] = [0.98, 100]
const BESIDES_MS = 0.5

/** Lets a cell work for as long as it takes to know how it behaves; all that comes, comes at random. */
export function behaviourOf(cell: Cell): Behaviour {
  const clock = new Clock()
  const random = randomOf(1)
  const cores = new Cores(clock, cell.databaseCores)
  const postgres = new Postgres(clock, cores, cell)
  const machines = Array.from({ length: cell.replicas }, () => new Cores(clock, 1))
  const replicas = machines.map((machine) => new Replica(clock, machine, postgres, cell))
  for (const replica of replicas) replica.others = replicas
  const aReplica = () => replicas[Math.floor(random() * replicas.length)] as Replica
  const aColony = () => Math.floor(random() * cell.colonies)
  const waits = { submitted: [], assigned: [], closed: [], heard: [] } as Record<string, number[]>
  const since = (what: keyof typeof waits, beginMs: number) => {
    if (beginMs >= WARM_MS) waits[what]?.push(clock.nowMs - beginMs)
  }
  const taken: Take = ({ submittedMs }) => since('assigned', submittedMs)

  function comes(eachSecond: number, act: () => void): void {
    if (eachSecond <= 0) return
    const next = () => {
      act()
      clock.after(gapOf(random, eachSecond / 1_000), next)
    }
    clock.after(gapOf(random, eachSecond / 1_000), next)
  }

  for (let n = 0; n < cell.idle; n++) aReplica().seat(aColony(), taken)
  comes(cell.processes, () => {
    const beginMs = clock.nowMs
    aReplica().submit(aColony(), () => since('submitted', beginMs))
  })
  // As many end as begin, each at the replica at which its executor then waits for the next.
  comes(cell.processes, () => {
    const [replica, colony, beginMs] = [aReplica(), aColony(), clock.nowMs]
    replica.close(colony, () => {
      since('closed', beginMs)
      replica.assign(colony, taken)
    })
  })
  comes(cell.polls, () => aReplica().renew())
  comes(cell.heartbeats, () => {
    const beginMs = clock.nowMs
    aReplica().heartbeat(() => since('heard', beginMs))
  })
  comes((cell.besides.database * 1_000) / BESIDES_MS, () => cores.work(BESIDES_MS, () => {}))
  comes((cell.besides.server * 1_000) / BESIDES_MS, () => aReplica().thread.run(BESIDES_MS, () => {}))

  clock.runUntil(WARM_MS)
  const before = busyOf(machines, postgres, replicas)
  clock.runUntil(WARM_MS + MEASURED_MS)
  const after = busyOf(machines, postgres, replicas)
  const waitsOf = (what: keyof typeof waits): Waits => ({
    p50: percentile(waits[what] ?? [], 0.5),
    p99: percentile(waits[what] ?? [], 0.99),
  })
  const batches = replicas.map(({ submits }) => submits)
  const all = { submitted: waitsOf('submitted'), assigned: waitsOf('assigned'), closed: waitsOf('closed') }
  const parts = {
    replica: (after.server - before.server) / MEASURED_MS / cell.replicas,
    database: (after.database - before.database) / MEASURED_MS / cell.databaseCores,
  }
  const connections = (after.connections - before.connections) / MEASURED_MS / cell.replicas
  const isFull = Math.max(parts.replica, parts.database, connections / cell.connections) > FULL
  return {
    ...parts,
    connections,
    ...all,
    heard: waitsOf('heard'),
    batch: sum(batches.map(({ items }) => items)) / sum(batches.map(({ flushes }) => flushes)),
    isSteady: !isFull && Math.max(all.submitted.p50, all.closed.p50) < TOO_LONG_MS,
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

function busyOf(machines: readonly Cores[], { cores }: Postgres, replicas: readonly Replica[]) {
  return {
    server: sum(machines.map(({ busyMs }) => busyMs)),
    database: cores.busyMs,
    connections: sum(replicas.map(({ pool }) => pool.busyMs)),
  }
}
