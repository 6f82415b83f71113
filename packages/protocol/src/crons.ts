import { byCron, byName, operation } from './operation.js'
import { Flag, Id, Int, Int32, List, omitEmpty, optional, type ServerSide, Shape, Text, Time } from './schema.js'

/** A workflow that is started by time. */
export const Cron = Shape({
  /** Made by the server. */
  cronid: optional(Text),
  /** Who added it, and is the initiator of every run; while that is no member of the colony, nothing runs. */
  initiatorid: optional(Text),
  initiatorname: optional(Text),
  colonyname: Text,
  /** Unique in its colony. */
  name: Text,
  /** Second, minute, hour, day of month, month, day of week; or `@daily`, `@every 90s`. `TZ=Europe/Stockholm ` may come first. */
  cronexpression: optional(Text),
  /** Seconds between runs; -1: the expression decides. */
  interval: optional(Int32),
  /** Pauses between runs are random, from 1 second to `interval`. */
  random: optional(Flag),
  /** The planned time that comes next; given at the start, that of the first run. Zero: it never runs. */
  nextrun: optional(Time),
  /** When it ran last, by plan or by command. */
  lastrun: optional(Time),
  /** JSON text of a workflow spec, kept as it came. Its colony is that of the cron, or empty. */
  workflowspec: Text,
  /** The graph of the last run; what its leaves put out is the input of the next run's roots. */
  prevprocessgraphid: optional(Text),
  /** A run waits until the graph before has ended. The same as `overlap` "wait". */
  waitforprevprocessgraph: optional(Flag),
  /** How often the server looks, in ms; only when one cron is read, else 0. */
  checkerperiod: optional(Int),
  /** Ours: the IANA time zone of an expression that names none; empty: that of the server. */
  timezone: omitEmpty(Text),
  /** Ours: each missed time runs, instead of one for all; as far back as `limits.cronCatchupSeconds`. */
  catchup: omitEmpty(Flag),
  /** Ours: while the graph before has not ended, `allow` runs beside it, `wait` runs after it, `skip` leaves the time out, `cancel` ends it. */
  overlap: omitEmpty(Text),
  /** Ours: why the last planned run was not started; it is tried again at the next planned time. */
  lasterror: omitEmpty(Text),
})
export type Cron = ServerSide<typeof Cron>

export const addCron = operation({
  payloadtype: 'addcronmsg',
  summary: 'Add a cron; its workflow is checked whole, its first run comes at its first planned time.',
  caller: 'member',
  colony: ({ cron }) => byName(cron.colonyname),
  input: { cron: Cron },
  output: Cron,
  errors: ['bad_request', 'already_exists'],
})

export const getCron = operation({
  payloadtype: 'getcronmsg',
  summary: 'Read one cron.',
  caller: 'member',
  colony: ({ cronid }) => byCron(cronid),
  input: { cronid: Id },
  output: Cron,
  errors: ['not_found'],
  repeatable: true,
})

export const getCrons = operation({
  payloadtype: 'getcronsmsg',
  summary: 'List the crons of a colony, oldest first.',
  caller: 'member',
  colony: ({ colonyname }) => byName(colonyname),
  input: {
    colonyname: Text,
    /** How many at most; 0 gives none. A list is shorter when its workflows are large. */
    count: optional(Int32),
    /** Ours: the id of the last cron of the page before. */
    after: optional(Text),
  },
  output: List(Cron),
  errors: ['bad_request'],
  repeatable: true,
})

export const runCron = operation({
  payloadtype: 'runcronmsg',
  summary: 'Run a cron now, on top of its plan. While it waits for the graph before, nothing happens.',
  caller: 'member',
  colony: ({ cronid }) => byCron(cronid),
  input: {
    cronid: Id,
    /** Ours: the same request again, within a day, does not run it again. */
    requestid: optional(Text),
  },
  /** As it is after the run; `prevprocessgraphid` is the graph that was started. */
  output: Cron,
  errors: ['bad_request', 'not_found'],
})

export const removeCron = operation({
  payloadtype: 'removecronmsg',
  summary: 'Remove a cron; what it has started stays.',
  caller: 'member',
  colony: ({ cronid }) => byCron(cronid),
  input: { cronid: Id },
  output: Shape({}),
  errors: ['not_found'],
})
