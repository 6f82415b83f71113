import { FileEntry } from './files.js'
import { byName, operation } from './operation.js'
import { Int, Int32, List, ListOrNull, optional, Shape, Text, Time } from './schema.js'

/** The newest revisions of a label and all labels below it, as they were at one moment. They stay while the snapshot does. */
export const Snapshot = Shape({
  /** Made by the server. */
  snapshotid: Text,
  colonyname: Text,
  /** Without a slash at the end; empty for the whole colony. */
  label: Text,
  /** Unique in its colony. */
  name: Text,
  /** Ids of the revisions, by label and name; at most `limits.snapshotFilesMax`. */
  fileids: ListOrNull(Text),
  added: Time,
})

const inColony = ({ colonyname }: { colonyname: string }) => byName(colonyname)

const one = {
  colonyname: Text,
  /** When given, the name is not looked at. */
  snapshotid: optional(Text),
  name: optional(Text),
}

export const createSnapshot = operation({
  payloadtype: 'createsnapshotmsg',
  summary: 'Take a snapshot of a label and of all labels below it.',
  caller: 'member',
  colony: inColony,
  input: {
    colonyname: Text,
    /** `/`: the whole colony. */
    label: optional(Text),
    name: Text,
  },
  output: Snapshot,
  errors: ['bad_request', 'already_exists', 'too_large'],
})

export const getSnapshot = operation({
  payloadtype: 'getsnapshotmsg',
  summary: 'Read one snapshot by its id or name.',
  caller: 'member',
  colony: inColony,
  input: one,
  output: Snapshot,
  errors: ['not_found', 'bad_request'],
  repeatable: true,
})

export const getSnapshots = operation({
  payloadtype: 'getsnapshotsmsg',
  summary: 'List the snapshots of a colony, newest first.',
  caller: 'member',
  colony: inColony,
  input: {
    colonyname: Text,
    /** Ours: most snapshots, up to `limits.snapshotCountMax`; 0: that many. Fewer come when they have many files. */
    count: optional(Int32),
    /** Ours: the `snapshotid` of the last snapshot of the page before. */
    after: optional(Text),
  },
  output: ListOrNull(Snapshot),
  errors: ['bad_request'],
  repeatable: true,
})

export const getSnapshotFiles = operation({
  payloadtype: 'getsnapshotfilesmsg',
  summary: 'Ours: the files of a snapshot, in the order of its ids, those that were removed since as well.',
  caller: 'member',
  colony: inColony,
  input: {
    ...one,
    /** Most files, up to `limits.fileTreeCountMax`; 0: that many. */
    count: optional(Int32),
    /** How many files the pages before had in all. */
    after: optional(Int),
  },
  output: List(FileEntry),
  errors: ['not_found', 'bad_request'],
  repeatable: true,
})

export const removeSnapshot = operation({
  payloadtype: 'removesnapshotmsg',
  summary: 'Remove one snapshot by its id or name, if it is there.',
  caller: 'member',
  colony: inColony,
  input: one,
  output: Shape({}),
  errors: ['bad_request'],
  repeatable: true,
})

export const removeAllSnapshots = operation({
  payloadtype: 'removeallsnapshotmsg',
  summary: 'Remove all snapshots of a colony.',
  caller: 'member',
  colony: inColony,
  input: { colonyname: Text },
  output: Shape({}),
  repeatable: true,
})
