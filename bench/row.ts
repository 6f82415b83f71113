import type { Database } from '@colonies/database'
import type { Caller } from './caller.js'
import type { LimitName } from './measure/limits.js'

/** A server that is measured. */
export interface Target {
  /** `ours`, or what the other one was called on the command line. */
  name: string
  url: string
  /** Of the owner of the server. */
  serverKey: string
  /** Processor time so far, in seconds; undefined where its processes are not known. */
  cpuSeconds(): Promise<Cpu | undefined>
  /** Stops it while others are measured, as it may do something even when nobody asks it; undefined where that cannot be done. */
  pause?: (() => void) | undefined
  /** Afterwards; back when it works again. */
  resume?: (() => Promise<void>) | undefined
}

export interface Cpu {
  server: number
  database: number
}

/** Ours, of which more is known. */
export interface OurTarget extends Target {
  /** Of all replicas that there have been. */
  cpuSeconds(): Promise<Cpu>
  /** For rows that are put there directly. */
  db: Database
  /** Process id of the replica. */
  pid: number
  anotherReplica(): Promise<OurReplica>
}

export interface OurReplica {
  url: string
  pid: number
  /** So far, or until it was told to stop. */
  cpuSeconds(): Promise<number>
  stop(): Promise<void>
}

/** A colony with users, the first of them at least, and approved executors of the type `bench`; each has a connection. */
export interface BenchColony {
  name: string
  ownerKey: string
  user: Caller
  users: readonly Caller[]
  executors: readonly Caller[]
  /** All connections. */
  close(): void
}

/** What one run gave. */
export interface Figure {
  value: number
  /** How many operations it was, for the processor time of each. */
  operations?: number
  /** Shown beside it. */
  note?: string
  /** All that was measured, by name, for the arithmetic of docs/scaling.md; the unit is the end of the name. */
  parts?: Parts
}

export type Parts = Readonly<Record<string, number>>

/** `short` says whether something fell; `full` is for the tables. */
export type Size = 'short' | 'full'

export interface Members {
  executors?: number
  users?: number
}

/** An absolute number, or a multiple of what the other server does in the same row, or in another one. */
export type Demand = number | { times: number; of?: string }

interface AnyRow {
  /** A few words with dashes, for the command line and the budget. */
  id: string
  says: string
  unit: '/s' | 'ms' | 'µs' | 's' | 'x' | 'cores' | 'bytes' | 'statements'
  better: 'more' | 'less'
  /** What has to be reached. */
  must?: Demand
  /** What is wished for. */
  reach?: Demand
  /** What the machine does at best of the same kind; the budget is a ratio to it. */
  limit?: LimitName
  /** Measured only when it is named: for scaling, not for a promise. */
  isAside?: boolean
  /** Runs of which the median is taken; 3 when left out. */
  runs?: number
}

/** Speaks the protocol of the original alone, so that it runs against any server that does. */
export interface WireRow extends AnyRow {
  kind: 'wire'
  members: Members
  run(target: Target, colony: BenchColony, size: Size): Promise<Figure>
}

/** Needs ours: extensions of the protocol, rows that are put there directly, several replicas. */
export interface OwnRow extends AnyRow {
  kind: 'own'
  run(target: OurTarget, size: Size): Promise<Figure>
}

export type Row = WireRow | OwnRow
