import type { Static } from 'typebox'
import { Attribute } from './attributes.js'
import { byName, byProcess, operation } from './operation.js'
import {
  type ClientReply,
  type ClientSide,
  Dict,
  Flag,
  Id,
  Int,
  Int32,
  Int64,
  List,
  ListOrNull,
  nullable,
  omitEmpty,
  optional,
  type ServerSide,
  Shape,
  Text,
  Time,
  UserList,
  UserObject,
} from './schema.js'

/** The numbers of the states on the wire. */
export const State = { waiting: 0, running: 1, success: 2, failed: 3, cancelled: 4 } as const
export type State = (typeof State)[keyof typeof State]

export const Gpu = Shape({
  name: optional(Text),
  mem: optional(Text),
  count: optional(Int32),
  nodecount: optional(Int32),
})

export const Conditions = Shape({
  colonyname: optional(Text),
  executornames: nullable(List(Text)),
  executortype: optional(Text),
  locationname: omitEmpty(Text),
  dependencies: optional(List(Text)),
  nodes: optional(Int32),
  cpu: optional(Text),
  processes: optional(Int32),
  processespernode: optional(Int32),
  mem: optional(Text),
  storage: optional(Text),
  gpu: optional(Gpu),
  walltime: optional(Int),
})

const OnConflict = Shape({ keeplocal: optional(Flag) })

export const Filesystem = Shape({
  mount: optional(Text),
  snapshots: nullable(
    List(
      Shape({
        snapshotid: optional(Text),
        label: optional(Text),
        dir: optional(Text),
        keepfiles: optional(Flag),
        keepsnapshot: optional(Flag),
      }),
    ),
  ),
  dirs: nullable(
    List(
      Shape({
        label: optional(Text),
        dir: optional(Text),
        keepfiles: optional(Flag),
        onconflicts: optional(Shape({ onstart: optional(OnConflict), onclose: optional(OnConflict) })),
      }),
    ),
  ),
})

/** The wish: which function, with what, on which kind of executor, for how long. */
export const FunctionSpec = Shape({
  nodename: optional(Text),
  funcname: optional(Text),
  args: optional(UserList),
  kwargs: optional(UserObject),
  priority: optional(Int32),
  /** Seconds in the queue; 0 and -1: no limit. */
  maxwaittime: optional(Int32),
  /** Seconds on one executor; 0 and -1: no limit. */
  maxexectime: optional(Int32),
  /** How often an expired process is tried again; negative: for ever. */
  maxretries: optional(Int32),
  conditions: optional(Conditions),
  label: optional(Text),
  fs: optional(Filesystem),
  env: optional(Dict(Text)),
  channels: omitEmpty(List(Text)),
})
export type FunctionSpec = ClientSide<typeof FunctionSpec>
/** A function spec as handlers see it: complete, with the user's JSON as text. */
export type ParsedFunctionSpec = ServerSide<typeof FunctionSpec>
export type FunctionSpecWire = Static<typeof FunctionSpec>

/** A process: the life of one function spec. Field order is that of the original's replies. */
export const Process = Shape({
  processid: Id,
  initiatorid: Text,
  initiatorname: Text,
  assignedexecutorid: Text,
  isassigned: Flag,
  state: Int32,
  prioritytime: Int64,
  submissiontime: Time,
  starttime: Time,
  endtime: Time,
  waitdeadline: Time,
  execdeadline: Time,
  retries: Int32,
  attributes: List(Attribute),
  spec: FunctionSpec,
  waitforparents: Flag,
  parents: List(Id),
  children: List(Id),
  processgraphid: Text,
  in: UserList,
  out: UserList,
  errors: List(Text),
  /** Ours: which attempt this is, from 1; sent back with a close, it keeps a late close of an earlier attempt out. */
  attempt: omitEmpty(Int32),
})
export type Process = ClientReply<typeof Process>

const Nothing = Shape({})

/** Ours: the same request again, within a day, gives the same process. */
const requestid = optional(Text)
/** Ours: refused unless this is still the attempt that runs. 0: not checked. */
const attempt = optional(Int32)

export const submit = operation({
  payloadtype: 'submitfuncspecmsg',
  summary: 'Put a function spec into the queue; it becomes a waiting process.',
  caller: 'member',
  colony: ({ spec }) => byName(spec.conditions.colonyname),
  input: { spec: FunctionSpec, requestid },
  output: Process,
  errors: ['bad_request', 'unavailable'],
})

export const assign = operation({
  payloadtype: 'assignprocessmsg',
  summary: 'Wait until a process fits this executor and take it.',
  caller: 'executor',
  colony: ({ colonyname }) => byName(colonyname),
  input: {
    colonyname: Text,
    /** Seconds to wait; negative: answer at once. */
    timeout: Int32,
    /** Free millicores as `1000m`; empty: no limit. */
    availablecpu: optional(Text),
    /** Free memory as `10Gi`; empty: no limit. */
    availablemem: optional(Text),
    /** Ours: asking again with the same value gives the same process while it is still held. */
    assignid: optional(Text),
  },
  output: Process,
  errors: ['none_available', 'assignments_paused', 'assignments_paused_now', 'bad_request', 'unavailable'],
})

