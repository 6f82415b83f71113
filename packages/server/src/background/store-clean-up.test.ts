import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ensureBucket, insertUpload, putObjects, putPart, sql, storeUsage } from '@colonies/database'
import { newId } from '@colonies/identity'
import { testDatabase } from '@colonies/testkit'
import { ObjectFolder } from '../store/object-folder.js'
import { ObjectStore } from '../store/object-store.js'
import { upkeepContext } from '../testing/upkeep.js'
import { storeCleanUp } from './store-clean-up.js'

async function start(t: TestContext) {
  const { db } = await testDatabase(t)
  const root = await mkdtemp(join(tmpdir(), 'colonies-objects-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  const store = await ObjectStore.open({ db, folder: root, quotaBytes: 1_000_000 })
  const { folder } = store
  const row = await db.one<{ key: number }>(sql`
    insert into colonies (name, colony_id) values ('dev', 'x') returning colony_key as key`)
  const colony = row?.key ?? 0
  await ensureBucket(db, colony, 'files', 10)
  return { db, root, store, folder, colony }
}

/** A file as it would look an hour and more after it was stored. */
async function oldFile(folder: ObjectFolder, colony: number): Promise<string> {
  const file = await folder.receive(colony, bytes('old'))
  return file.keep()
}

async function* bytes(text: string) {
  yield Buffer.from(text)
}

test('files that nothing names go once they are old enough; those of objects and parts stay', async (t) => {
  const { db, store, folder, colony } = await start(t)
  const later = { now: Date.now() + 2 * 60 * 60_000 }
  const [named, part, lost] = [
    await oldFile(folder, colony),
    await oldFile(folder, colony),
    await oldFile(folder, colony),
  ]
  const object = { bucket: 'files', key: 'k', contentType: '', metadata: '{}', etag: '', size: 3 }
  await putObjects(db, colony, [{ object: { ...object, fileId: named } }], 1000)
  const uploadId = newId()
  await insertUpload(db, colony, { ...object, uploadId }, 10)
  await putPart(db, colony, { uploadId, number: 1, fileId: part, size: 3, etag: '' }, 1000)

  await storeCleanUp(store).runOnce(upkeepContext(db))
  assert.ok(await exists(folder, colony, lost), 'its row may still come')
  t.mock.timers.enable({ apis: ['Date'], now: later.now })
  await storeCleanUp(store).runOnce(upkeepContext(db))
  assert.ok(!(await exists(folder, colony, lost)))
  assert.ok(await exists(folder, colony, named))
  assert.ok(await exists(folder, colony, part))
})

test('an upload that nobody completed in a week is given up, with its bytes', async (t) => {
  const { db, store, folder, colony } = await start(t)
  const part = await oldFile(folder, colony)
  const uploadId = newId()
  await insertUpload(db, colony, { uploadId, bucket: 'files', key: 'k', contentType: '', metadata: '{}' }, 10)
  await putPart(db, colony, { uploadId, number: 1, fileId: part, size: 3, etag: '' }, 1000)
  await db.run(sql`update uploads set begun_at = now() - interval '8 days' where colony = ${colony}`)
  await storeCleanUp(store).runOnce(upkeepContext(db))
  assert.ok(!(await exists(folder, colony, part)))
  assert.equal(await storeUsage(db, colony), 0n)
})

test('an object that no file names goes after a day; one that a file names stays', async (t) => {
  const { db, store, colony } = await start(t)
  await ensureBucket(db, colony, 'colonies', 10)
  const [named, lost] = [newId(), newId()]
  for (const key of [named, lost])
    await store.put(colony, { bucket: 'colonies', key }, bytes('x'), {
      contentType: '',
      metadata: {},
      announcedBytes: 1,
    })
  await db.run(sql`
    insert into files (colony, file_id, label, name, sequence_nr, size, checksum, checksum_alg, server, port, tls, region,
      encryption_key, encryption_alg, bucket, object, initiator_id, initiator_name)
    values (${colony}, ${newId()}, '/', 'a', 1, 1, '', '', '', 0, false, '', '', '', 'colonies', ${named}, '', '')`)
  await db.run(sql`update objects set stored_at = now() - interval '25 hours' where colony = ${colony}`)
  await storeCleanUp(store).runOnce(upkeepContext(db))
  assert.equal((await store.get(colony, { bucket: 'colonies', key: named })).key, named)
  await assert.rejects(store.get(colony, { bucket: 'colonies', key: lost }), /no such object/)
})

test('the folder of another database is refused', async (t) => {
  const { root } = await start(t)
  await assert.rejects(ObjectFolder.open(root, 'another store'), /COLONIES_STORE_DIR/)
})

async function exists(folder: ObjectFolder, colony: number, fileId: string): Promise<boolean> {
  const stream = await folder.read(colony, fileId)
  stream?.destroy()
  return stream !== undefined
}
