import {
  checkFileLabel,
  checkFileName,
  checkLabel,
  labelAsAsked,
  labelsBelow,
  labelsWithPrefix,
  normaliseFileLabel,
  s3Endpoint,
} from '@colonies/core'
import {
  type FileRow,
  findFile,
  listFileLabels,
  listFiles,
  listRevisions,
  listTree,
  type NewFile,
  type ObjectPlace,
  removeRevision,
  removeRevisions,
  removeTree,
} from '@colonies/database'
import { newId } from '@colonies/identity'
import { ColoniesError, type FileRevision, limits, type ServerSide } from '@colonies/protocol'
import type { Call, Caller, Colony, Handlers, Replica } from '../handler.js'

type Revision = ServerSide<typeof FileRevision>

/** Revisions of one transaction: few, so that nobody who adds files waits long. */
const REMOVED_AT_ONCE = 1000

export const fileHandlers = {
  async addFile({ file, previous }, call) {
    const { caller, colony, replica } = call
    const fresh = newFile(file, caller)
    const newest = previous === '' ? undefined : previous === 'none' ? null : previous
    const row = await replica.hotPath.addFile(colony.key, { file: fresh, previous: newest })
    if (!row)
      throw new ColoniesError(
        'conflict',
        `The newest revision of ${fresh.name} in ${fresh.label} is not the one named in previous: read it, then decide`,
      )
    await forgetOld(fresh, call)
    return fileOf(row, colony)
  },

  async getFile({ fileid, label, name, latest, count, after }, { db, colony }) {
    if (fileid !== '') {
      const row = await findFile(db, colony.key, fileid)
      if (!row) throw new ColoniesError('not_found', `Failed to get file, file with Id <${fileid}> not found`)
      return [fileOf(row, colony)]
    }
    const asked = revisionsOf(label, name)
    const rows = await listRevisions(db, colony.key, {
      ...asked,
      before: after,
      count: latest ? 1 : pageSize(count, limits.fileRevisionCountMax),
    })
    // Behind the last page there is nothing; without a page there is no such file.
    if (rows.length === 0 && after === 0)
      throw new ColoniesError('not_found', `Failed to get file, file <${name}> not found in label <${asked.label}>`)
    return rows.map((row) => fileOf(row, colony))
  },

  async getFiles({ label, count, after }, { db, colony }) {
    const page = { label: normaliseFileLabel(label), after, count: pageSize(count, limits.fileCountMax) }
    const rows = await listFiles(db, colony.key, page)
    return rows.map(({ name, checksum, size, object }) => ({ name, checksum, size: Number(size), s3filename: object }))
  },

  async getFileLabels({ name, exact, count, after }, { db, colony }) {
    // Each name in the reply begins with it.
    if (Buffer.byteLength(name) > limits.fileLabelBytesMax)
      throw new ColoniesError('bad_request', `name must have at most ${limits.fileLabelBytesMax} bytes`)
    const below = exact && name !== ''
    const rows = await listFileLabels(db, colony.key, {
      labels: below ? labelsBelow(name) : labelsWithPrefix(name),
      after: after === '' ? '' : normaliseFileLabel(after),
      count: pageSize(count, limits.fileCountMax),
    })
    return rows.map(({ label, revisions }) => ({ name: labelAsAsked(label, name, below), files: Number(revisions) }))
  },

  async getFileTree({ label, count, afterlabel, aftername }, { db, colony }) {
    const rows = await listTree(db, colony.key, {
      labels: labelsBelow(label),
      after: { label: afterlabel === '' ? '' : normaliseFileLabel(afterlabel), name: aftername },
      count: pageSize(count, limits.fileTreeCountMax),
    })
    return rows.map((row) => fileEntryOf(row, colony))
  },

  async removeFile({ fileid, label, name, listobjects }, { db, colony, replica }) {
    const unused = fileid === '' ? [] : (await removeRevision(db, colony.key, fileid)).unused
    if (fileid === '') {
      const old = { ...revisionsOf(label, name), keep: 0, limit: REMOVED_AT_ONCE }
      for (let count = REMOVED_AT_ONCE; count === REMOVED_AT_ONCE; ) {
        const removed = await removeRevisions(db, colony.key, old)
        unused.push(...removed.unused)
        count = removed.count
      }
    }
    await removeBytes(replica, colony, unused)
    return { objects: listobjects ? unused.map(objectOf) : [] }
  },

  async removeFileTree({ label, count }, { db, colony, replica }) {
    if (label === '') throw new ColoniesError('bad_request', 'label is empty: write / for all files of the colony')
    const limit = pageSize(count, limits.fileTreeCountMax)
    const removed = await removeTree(db, colony.key, labelsBelow(label), limit)
    await removeBytes(replica, colony, removed.unused)
    return { removed: removed.count, objects: removed.unused.map(objectOf) }
  },
} satisfies Partial<Handlers>

