import type { ColonyKey, CronRow, ExecutorRow, FunctionRow, GeneratorRow, NewProcess } from '@colonies/database'

/** A time of the model's clock: Unix time in microseconds, as PostgreSQL keeps it. */
export type Micros = number

/** A row of `process_specs`. */
export interface Spec extends Omit<NewProcess, 'holder' | 'requestId'> {
  graphId: string | null
  submittedAt: Micros
  priorityTime: bigint
  input: string | null
}

/** A row of `live`. */
export interface Live {
  processId: string
  state: 0 | 1
  executorType: string
  names: readonly string[] | null
  location: string
  cpu: bigint
  memory: bigint
  priorityTime: bigint
  openParents: number
  children: string[]
  graphId: string | null
  deadline: Micros | null
  waitSeconds: number | null
  execSeconds: number | null
  maxRetries: number
  retries: number
  attempt: number
  holder: string | null
  holderName: string | null
  assignId: string | null
  startedAt: Micros | null
  output: string | null
}

/** A row of `results`. */
export interface Result {
  processId: string
  state: 2 | 3 | 4
  holder: string | null
  attempt: number
  retries: number
  startedAt: Micros | null
  endedAt: Micros
  waitDeadline: Micros | null
  execDeadline: Micros | null
  graphId: string | null
  output: string | null
  errors: string[] | null
}

/** A row of `graphs`, with its nodes in the order of their positions. */
export interface Graph {
  graphId: string
  initiatorId: string
  initiatorName: string
  submittedAt: Micros
  startedAt: Micros | null
  endedAt: Micros | null
  total: number
  success: number
  failed: number
  cancelled: number
  cronId: string | null
  plannedAt: Micros | null
  nodes: { processId: string; nodeName: string }[]
}

/** A row of `edges`, kept with its child. */
export interface Edge {
  position: number
  parentId: string
}

export interface Event {
  processId: string
  xact: number
  at: Micros
  oldState: number | null
  state: number
  attempt: number
  holder: string | null
  reason: string
}

/** A row of `crons`. */
export interface Cron extends Omit<CronRow, 'next_run' | 'last_run'> {
  nextRun: Micros | null
  lastRun: Micros | null
}

/** A row of `generators`, with the arguments that wait. */
export interface Generator extends Omit<GeneratorRow, 'first_pack' | 'last_run' | 'queued' | 'oldest_pack'> {
  packed: number
  taken: number
  dueAt: Micros | null
  args: { place: number; arg: string }[]
}

export interface Executor extends Omit<ExecutorRow, 'commissioned_at' | 'last_heard_at'> {
  leased: boolean
  heartbeatAt: Micros | null
  lastHeardAt: Micros | null
}

/** One run of a program under the identity of an executor. */
export interface ExecutorInstance {
  executorId: string
  instanceId: string
  heartbeatAt: Micros
  lookAt: Micros
}

/** Rows of one colony. */
export class ColonyTables {
  paused = false
  readonly specs = new Map<string, Spec>()
  readonly live = new Map<string, Live>()
  readonly results = new Map<string, Result>()
  readonly graphs = new Map<string, Graph>()
  /** By child. */
  readonly edges = new Map<string, Edge[]>()
  /** By caller and request id: what the request made. */
  readonly requests = new Map<string, string>()
  readonly executors = new Map<string, Executor>()
  readonly instances = new Map<string, ExecutorInstance>()
  readonly functions = new Map<string, FunctionRow>()
  readonly users = new Map<string, string>()
  readonly crons = new Map<string, Cron>()
  readonly generators = new Map<string, Generator>()
  readonly events: Event[] = []
  readonly counters = { waiting: 0, running: 0, success: 0, failed: 0, cancelled: 0, countedTo: 0 }
  readonly key: ColonyKey
  readonly name: string
  readonly ownerId: string

  constructor(key: ColonyKey, name: string, ownerId: string) {
    this.key = key
    this.name = name
    this.ownerId = ownerId
  }
}

export interface ReplicaHeard {
  replica_id: string
  name: string
  host: string
  port: number
  knows: number
  heardAt: Micros
}

/** All rows of the model database. */
export class Tables {
  readonly colonies = new Map<ColonyKey, ColonyTables>()
  readonly replicas = new Map<string, ReplicaHeard>()
  readonly directoryChanges: { xact: number; subject: string }[] = []
  lease: { replica_id: string; epoch: number; until: Micros } | undefined
  /** Since when replicas listen without a gap. */
  listening: { since: Micros; lastAt: Micros } = { since: 0, lastAt: 0 }
  serverOwner: string | undefined

  add(key: ColonyKey, name: string, ownerId: string): ColonyTables {
    const colony = new ColonyTables(key, name, ownerId)
    this.colonies.set(key, colony)
    return colony
  }

  /** @throws when the colony is not there: no statement of the simulation names another one */
  of(colony: ColonyKey): ColonyTables {
    const tables = this.colonies.get(colony)
    if (!tables) throw new Error(`The model has no colony ${colony}.`)
    return tables
  }
}

/** As times come out of the database: RFC 3339 in UTC with microseconds, without trailing zeros. */
export function wireTime(micros: Micros): string
export function wireTime(micros: Micros | null): string | null
export function wireTime(micros: Micros | null): string | null {
  if (micros === null) return null
  const seconds = Math.floor(micros / 1_000_000)
  const rest = String(micros - seconds * 1_000_000).padStart(6, '0')
  const text = new Date(seconds * 1000).toISOString().slice(0, 19)
  return `${`${text}.${rest}`.replace(/\.?0+$/, '')}Z`
}

/** @returns undefined for null, so that a sum with null stays null as in SQL */
export const after = (now: Micros, seconds: number | null): Micros | null =>
  seconds === null ? null : now + seconds * 1_000_000
