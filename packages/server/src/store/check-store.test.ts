import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ensureBucket, insertFiles, type NewFile } from '@colonies/database'
import { newId } from '@colonies/identity'
import { addColonyRows, testDatabase } from '@colonies/testkit'
import { compareStore } from './check-store.js'
import { ObjectStore } from './object-store.js'

const place = {
  server: '',
  port: 0,
  tls: false,
  region: '',
  encryption_key: '',
  encryption_alg: '',
  bucket: 'colonies',
}
const revision = { label: '/data', checksum: '', checksum_alg: '', size: 3, initiator_id: 'x', initiator_name: 'me' }

test('what a restore has torn apart is found: objects without bytes, by the files that name them, and bytes of nobody', async (t) => {
  const { db } = await testDatabase(t)
  const folder = await mkdtemp(join(tmpdir(), 'colonies-objects-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const config = { folder, quotaBytes: 1_000_000 }
  const store = await ObjectStore.open({ db, ...config })
  const colony = await addColonyRows(db, 'dev')
  await ensureBucket(db, colony, 'colonies', 10)
  const keys = [newId(), newId()] as const
  for (const key of keys) {
    const description = { contentType: '', metadata: {}, announcedBytes: 3 }
    await store.put(colony, { bucket: 'colonies', key }, bytes(), description)
  }
  const file = (name: string, object: string): NewFile => ({ ...place, ...revision, file_id: newId(), name, object })
  await insertFiles(db, colony, [file('kept', keys[0]), file('lost', keys[1])])
  assert.deepEqual(await compareStore(db, config), { objects: 2, missing: [], unnamed: 0 })

  const lost = await store.get(colony, { bucket: 'colonies', key: keys[1] })
  await store.folder.remove(colony, [lost.file_id])
  await (await store.folder.receive(colony, bytes())).keep()
  assert.deepEqual(await compareStore(db, config), {
    objects: 2,
    missing: [{ colony, bucket: 'colonies', key: keys[1], files: ['/data/lost'] }],
    unnamed: 1,
  })
})

async function* bytes() {
  yield Buffer.from('abc')
}
