import { attempt } from './attempt.js'
import { byName, byProcess, operation } from './operation.js'
import { Flag, Id, Int32, Int64, ListOrNull, optional, Shape, Text } from './schema.js'

/** A line that an executor wrote. `processid` is empty for one about the executor itself. */
export const LogEntry = Shape({
  processid: Text,
  colonyname: Text,
  executorname: Text,
  message: Text,
  /** Unix time in ns. */
  timestamp: Int64,
})

const Nothing = Shape({})

export const addLog = operation({
  payloadtype: 'addlogmsg',
  summary: 'Add a line to the log of a running process; only the executor that holds it may.',
  caller: 'member',
  colony: ({ processid }) => byProcess(processid),
  input: { processid: Id, message: optional(Text), attempt },
  output: Nothing,
  errors: ['not_found', 'not_running', 'lease_lost', 'too_large'],
})

export const addExecutorLog = operation({
  payloadtype: 'addexecutorlogmsg',
  summary: 'An executor adds a line to its own log.',
  caller: 'executor',
  colony: ({ colonyname }) => byName(colonyname),
  input: { colonyname: Text, executorname: Text, message: optional(Text) },
  output: Nothing,
  errors: ['not_allowed', 'too_large'],
})

export const getLogs = operation({
  payloadtype: 'getlogsmsg',
  summary: 'Read log lines of a process, or of an executor, oldest first.',
  caller: 'member',
  colony: ({ colonyname, processid, executorname }) =>
    executorname === '' && colonyname === '' ? byProcess(processid) : byName(colonyname),
  input: {
    colonyname: optional(Text),
    processid: optional(Text),
    /** Not empty: lines of this executor, whatever the process. */
    executorname: optional(Text),
    /** At most `limits.logCountMax`; 0 gives none. Fewer come when they have more than `limits.listBytesMax`. */
    count: optional(Int32),
    /** Only lines later than this, in ns: the time of the last line of the page before. */
    since: optional(Int64),
    /** The newest `count` lines instead; `since` is ignored. */
    latest: optional(Flag),
  },
  output: ListOrNull(LogEntry),
  errors: ['not_found', 'bad_request'],
  repeatable: true,
})

export const searchLogs = operation({
  payloadtype: 'searchlogsmsg',
  summary: 'Find log lines of the last days that contain a text, newest first.',
  caller: 'member',
  colony: ({ colonyname }) => byName(colonyname),
  input: {
    colonyname: Text,
    /** What lines have to contain. */
    text: optional(Text),
    /** At most `limits.logSearchDaysMax`. */
    days: optional(Int32),
    /** At most `limits.logSearchCountMax`. */
    count: optional(Int32),
    /** Ours: only lines earlier than this, in ns: the time of the last line of the page before; 0: all. */
    before: optional(Int64),
  },
  output: ListOrNull(LogEntry),
  errors: ['bad_request'],
  repeatable: true,
})
