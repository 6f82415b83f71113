import { byName, operation } from './operation.js'
import { Flag, Id, Int, ListOrNull, optional, Shape, Text } from './schema.js'

/** A trust domain: its executors, users and processes. `colonyid` is the identity of its owner. */
export const Colony = Shape({
  /** Id of the owner. */
  colonyid: Id,
  /** Unique on the server. */
  name: Text,
})

/** How many there are of each. */
export const Statistics = Shape({
  colonies: Int,
  executors: Int,
  activeexecutors: Int,
  unregisteredexecutors: Int,
  waitingprocesses: Int,
  runningprocesses: Int,
  successfulprocesses: Int,
  failedprocesses: Int,
  cancelledprocesses: Int,
  waitingworkflows: Int,
  runningworkflows: Int,
  successfulworkflows: Int,
  failedworkflows: Int,
  cancelledworkflows: Int,
})

const Nothing = Shape({})

export const addColony = operation({
  payloadtype: 'addcolonymsg',
  summary: 'Create a colony that belongs to the holder of the key of `colonyid`.',
  caller: 'server-owner',
  input: { colony: Colony },
  output: Colony,
  errors: ['bad_request', 'already_exists'],
})

export const removeColony = operation({
  payloadtype: 'removecolonymsg',
  summary: 'Remove a colony with all that belongs to it. There is no way back.',
  caller: 'server-owner',
  input: { colonyname: Text },
  output: Nothing,
  errors: ['not_found'],
})

export const getColonies = operation({
  payloadtype: 'getcoloniesmsg',
  summary: 'List the colonies of the server by name.',
  caller: 'server-owner',
  input: {
    /** Ours: the name of the last colony of the page before. */
    after: optional(Text),
  },
  output: ListOrNull(Colony),
  repeatable: true,
})

export const getColony = operation({
  payloadtype: 'getcolonymsg',
  summary: 'Read one colony.',
  caller: 'member',
  colony: ({ colonyname }) => byName(colonyname),
  input: { colonyname: Text },
  output: Colony,
  repeatable: true,
})

export const getColonyStatistics = operation({
  payloadtype: 'getcolonystatsmsg',
  summary: 'Count executors, processes and workflows of a colony by state.',
  caller: 'member',
  colony: ({ colonyname }) => byName(colonyname),
  input: { colonyname: Text },
  output: Statistics,
  repeatable: true,
})

export const pauseAssignments = operation({
  payloadtype: 'pauseassignmentsmsg',
  summary: 'Assign no process of this colony until it is resumed; running work goes on.',
  caller: 'colony-owner',
  colony: ({ colonyname }) => byName(colonyname),
  input: { colonyname: Text },
  output: Nothing,
  repeatable: true,
})

export const resumeAssignments = operation({
  payloadtype: 'resumeassignmentsmsg',
  summary: 'Assign processes of this colony again.',
  caller: 'colony-owner',
  colony: ({ colonyname }) => byName(colonyname),
  input: { colonyname: Text },
  output: Nothing,
  repeatable: true,
})

export const getPauseStatus = operation({
  payloadtype: 'getpausestatusmsg',
  replytype: 'pausestatusreplymsg',
  summary: 'Whether assignments of this colony are paused.',
  caller: 'any-member',
  colony: ({ colonyname }) => byName(colonyname),
  input: { colonyname: Text },
  output: Shape({ msgtype: Text, colonyname: Text, ispaused: Flag }),
  repeatable: true,
})
