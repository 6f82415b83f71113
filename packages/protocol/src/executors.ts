import { byExecutor, byName, operation } from './operation.js'
import {
  Dict,
  Flag,
  Id,
  Int,
  Int32,
  List,
  ListOrNull,
  nullable,
  omitEmpty,
  optional,
  Shape,
  Text,
  Time,
} from './schema.js'

/** The numbers of an executor's states on the wire. */
export const ExecutorState = { pending: 0, approved: 1, rejected: 2, unregistered: 3 } as const

const Hardware = Shape({
  model: optional(Text),
  nodes: optional(Int32),
  cpu: optional(Text),
  cores: optional(Int32),
  mem: optional(Text),
  storage: optional(Text),
  gpu: optional(
    Shape({ name: optional(Text), mem: optional(Text), count: optional(Int32), nodecount: optional(Int32) }),
  ),
  platform: optional(Text),
  architecture: optional(Text),
  network: nullable(List(Text)),
})
const Software = Shape({ name: optional(Text), type: optional(Text), version: optional(Text) })

/** What an executor says it has; for people and other programs, not used for matching. */
export const Capabilities = Shape({ hardware: nullable(List(Hardware)), software: nullable(List(Software)) })

const Project = Shape({
  allocatedcpu: optional(Int),
  usedcpu: optional(Int),
  allocatedgpu: optional(Int),
  usedgpu: optional(Int),
  allocatedstorage: optional(Int),
  usedstorage: optional(Int),
})
export const Allocations = Shape({ projects: nullable(Dict(Project)) })

/** A program anywhere that pulls processes of its type. */
export const Executor = Shape({
  /** Id of its key. */
  executorid: Id,
  /** What function specs ask for in `conditions.executortype`. */
  executortype: optional(Text),
  /** Name of the executor, unique in its colony. */
  executorname: Text,
  colonyname: Text,
  /** 0 pending, 1 approved, 2 rejected, 3 unregistered; set by the server. */
  state: optional(Int32),
  /** Kept, not looked at. */
  requirefuncreg: optional(Flag),
  /** When it was added; set by the server. */
  commissiontime: optional(Time),
  /** When it last asked for work or sent a heartbeat; set by the server. */
  lastheardfromtime: optional(Time),
  /** Name of its location; empty: nowhere in particular. */
  locationname: omitEmpty(Text),
  capabilities: optional(Capabilities),
  allocations: optional(Allocations),
  blueprintid: omitEmpty(Text),
  blueprintgen: omitEmpty(Int),
})

const Nothing = Shape({})
const named = { colonyname: Text, executorname: Text }

export const addExecutor = operation({
  payloadtype: 'addexecutormsg',
  summary: 'Add an executor; it waits for approval.',
  caller: 'colony-owner',
  colony: ({ executor }) => byName(executor.colonyname),
  input: { executor: Executor },
  output: Executor,
  errors: ['bad_request', 'already_exists'],
})

export const getExecutors = operation({
  payloadtype: 'getexecutorsmsg',
  summary: 'List the executors of a colony by name, in all states.',
  caller: 'any-member',
  colony: ({ colonyname }) => byName(colonyname),
  input: {
    colonyname: Text,
    /** Ours: the name of the last executor of the page before. */
    after: optional(Text),
  },
  output: ListOrNull(Executor),
  repeatable: true,
})

export const getExecutor = operation({
  payloadtype: 'getexecutormsg',
  summary: 'Read one executor.',
  caller: 'member',
  colony: ({ colonyname }) => byName(colonyname),
  input: named,
  output: Executor,
  errors: ['not_found'],
  repeatable: true,
})

export const getExecutorById = operation({
  payloadtype: 'getexecutorbyidmsg',
  summary: 'Read the executor with an id.',
  caller: 'member',
  colony: ({ executorid }) => byExecutor(executorid),
  input: {
    executorid: Id,
    /** Not looked at: the executor is found by its id. */
    colonyname: optional(Text),
  },
  output: Executor,
  errors: ['not_found'],
  repeatable: true,
})

export const approveExecutor = operation({
  payloadtype: 'approveexecutormsg',
  summary: 'Let an executor work; also brings a rejected or removed one back.',
  caller: 'colony-owner',
  colony: ({ colonyname }) => byName(colonyname),
  input: named,
  output: Nothing,
  errors: ['not_found'],
  repeatable: true,
})

export const rejectExecutor = operation({
  payloadtype: 'rejectexecutormsg',
  summary: 'Take all rights from an executor at once; what it holds goes back to the queue.',
  caller: 'colony-owner',
  colony: ({ colonyname }) => byName(colonyname),
  input: named,
  output: Nothing,
  errors: ['not_found'],
  repeatable: true,
})

export const removeExecutor = operation({
  payloadtype: 'removeexecutormsg',
  summary: 'Unregister an executor; its row stays for the record, what it holds goes back to the queue.',
  caller: 'colony-owner',
  colony: ({ colonyname }) => byName(colonyname),
  input: named,
  output: Nothing,
  errors: ['not_found'],
  repeatable: true,
})

export const reportAllocations = operation({
  payloadtype: 'reportallocationmsg',
  summary: 'An executor reports how much of its projects is used.',
  caller: 'any-member',
  colony: ({ colonyname }) => byName(colonyname),
  input: { ...named, allocations: optional(Allocations) },
  output: Nothing,
  errors: ['bad_request', 'not_allowed'],
  repeatable: true,
})

export const updateExecutor = operation({
  payloadtype: 'updateexecutormsg',
  summary: 'An executor replaces its capabilities.',
  caller: 'any-member',
  colony: ({ colonyname }) => byName(colonyname),
  input: { ...named, capabilities: optional(Capabilities) },
  output: Nothing,
  errors: ['bad_request', 'not_allowed'],
  repeatable: true,
})

export const heartbeat = operation({
  payloadtype: 'heartbeatmsg',
  summary: 'An executor says that it lives and what it works on, and hears what it has lost.',
  caller: 'executor',
  colony: ({ colonyname }) => byName(colonyname),
  input: {
    colonyname: Text,
    /** What the executor believes to hold. */
    processids: optional(List(Id)),
    /** Which attempt of each it runs, in the same order, so that one lost and assigned again counts as lost; may be empty. */
    attempts: optional(List(Int32)),
    /**
     * Ours: a random id of this run of the program, 64 hex digits. What it was assigned with an `assignid` that begins with
     * `instance:<instanceid>.` is its own: after 60 s without a heartbeat of this instance that waits again, also when others
     * send heartbeats under the same identity.
     */
    instanceid: optional(Text),
  },
  output: Shape({
    /** Of these, what it does not hold: cancelled, taken back, or over. */
    lost: List(Id),
  }),
  errors: ['bad_request'],
  repeatable: true,
})
