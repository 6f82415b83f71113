import { attempt } from './attempt.js'
import { byGraph, byName, operation } from './operation.js'
import { FunctionSpec, Process } from './processes.js'
import {
  type ClientReply,
  type ClientSide,
  Flag,
  Id,
  Int,
  Int32,
  List,
  ListOrNull,
  optional,
  type ServerSide,
  Shape,
  Text,
  Time,
} from './schema.js'

/** The wish as a DAG: function specs that name each other in `conditions.dependencies`. */
export const WorkflowSpec = Shape({
  colonyname: Text,
  /** The nodes; each has a `nodename` of its own. */
  functionspecs: List(FunctionSpec),
})
export type WorkflowSpec = ClientSide<typeof WorkflowSpec>
export type ParsedWorkflowSpec = ServerSide<typeof WorkflowSpec>

export const GraphNode = Shape({
  id: Id,
  data: Shape({ label: Text }),
  /** Place in a picture. */
  position: Shape({ x: Int, y: Int }),
  type: Text,
  /** Colours of the state. */
  style: Shape({ color: Text, background: Text }),
})
export const GraphEdge = Shape({ id: Text, source: Id, target: Id, animated: Flag })

export const ProcessGraph = Shape({
  /** Id of the process graph. */
  processgraphid: Id,
  initiatorid: Text,
  initiatorname: Text,
  colonyname: Text,
  /** Processes that depend on none. */
  rootprocessids: ListOrNull(Id),
  /** 0 waiting, 1 running, 2 success, 3 failed, 4 cancelled. */
  state: Int32,
  submissiontime: Time,
  starttime: Time,
  endtime: Time,
  processids: ListOrNull(Id),
  nodes: List(GraphNode),
  edges: List(GraphEdge),
})
export type ProcessGraph = ClientReply<typeof ProcessGraph>

const Nothing = Shape({})

export const submitWorkflow = operation({
  payloadtype: 'submitworkflowspecmsg',
  summary: 'Submit a workflow; it is checked whole before anything is stored.',
  caller: 'member',
  colony: ({ spec }) => byName(spec.colonyname),
  input: {
    spec: WorkflowSpec,
    /** Ours: the same request again, within a day, gives the same graph; for anything else, the same id is another request. */
    requestid: optional(Text),
  },
  output: ProcessGraph,
  errors: ['bad_request', 'not_found', 'unavailable'],
})

export const addChild = operation({
  payloadtype: 'addchildmsg',
  summary: 'Add a process to a running graph, below a process that the caller holds.',
  caller: 'member',
  colony: ({ spec }) => byName(spec.conditions.colonyname),
  input: {
    processgraphid: Id,
    /** The process above, which the caller holds. */
    parentprocessid: Id,
    /** The new process comes before this one too; empty: it has no children. */
    childprocessid: optional(Text),
    spec: FunctionSpec,
    /** true: the new process takes over all children of the parent. */
    insert: optional(Flag),
    /** Ours: refused unless this is still the attempt of the process above that runs. 0: not checked. */
    attempt,
    /** Ours: the same request again, within a day, gives the same process. */
    requestid: optional(Text),
  },
  output: Process,
  errors: ['bad_request', 'not_found', 'not_running', 'lease_lost', 'wrong_state', 'too_many'],
})

export const getProcessGraph = operation({
  payloadtype: 'getprocessgraphmsg',
  summary: 'Read one process graph, with the places of its nodes and edges for a picture.',
  caller: 'member',
  colony: ({ processgraphid }) => byGraph(processgraphid),
  input: { processgraphid: Id },
  output: ProcessGraph,
  errors: ['not_found'],
  repeatable: true,
})

export const getProcessGraphs = operation({
  payloadtype: 'getprocessgraphsmsg',
  summary: 'List process graphs of one state, newest first.',
  caller: 'member',
  colony: ({ colonyname }) => byName(colonyname),
  input: {
    colonyname: Text,
    /** At most `limits.listCountMax`, with `limits.graphListNodesMax` nodes together; 0 gives none. */
    count: optional(Int32),
    state: optional(Int32),
    /** Ours: the id of the last graph of the page before. */
    after: optional(Text),
    /** Ours: graphs in any state whose id begins so, in the order of ids; at least 4 digits. The state does not count. */
    prefix: optional(Text),
  },
  output: ListOrNull(ProcessGraph),
  errors: ['bad_request', 'too_large'],
  repeatable: true,
})

export const cancelProcessGraph = operation({
  payloadtype: 'cancelprocessgraphmsg',
  summary: 'Cancel every waiting and running process of a graph.',
  caller: 'member',
  colony: ({ processgraphid }) => byGraph(processgraphid),
  input: { processgraphid: Id },
  output: Nothing,
  errors: ['not_found', 'wrong_state'],
  repeatable: true,
})

export const removeProcessGraph = operation({
  payloadtype: 'removeprocessgraphmsg',
  summary: 'Remove a graph that has no running process, with all its processes.',
  caller: 'member',
  colony: ({ processgraphid }) => byGraph(processgraphid),
  input: { processgraphid: Id },
  output: Nothing,
  errors: ['not_found', 'wrong_state'],
})

export const removeAllProcessGraphs = operation({
  payloadtype: 'removeallprocessgraphsmsg',
  summary: 'Remove all graphs of one state (-1: every state but running), with their processes.',
  caller: 'colony-owner',
  colony: ({ colonyname }) => byName(colonyname),
  input: { colonyname: Text, state: optional(Int32) },
  output: Nothing,
  errors: ['bad_request'],
  repeatable: true,
})
