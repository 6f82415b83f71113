import type { Static } from 'typebox'
import { attempt } from './attempt.js'
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
  /** Model. */
  name: optional(Text),
  /** Memory of each, as `10Gi`. */
  mem: optional(Text),
  /** How many. */
  count: optional(Int32),
  /** Always 0 in replies, as in the original. */
  nodecount: optional(Int32),
})

export const Conditions = Shape({
  /** Name of the colony. */
  colonyname: optional(Text),
  /** Only these executors of the type; empty, null or `*`: all of them. */
  executornames: nullable(List(Text)),
  /** The type of executors that it is for. */
  executortype: optional(Text),
  /** Only executors at this location, in upper or lower case; empty: any. */
  locationname: omitEmpty(Text),
  /** Names of the nodes that have to succeed before, in the order in which their outputs become `in`; for workflows. */
  dependencies: optional(List(Text)),
  /** For executors of batch systems; kept, not looked at. */
  nodes: optional(Int32),
  /** What the executor must have free: millicores as `500m`. */
  cpu: optional(Text),
  /** Kept, not looked at. */
  processes: optional(Int32),
  /** Kept, not looked at. */
  processespernode: optional(Int32),
  /** What the executor must have free: a size as `512Mi` or `10Gi`. */
  mem: optional(Text),
  /** A size as `10Gi`; kept, not looked at. */
  storage: optional(Text),
  /** Kept, not looked at. */
  gpu: optional(Gpu),
  /** Seconds; kept, not looked at. */
  walltime: optional(Int),
})

const OnConflict = Shape({ keeplocal: optional(Flag) })

export const Filesystem = Shape({
  /** For executors that share files; the server keeps it, and does not look at it. */
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
  /** Name of the node in its workflow. */
  nodename: optional(Text),
  /** Name of the function. */
  funcname: optional(Text),
  /** Arguments by position. */
  args: optional(UserList),
  /** Arguments by name. */
  kwargs: optional(UserObject),
  /** Higher is sooner: each step counts as one day of waiting. At most `limits.priorityMax`. */
  priority: optional(Int32),
  /** Seconds in the queue; 0 and -1: no limit. */
  maxwaittime: optional(Int32),
  /** Seconds on one executor; 0 and -1: no limit. */
  maxexectime: optional(Int32),
  /** How often an expired process is tried again; negative: for ever. */
  maxretries: optional(Int32),
  /** Who may run it. */
  conditions: optional(Conditions),
  /** Anything to find it by later. */
  label: optional(Text),
  /** Files that it needs. */
  fs: optional(Filesystem),
  /** Variables for the executor, by name. */
  env: optional(Dict(Text)),
  /** Names of channels; kept, not looked at. */
  channels: omitEmpty(List(Text)),
})
export type FunctionSpec = ClientSide<typeof FunctionSpec>
/** A function spec as handlers see it: complete, with the user's JSON as text. */
export type ParsedFunctionSpec = ServerSide<typeof FunctionSpec>
export type FunctionSpecWire = Static<typeof FunctionSpec>

/** A process: the life of one function spec. Field order is that of the original's replies. */
export const Process = Shape({
  /** Id of the process. */
  processid: Id,
  /** Who submitted it. */
  initiatorid: Text,
  initiatorname: Text,
  /** Who holds it, or held it last; empty: nobody. */
  assignedexecutorid: Text,
  isassigned: Flag,
  /** 0 waiting, 1 running, 2 success, 3 failed, 4 cancelled. */
  state: Int32,
  /** Place in the queue: submission in Unix ns, less one day for each step of priority. */
  prioritytime: Int64,
  submissiontime: Time,
  starttime: Time,
  endtime: Time,
  /** When it fails unless it was assigned before. */
  waitdeadline: Time,
  /** When its holder loses it. */
  execdeadline: Time,
  /** How often it was taken back. */
  retries: Int32,
  attributes: List(Attribute),
  /** The wish. */
  spec: FunctionSpec,
  /** Whether a parent has not succeeded yet. */
  waitforparents: Flag,
  /** Ids of the processes before it, in a workflow. */
  parents: List(Id),
  /** Ids of the processes after it. */
  children: List(Id),
  /** Id of its process graph; empty outside of workflows. */
  processgraphid: Text,
  /** The outputs of its parents, one after another. */
  in: UserList,
  /** What it gave. */
  out: UserList,
  /** Why it failed. */
  errors: List(Text),
  /** Ours: which attempt this is, from 1; sent back with a close, it keeps a late close of an earlier attempt out. */
  attempt: omitEmpty(Int32),
})
export type Process = ClientReply<typeof Process>

const Nothing = Shape({})

/** Ours: the same request again, within a day, gives the same process; for anything else, the same id is another request. */
const requestid = optional(Text)

export const submit = operation({
  payloadtype: 'submitfuncspecmsg',
  summary: 'Put a function spec into the queue; it becomes a waiting process.',
  caller: 'member',
  colony: ({ spec }) => byName(spec.conditions.colonyname),
  input: { spec: FunctionSpec, requestid },
  output: Process,
  errors: ['bad_request', 'not_found', 'unavailable'],
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
    /** Ours: processes in any state whose id begins so, in the order of ids; at least 4 digits. State and filters do not count. */
    prefix: optional(Text),
  },
  output: ListOrNull(Process),
  errors: ['bad_request', 'not_found', 'too_large'],
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
  input: {
    processid: Id,
    /** At most `limits.eventCountMax`; 0: that many. */
    count: optional(Int32),
    /** How many events have been read before. */
    after: optional(Int32),
  },
  output: List(ProcessEvent),
  errors: ['not_found', 'bad_request'],
  repeatable: true,
})
