import { byName, operation } from './operation.js'
import { Flag, Int, Int32, List, ListOrNull, omitEmpty, optional, Shape, Text, Time } from './schema.js'

/** Where the bytes of a file are: an object of an S3 service, which clients write and read themselves. */
export const S3Object = Shape({
  /** Host. A caller may send `host:port`; in replies the port is always apart. */
  server: optional(Text),
  /** 0 or less: the one in `server`, or else the usual one of HTTP or HTTPS. */
  port: optional(Int32),
  tls: optional(Flag),
  /** Never kept, and empty in replies: every member could read it. */
  accesskey: optional(Text),
  /** As `accesskey`. */
  secretkey: optional(Text),
  region: optional(Text),
  /** Kept as it is, as the next: whoever encrypts needs them to read the bytes again. No published client does. */
  encryptionkey: optional(Text),
  encryptionalg: optional(Text),
  /** Key of the object; a file of 0 bytes may have a key without an object. */
  object: optional(Text),
  bucket: optional(Text),
})

export const FileReference = Shape({
  /** Always `s3` in replies. */
  protocol: optional(Text),
  s3object: optional(S3Object),
})

const revision = {
  /** Made by the server. */
  fileid: optional(Text),
  colonyname: Text,
  /** A path such as `/data/in`. A missing slash in front is added; doubled ones, and one at the end, are taken away. */
  label: Text,
  /** Name within the label, without slashes. */
  name: Text,
  /** Bytes. */
  size: optional(Int),
  /** Given by the server: grows with each revision that is added to the colony. */
  sequencenr: optional(Int),
  /** Of the content, as its writer says; published clients write SHA-256 in lower-case hex. */
  checksum: optional(Text),
  /** `SHA256`. */
  checksumalg: optional(Text),
  ref: optional(FileReference),
  /** When it was added; set by the server. */
  added: optional(Time),
}

/** One revision of a file. It never changes; the newest of a label and name is the one with the highest `sequencenr`. */
export const FileRevision = Shape(revision)

/** The same, with who added it. */
export const FileEntry = Shape({ ...revision, initiatorid: Text, initiatorname: Text })

/** What has to be known of the newest revision to compare it with a local file. */
export const FileSummary = Shape({
  name: Text,
  checksum: Text,
  /** Bytes. */
  size: Int,
  /** Key of the object. */
  s3filename: Text,
})

export const FileLabel = Shape({
  name: Text,
  /** Revisions with this label, not names. */
  files: Int,
})

const inColony = ({ colonyname }: { colonyname: string }) => byName(colonyname)

export const addFile = operation({
  payloadtype: 'addfilemsg',
  summary: 'Add a revision of a file, after its bytes were stored.',
  caller: 'member',
  colony: ({ file }) => byName(file.colonyname),
  input: {
    file: FileRevision,
    /**
     * Ours: the `fileid` of the newest revision that the caller knows of, or `none` for a new file. The request is
     * refused with `conflict` when the newest is another one. Empty: added in any case.
     */
    previous: optional(Text),
  },
  output: FileRevision,
  errors: ['bad_request', 'conflict'],
})

export const getFile = operation({
  payloadtype: 'getfilemsg',
  summary: 'Read one revision by its id, or those of a label and name, newest first.',
  caller: 'member',
  colony: inColony,
  input: {
    colonyname: Text,
    /** When given, label and name are not looked at. */
    fileid: optional(Text),
    label: optional(Text),
    name: optional(Text),
    /** Only the newest revision. */
    latest: optional(Flag),
    /** Ours: most revisions, up to `limits.fileRevisionCountMax`; 0: that many. */
    count: optional(Int32),
    /** Ours: the `sequencenr` of the last revision of the page before. */
    after: optional(Int),
  },
  output: List(FileRevision),
  errors: ['not_found', 'bad_request'],
  repeatable: true,
})

export const getFiles = operation({
  payloadtype: 'getfilesmsg',
  summary: 'List the files of one label by name, each with its newest revision.',
  caller: 'member',
  colony: inColony,
  input: {
    colonyname: Text,
    label: optional(Text),
    /** Ours: most files, up to `limits.fileCountMax`; 0: that many. */
    count: optional(Int32),
    /** Ours: the name of the last file of the page before. */
    after: optional(Text),
  },
  output: List(FileSummary),
  errors: ['bad_request'],
  repeatable: true,
})

export const getFileLabels = operation({
  payloadtype: 'getfilelabelsmsg',
  summary: 'List labels that have files.',
  caller: 'member',
  colony: inColony,
  input: {
    colonyname: Text,
    /** Empty: all labels. The names in the reply begin with it as it was written. */
    name: optional(Text),
    /** True: this label and all below it. False: all that begin with this text, `/ab` for `/a` too. */
    exact: optional(Flag),
    /** Ours: most labels, up to `limits.fileCountMax`; 0: that many. */
    count: optional(Int32),
    /** Ours: the name of the last label of the page before. */
    after: optional(Text),
  },
  output: ListOrNull(FileLabel),
  errors: ['bad_request'],
  repeatable: true,
})

export const getFileTree = operation({
  payloadtype: 'getfiletreemsg',
  summary: 'Ours: the newest revisions of all files of a label and of all labels below it, by label and name.',
  caller: 'member',
  colony: inColony,
  input: {
    colonyname: Text,
    /** Empty or `/`: the whole colony. */
    label: optional(Text),
    /** Most files, up to `limits.fileTreeCountMax`; 0: that many. */
    count: optional(Int32),
    /** Label and name of the last file of the page before. */
    afterlabel: optional(Text),
    aftername: optional(Text),
  },
  output: List(FileEntry),
  errors: ['bad_request'],
  repeatable: true,
})

export const removeFile = operation({
  payloadtype: 'removefilemsg',
  summary: 'Remove one revision by its id, or all of a label and name. Snapshots keep what they have.',
  caller: 'member',
  colony: inColony,
  input: {
    colonyname: Text,
    /** When given, label and name are not looked at. */
    fileid: optional(Text),
    label: optional(Text),
    name: optional(Text),
    /** Ours: tell which objects can be deleted. The server's own store deletes them by itself. */
    listobjects: optional(Flag),
  },
  output: Shape({
    /** Objects that no revision names any more, where they were asked for. */
    objects: omitEmpty(List(S3Object)),
  }),
  errors: ['bad_request'],
})

export const removeFileTree = operation({
  payloadtype: 'removefiletreemsg',
  summary: 'Ours: remove all revisions of all files of a label and of all labels below it, some at a time.',
  caller: 'member',
  colony: inColony,
  input: {
    colonyname: Text,
    /** `/`: the whole colony. */
    label: Text,
    /** Most revisions of this call, up to `limits.fileTreeCountMax`; 0: that many. */
    count: optional(Int32),
  },
  output: Shape({
    /** Revisions; call again until it is 0. */
    removed: Int,
    /** Objects that no revision names any more: their bytes can be deleted. */
    objects: List(S3Object),
  }),
  errors: ['bad_request'],
})
