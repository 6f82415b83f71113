import { Attribute } from './attributes.js'
import { byName, byProcess, operation } from './operation.js'
import { Process } from './processes.js'
import { Id, Int32, optional, Text } from './schema.js'

export const subscribeProcess = operation({
  payloadtype: 'subscribeprocessmsg',
  summary: 'Frames of one process each time it enters a state; the last one when it ends, in whatever state.',
  caller: 'member',
  transport: 'websocket',
  colony: ({ processid }) => byProcess(processid),
  input: {
    processid: Id,
    /** The state to wait for. */
    state: optional(Int32),
    /** Ignored unless it differs from the type of the process: then only the last frame comes. */
    executortype: optional(Text),
    /** Seconds; at most `limits.subscriptionSecondsMax`. */
    timeout: optional(Int32),
    colonyname: optional(Text),
  },
  output: Process,
  errors: ['not_found', 'too_many'],
})

export const subscribeProcesses = operation({
  payloadtype: 'subscribeprocessesmsg',
  replytype: 'subscribeprocessmsg',
  summary: 'A frame of each process of one executor type that enters a state, to every subscriber.',
  caller: 'member',
  transport: 'websocket',
  colony: ({ colonyname }) => byName(colonyname),
  input: {
    colonyname: Text,
    /** The type of executors that processes are for. */
    executortype: optional(Text),
    state: optional(Int32),
    timeout: optional(Int32),
  },
  output: Process,
  errors: ['too_many'],
})

export const subscribeAttribute = operation({
  payloadtype: 'subscribeattributemsg',
  summary: 'A frame of the attribute with this key of one process as soon as it is there; ends with the process.',
  caller: 'member',
  transport: 'websocket',
  colony: ({ processid }) => byProcess(processid),
  input: {
    processid: Id,
    /** Key of the attribute. */
    key: Text,
    timeout: optional(Int32),
  },
  output: Attribute,
  errors: ['not_found', 'too_many'],
})