/** Objects of the server's own store go with the last revision that names them; those of other services are their owner's. */
async function removeBytes({ store }: Replica, colony: Colony, unused: readonly ObjectPlace[]): Promise<void> {
  if (!store) return
  for (const bucket of new Set(unused.map((one) => one.bucket))) {
    const keys = unused.filter((one) => one.bucket === bucket).map((one) => one.object)
    await store.remove(colony.key, bucket, keys)
  }
}

/** How many rows somebody gets who asked for `count`. */
export function pageSize(count: number, most: number): number {
  if (count < 0) throw new ColoniesError('bad_request', `count must not be negative, got ${count}`)
  return count === 0 ? most : Math.min(count, most)
}

function revisionsOf(label: string, name: string): { label: string; name: string } {
  if (label === '' || name === '')
    throw new ColoniesError('bad_request', 'Which file? Fill in fileid, or both label and name')
  return { label: normaliseFileLabel(label), name }
}

/** Id, number and time are the server's to set, and keys of an S3 service are dropped: what came of them is not looked at. */
function newFile({ label, name, size, checksum, checksumalg, ref: { s3object } }: Revision, caller: Caller): NewFile {
  const path = checkFileLabel(label, 'file.label')
  checkFileName(name, 'file.name')
  if (size < 0) throw new ColoniesError('bad_request', `file.size must not be negative, got ${size}`)
  const { tls, region, encryptionkey, encryptionalg, bucket, object } = s3object
  for (const [field, text] of Object.entries({ checksum, checksumalg })) checkLabel(text, `file.${field}`)
  for (const [field, text] of Object.entries({ server: s3object.server, region, encryptionkey, encryptionalg, bucket }))
    checkLabel(text, `file.ref.s3object.${field}`)
  if (Buffer.byteLength(object) > limits.fileLabelBytesMax)
    throw new ColoniesError('bad_request', `file.ref.s3object.object has more than ${limits.fileLabelBytesMax} bytes`)
  return {
    file_id: newId(),
    label: path,
    name,
    size,
    checksum,
    checksum_alg: checksumalg,
    ...s3Endpoint(s3object),
    tls,
    region,
    encryption_key: encryptionkey,
    encryption_alg: encryptionalg,
    bucket,
    object,
    initiator_id: caller.id,
    initiator_name: caller.name,
  }
}

/** Removes revisions beyond those that the server is set to keep. Should it not come to that, the next one that is added will. */
async function forgetOld({ label, name }: NewFile, { db, colony, replica }: Call): Promise<void> {
  const { fileRevisions } = replica.config
  if (fileRevisions === undefined) return
  const old = { label, name, keep: fileRevisions, limit: REMOVED_AT_ONCE }
  const { unused } = await removeRevisions(db, colony.key, old)
  await removeBytes(replica, colony, unused)
}

export function fileOf(row: FileRow, colony: Colony): Revision {
  return {
    fileid: row.file_id,
    colonyname: colony.name,
    label: row.label,
    name: row.name,
    size: Number(row.size),
    sequencenr: Number(row.sequence_nr),
    checksum: row.checksum,
    checksumalg: row.checksum_alg,
    ref: { protocol: 's3', s3object: objectOf(row) },
    added: row.added_at,
  }
}

export function fileEntryOf(row: FileRow, colony: Colony) {
  return { ...fileOf(row, colony), initiatorid: row.initiator_id, initiatorname: row.initiator_name }
}

function objectOf({ server, port, tls, region, encryption_key, encryption_alg, bucket, object }: ObjectPlace) {
  return {
    server,
    port,
    tls,
    accesskey: '',
    secretkey: '',
    region,
    encryptionkey: encryption_key,
    encryptionalg: encryption_alg,
    object,
    bucket,
  }
}
