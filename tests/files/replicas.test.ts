import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from '@colonies/client'
import { testColony } from '@colonies/testkit'

test('files and snapshots are the same on each replica, whoever is asked', async (t) => {
  const colony = await testColony(t)
  const { name: colonyname } = colony
  const other = await colony.anotherReplica()
  const replicas = [colony.user, createClient({ endpoint: other.url, privateKey: colony.keys.user })]
  const on = (n: number) => replicas[n % 2] ?? colony.user
  const file = { colonyname, label: '/data' }
  const added = await Promise.all(
    Array.from({ length: 100 }, (_, n) => on(n).addFile({ file: { ...file, name: `f${n % 10}` } })),
  )
  assert.equal(new Set(added.map(({ sequencenr }) => sequencenr)).size, 100)
  const first = Array.from({ length: 20 }, (_, n) =>
    on(n).addFile({ file: { ...file, name: 'new' }, previous: 'none' }),
  )
  const outcomes = await Promise.allSettled(first)
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  const snapshots = Array.from({ length: 10 }, (_, n) => on(n).createSnapshot({ colonyname, label: '/', name: 's' }))
  const made = await Promise.allSettled(snapshots)
  assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 1)
  await Promise.all(added.map(({ fileid }, n) => on(n + 1).removeFile({ colonyname, fileid })))
  for (const user of replicas) {
    assert.deepEqual(await user.getFileLabels({ colonyname }), [{ name: '/data', files: 1 }])
    const { fileids } = await user.getSnapshot({ colonyname, name: 's' })
    assert.equal(fileids.length, 11)
    assert.equal((await user.getSnapshotFiles({ colonyname, name: 's' })).length, 11)
  }
})
