import { checkFileLabel, checkLabel, labelsBelow } from '@colonies/core'
import {
  findSnapshot,
  insertSnapshot,
  listSnapshotFiles,
  listSnapshots,
  removeSnapshot,
  removeSnapshots,
  type SnapshotKey,
  type SnapshotRow,
} from '@colonies/database'
import { newId } from '@colonies/identity'
import { ColoniesError, limits } from '@colonies/protocol'
import type { Colony, Handlers } from '../handler.js'
import { fileEntryOf, pageSize } from './files.js'

const REMOVED_AT_ONCE = 1000

export const snapshotHandlers = {
  async createSnapshot({ label, name }, { db, caller, colony }) {
    if (name === '') throw new ColoniesError('bad_request', 'name must not be empty')
    checkLabel(name, 'name')
    const root = checkFileLabel(label, 'label')
    const snapshot = {
      snapshot_id: newId(),
      name,
      label: root === '/' ? '' : root,
      initiator_id: caller.id,
      initiator_name: caller.name,
    }
    const most = limits.snapshotFilesMax
    const made = await insertSnapshot(db, colony.key, snapshot, { labels: labelsBelow(root), most })
    if (made === 'too_large')
      throw new ColoniesError('too_large', `<${root}> has more than ${most} files: take snapshots of labels below it`)
    if (made === 'exists')
      throw new ColoniesError(
        'already_exists',
        `Snapshot with name <${name}> in Colony <${colony.name}> already exists`,
      )
    return snapshotOf(made, colony)
  },

  async getSnapshot({ snapshotid, name }, { db, colony }) {
    const key = keyOf(snapshotid, name)
    return snapshotOf((await findSnapshot(db, colony.key, key)) ?? notFound(key, colony), colony)
  },

  async getSnapshots({ count, after }, { db, colony }) {
    const rows = await listSnapshots(db, colony.key, {
      after,
      count: pageSize(count, limits.snapshotCountMax),
      filesMax: limits.snapshotFilesMax,
    })
    return rows.map((row) => snapshotOf(row, colony))
  },

  async getSnapshotFiles({ snapshotid, name, count, after }, { db, colony }) {
    const key = keyOf(snapshotid, name)
    if (after < 0) throw new ColoniesError('bad_request', `after must not be negative, got ${after}`)
    const page = { after, count: pageSize(count, limits.fileTreeCountMax) }
    const rows = (await listSnapshotFiles(db, colony.key, key, page)) ?? notFound(key, colony)
    return rows.map((row) => fileEntryOf(row, colony))
  },

  async removeSnapshot({ snapshotid, name }, { db, colony }) {
    await removeSnapshot(db, colony.key, keyOf(snapshotid, name))
    return {}
  },

  async removeAllSnapshots(_, { db, colony }) {
    while ((await removeSnapshots(db, colony.key, REMOVED_AT_ONCE)) === REMOVED_AT_ONCE);
    return {}
  },
} satisfies Partial<Handlers>

function keyOf(snapshotId: string, name: string): SnapshotKey {
  if (snapshotId === '' && name === '')
    throw new ColoniesError('bad_request', 'Which snapshot? Fill in snapshotid or name')
  return { snapshotId, name }
}

function notFound({ snapshotId, name }: SnapshotKey, colony: Colony): never {
  const which = snapshotId === '' ? `with name <${name}>` : `with Id <${snapshotId}>`
  throw new ColoniesError('not_found', `Snapshot ${which} not found in Colony <${colony.name}>`)
}

function snapshotOf({ snapshot_id, label, name, file_ids, added_at }: SnapshotRow, colony: Colony) {
  return { snapshotid: snapshot_id, colonyname: colony.name, label, name, fileids: file_ids, added: added_at }
}