export const closeSuccessful = operation({
  payloadtype: 'closesuccessfulmsg',
  summary: 'Close a process as successful; only the executor that holds it may.',
  caller: 'member',
  colony: ({ processid }) => byProcess(processid),
  input: { processid: Id, out: optional(UserList), attempt },
  output: Nothing,
  errors: ['lease_lost', 'wrong_state', 'not_found'],
  repeatable: true,
})

export const closeFailed = operation({
  payloadtype: 'closefailedmsg',
  summary: 'Close a process as failed, with reasons; only the executor that holds it may.',
  caller: 'member',
  colony: ({ processid }) => byProcess(processid),
  input: { processid: Id, errors: optional(List(Text)), attempt },
  output: Nothing,
  errors: ['lease_lost', 'wrong_state', 'not_found'],
  repeatable: true,
})

export const setOutput = operation({
  payloadtype: 'setoutputmsg',
  summary: 'Replace the output of a running process; an empty list changes nothing.',
  caller: 'member',
  colony: ({ processid }) => byProcess(processid),
  input: { processid: Id, out: optional(UserList), attempt },
  output: Nothing,
  errors: ['lease_lost', 'not_running', 'not_found'],
  repeatable: true,
})

export const unassign = operation({
  payloadtype: 'unassignprocessmsg',
  summary: 'Give a process back to the queue; it keeps its place and its retries.',
  caller: 'member',
  colony: ({ processid }) => byProcess(processid),
  input: { processid: Id, attempt },
  output: Nothing,
  errors: ['lease_lost', 'not_running', 'not_found'],
  repeatable: true,
})

export const cancelProcess = operation({
  payloadtype: 'cancelprocessmsg',
  summary: 'Cancel a waiting or running process that is not part of a workflow.',
  caller: 'member',
  colony: ({ processid }) => byProcess(processid),
  input: { processid: Id },
  output: Nothing,
  errors: ['wrong_state', 'not_found'],
})

export const getProcess = operation({
  payloadtype: 'getprocessmsg',
  summary: 'Read one process.',
  caller: 'member',
  colony: ({ processid }) => byProcess(processid),
  input: { processid: Id },
  output: Process,
  errors: ['not_found'],
  repeatable: true,
})

export const getProcesses = operation({
  payloadtype: 'getprocessesmsg',
  summary: 'List processes of one state: waiting in queue order, running by start, ended by end (newest first).',
  caller: 'member',
  colony: ({ colonyname }) => byName(colonyname),
  input: {
    colonyname: Text,
    /** At most `limits.listCountMax`; 0 gives none. */
    count: optional(Int32),
    state: optional(Int32),
    /** Filters combine. */
    executortype: optional(Text),
    label: optional(Text),
    /** Name of a user. */
    initiator: optional(Text),
    /** Ours: the id of the last process of the page before. */
    after: optional(Text),
  },
  output: ListOrNull(Process),
  errors: ['bad_request', 'not_found'],
  repeatable: true,
})

export const getProcessHistory = operation({
  payloadtype: 'getprocesshistmsg',
  summary: 'List processes of one state submitted within the last seconds, oldest first.',
  caller: 'member',
  colony: ({ colonyname }) => byName(colonyname),
  input: {
    colonyname: Text,
    /** Empty: the whole colony. */
    executorid: optional(Text),
    seconds: optional(Int32),
    state: optional(Int32),
    /** Ours: the id of the last process of the page before. */
    after: optional(Text),
  },
  output: ListOrNull(Process),
  errors: ['bad_request'],
  repeatable: true,
})

export const removeProcess = operation({
  payloadtype: 'removeprocessmsg',
  summary: 'Remove a process that is not running and not part of a workflow.',
  caller: 'member',
  colony: ({ processid }) => byProcess(processid),
  input: { processid: Id },
  output: Nothing,
  errors: ['wrong_state', 'not_found'],
})

export const removeAllProcesses = operation({
  payloadtype: 'removeallprocessesmsg',
  summary: 'Remove all processes of one state (-1: every state but running) outside of workflows.',
  caller: 'colony-owner',
  colony: ({ colonyname }) => byName(colonyname),
  input: { colonyname: Text, state: optional(Int32) },
  output: Nothing,
  errors: ['bad_request'],
  repeatable: true,
})

/** One change of state of a process. */
export const ProcessEvent = Shape({
  at: Time,
  /** -1: there was none before. */
  oldstate: Int32,
  state: Int32,
  attempt: Int32,
  /** Id of the executor; empty while nobody holds it. */
  holder: Text,
  /** What made it: submit, assign, close, maxexectime, ... */
  reason: Text,
})

export const getProcessEvents = operation({
  payloadtype: 'getprocesseventsmsg',
  summary: 'Read the history of one process: every change of its state, oldest first.',
  caller: 'member',
  colony: ({ processid }) => byProcess(processid),
  input: { processid: Id },
  output: List(ProcessEvent),
  errors: ['not_found'],
  repeatable: true,
})
