import {
  abandonedUploads,
  abortUpload,
  coloniesWithObjects,
  type Db,
  filesWithoutRow,
  unnamedObjects,
} from '@colonies/database'
import type { ObjectFolder } from '../store/object-folder.js'
import { FILES_BUCKET, type ObjectStore } from '../store/object-store.js'
import { eachColony } from './each-colony.js'
import type { Loop } from './loop.js'

const BATCH = 1000
/** A file is stored a moment before its row: what is younger may still get one. */
const SETTLED_MS = 60 * 60_000
/** Bytes that have not come for so long do not come any more. */
const INCOMING_MS = 24 * 60 * 60_000

const inEachColony = eachColony('store clean-up')

/**
 * Removes what nothing names: bytes left by crashes before their row was written, objects whose file was never added or
 * is gone, and uploads that nobody went on with.
 */
export function storeCleanUp(store: ObjectStore): Loop {
  const { folder } = store
  return {
    name: 'store clean-up',
    everyMs: 60 * 60_000,
    async runOnce(context) {
      const { db, log, signal } = context
      const more = await inEachColony(await coloniesWithObjects(db), context, async (colony) => {
        const uploads = await abandonedUploads(db, colony, BATCH)
        for (const uploadId of uploads) await folder.remove(colony, (await abortUpload(db, colony, uploadId)) ?? [])
        const unnamed = await unnamedObjects(db, colony, FILES_BUCKET, { after: '', limit: BATCH })
        await store.remove(colony, FILES_BUCKET, unnamed)
        return unnamed.length === BATCH || uploads.length === BATCH
      })
      let removed = await folder.removeOldIncoming(Date.now() - INCOMING_MS)
      for (const colony of await folder.colonies()) {
        for await (const fileIds of folder.files(colony)) {
          if (signal.aborted) return 'rest'
          removed += await removeUnknown(db, folder, colony, fileIds)
        }
      }
      if (removed > 0) log.info('removed files that no object has', { removed })
      return more
    },
  }
}

async function removeUnknown(db: Db, folder: ObjectFolder, colony: number, fileIds: string[]): Promise<number> {
  const settled = fileIds.filter((fileId) => timeOf(fileId) < Date.now() - SETTLED_MS)
  let removed = 0
  for (let at = 0; at < settled.length; at += BATCH) {
    const unknown = await filesWithoutRow(db, colony, settled.slice(at, at + BATCH))
    await folder.remove(colony, unknown)
    removed += unknown.length
  }
  return removed
}

/** Ids begin with the milliseconds at which they were made. */
function timeOf(id: string): number {
  return Number.parseInt(id.slice(0, 12), 16)
}
