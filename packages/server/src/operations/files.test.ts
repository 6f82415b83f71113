import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coloniesWithRemovedSnapshots, releaseFiles, sql } from '@colonies/database'
import { type TestColony, testColony } from '@colonies/testkit'

interface Wanted {
  label?: string
  name?: string
  object?: string
}

function adding({ user, name: colonyname }: TestColony) {
  return ({ label = '/data', name = 'a.txt', object = 'key' }: Wanted = {}) =>
    user.addFile({
      file: { colonyname, label, name, size: 7, checksum: 'c', ref: { s3object: { object, bucket: 'bucket' } } },
    })
}

/** As the clean-up does in the background, here one file at a time. */
async function releaseAll({ db }: TestColony): Promise<void> {
  for (const key of await coloniesWithRemovedSnapshots(db)) while (await releaseFiles(db, key, 1));
}

test('a file that the Go client adds can be downloaded by the Python client, and nobody reads its secrets', async (t) => {
  const { user, name: colonyname, db } = await testColony(t)
  const s3object = { server: 's3.local:9000', port: -1, accesskey: 'AKIA', secretkey: 'hush', object: 'k', bucket: 'b' }
  const added = await user.addFile({ file: { colonyname, label: '/d', name: 'f', ref: { s3object } } })
  const { server, port, accesskey, secretkey } = added.ref.s3object
  assert.deepEqual([server, port, accesskey, secretkey], ['s3.local', 9000, '', ''])
  assert.deepEqual(await user.getFile({ colonyname, fileid: added.fileid }), [added])
  const row = await db.one<{ text: string }>(sql`select to_jsonb(f)::text as text from files f where colony <> 0`)
  assert.doesNotMatch(row?.text ?? assert.fail('no row'), /AKIA|hush/)
})

test('adding a file again makes a revision, and the newest one counts', async (t) => {
  const colony = await testColony(t)
  const { user, name: colonyname } = colony
  const add = adding(colony)
  const first = await add({ object: 'one' })
  const second = await add({ object: 'two' })
  assert.deepEqual([first.sequencenr, second.sequencenr], [1, 2])
  const one = { colonyname, label: '/data', name: 'a.txt' }
  assert.deepEqual(await user.getFile(one), [second, first])
  assert.deepEqual(await user.getFile({ ...one, latest: true }), [second])
  assert.deepEqual(await user.getFile({ ...one, after: 2 }), [first])
  assert.deepEqual(await user.getFile({ ...one, after: 1 }), [])
  assert.deepEqual(await user.getFiles({ colonyname, label: '/data' }), [
    { name: 'a.txt', checksum: 'c', size: 7, s3filename: 'two' },
  ])
  assert.deepEqual(await user.getFileLabels({ colonyname }), [{ name: '/data', files: 2 }])
})

test('who adds a file after somebody else did is told so', async (t) => {
  const colony = await testColony(t)
  const { user, name: colonyname } = colony
  const file = { colonyname, label: '/data', name: 'a.txt' }
  const { fileid } = await user.addFile({ file, previous: 'none' })
  await assert.rejects(user.addFile({ file, previous: 'none' }), { code: 'conflict', status: 409 })
  await user.addFile({ file, previous: fileid })
  await assert.rejects(user.addFile({ file, previous: fileid }), { code: 'conflict' })
  const all = await Promise.allSettled(
    Array.from({ length: 10 }, (_, n) =>
      user.addFile({ file: { ...file, name: 'b' }, previous: n < 5 ? 'none' : 'x' }),
    ),
  )
  assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 1)
})

test('many files added at once get numbers without gaps, and their labels are counted', async (t) => {
  const colony = await testColony(t)
  const { user, name: colonyname } = colony
  const add = adding(colony)
  const added = await Promise.all(Array.from({ length: 200 }, (_, n) => add({ label: `/l${n % 7}`, name: `f${n}` })))
  assert.deepEqual(
    added.map(({ sequencenr }) => sequencenr).sort((a, b) => a - b),
    Array.from({ length: 200 }, (_, n) => n + 1),
  )
  const labels = await user.getFileLabels({ colonyname })
  assert.deepEqual(
    labels.map(({ name, files }) => [name, files]),
    Array.from({ length: 7 }, (_, n) => [`/l${n}`, n < 4 ? 29 : 28]),
  )
})

test('labels are found below a root without files of its own, and `/a` is not `/ab`', async (t) => {
  const colony = await testColony(t)
  const { user, name: colonyname } = colony
  const add = adding(colony)
  for (const label of ['a/x', '/a/y/z', '/ab', '/a-b', '/']) await add({ label })
  const names = async (name: string, exact: boolean) =>
    (await user.getFileLabels({ colonyname, name, exact })).map((label) => label.name)
  assert.deepEqual(await names('/a', true), ['/a/x', '/a/y/z'])
  assert.deepEqual(await names('a', true), ['a/x', 'a/y/z'])
  assert.deepEqual(await names('/a', false), ['/a-b', '/a/x', '/a/y/z', '/ab'])
  assert.deepEqual(await names('/_', false), [])
  assert.deepEqual(await names('/', true), ['/', '//a-b', '//a/x', '//a/y/z', '//ab'])
  assert.equal((await user.getFiles({ colonyname, label: '//a/x' })).length, 1)
  assert.deepEqual(
    (await user.getFileLabels({ colonyname, name: '/a', exact: true, count: 1, after: '/a/x' })).map(
      ({ name }) => name,
    ),
    ['/a/y/z'],
  )
})

test('a tree is read in pages, the newest revision of each file with who added it', async (t) => {
  const colony = await testColony(t)
  const { user, name: colonyname } = colony
  const add = adding(colony)
  for (const label of ['/t', '/t/a', '/t/b/c', '/t-other'])
    for (const name of ['1', '2', '3']) {
      await add({ label, name, object: 'old' })
      await add({ label, name, object: 'new' })
    }
  const pages: string[] = []
  let last = { label: '', name: '' }
  for (;;) {
    const page = await user.getFileTree({
      colonyname,
      label: 't/',
      count: 2,
      afterlabel: last.label,
      aftername: last.name,
    })
    if (page.length === 0) break
    for (const { label, name, ref, initiatorname } of page)
      pages.push(`${label} ${name} ${ref.s3object.object} ${initiatorname}`)
    last = page.at(-1) ?? last
  }
  assert.deepEqual(
    pages,
    ['/t', '/t/a', '/t/b/c'].flatMap((label) => ['1', '2', '3'].map((name) => `${label} ${name} new me`)),
  )
})

test('a removed file is gone from lists; in a snapshot it can be read until the snapshot is removed', async (t) => {
  const colony = await testColony(t)
  const { user, name: colonyname } = colony
  const add = adding(colony)
  const kept = await add({ name: 'kept' })
  const lost = await add({ name: 'lost' })
  const snapshot = await user.createSnapshot({ colonyname, label: '/data/', name: 'before' })
  const also = await user.createSnapshot({ colonyname, label: '/', name: 'also:this' })
  const later = await add({ name: 'kept' })
  for (const name of ['kept', 'lost']) await user.removeFile({ colonyname, label: '/data', name })

  assert.deepEqual(await user.getFileTree({ colonyname }), [])
  assert.deepEqual(await user.getFileLabels({ colonyname }), [])
  await assert.rejects(user.getFile({ colonyname, label: '/data', name: 'kept' }), { code: 'not_found' })
  await assert.rejects(user.getFile({ colonyname, fileid: later.fileid }), { code: 'not_found' })
  const pinned = await user.getSnapshotFiles({ colonyname, name: 'before' })
  assert.deepEqual(
    pinned.map(({ fileid }) => fileid),
    snapshot.fileids,
  )
  assert.deepEqual(snapshot.fileids, [kept.fileid, lost.fileid])

  await user.removeSnapshot({ colonyname, name: 'before' })
  await releaseAll(colony)
  assert.deepEqual(await user.getFile({ colonyname, fileid: kept.fileid }), [kept])
  await user.removeSnapshot({ colonyname, snapshotid: also.snapshotid })
  await releaseAll(colony)
  await assert.rejects(user.getFile({ colonyname, fileid: kept.fileid }), { code: 'not_found' })
})

test('removing a tree tells which objects nothing names any more', async (t) => {
  const colony = await testColony(t)
  const { user, name: colonyname } = colony
  const add = adding(colony)
  await add({ label: '/t', object: 'shared' })
  await add({ label: '/t/a', object: 'own' })
  await add({ label: '/t/a', object: 'pinned' })
  await add({ label: '/other', object: 'shared' })
  await user.createSnapshot({ colonyname, label: '/t/a', name: 's' })
  const { removed, objects } = await user.removeFileTree({ colonyname, label: '/t' })
  assert.deepEqual([removed, objects.map(({ object, bucket }) => `${bucket}/${object}`)], [3, ['bucket/own']])
  assert.equal((await user.removeFileTree({ colonyname, label: '/t' })).removed, 0)
  assert.deepEqual(await user.getFileLabels({ colonyname }), [{ name: '/other', files: 1 }])
})

test('a server may be set to keep only so many revisions', async (t) => {
  const colony = await testColony(t, { env: { COLONIES_FILE_REVISIONS: '2' } })
  const add = adding(colony)
  const added = [await add(), await add(), await add()]
  const kept = await colony.user.getFile({ colonyname: colony.name, label: '/data', name: 'a.txt' })
  assert.deepEqual(
    kept.map(({ fileid }) => fileid),
    [added[2]?.fileid, added[1]?.fileid],
  )
})

test('what function specs say about files comes back as it was sent', async (t) => {
  const colony = await testColony(t)
  const specs = [
    { mount: '/cfs', snapshots: null, dirs: null },
    { mount: '', snapshots: [], dirs: [] },
    {
      mount: '/cfs',
      snapshots: [{ snapshotid: '', label: '/src', dir: '/src', keepfiles: false, keepsnapshot: true }],
      dirs: [
        {
          label: '/out/{processid}',
          dir: '/out',
          keepfiles: true,
          onconflicts: { onstart: { keeplocal: false }, onclose: { keeplocal: true } },
        },
      ],
    },
  ]
  for (const fs of specs) {
    const processid = await colony.submit({ fs } as never)
    const { spec } = await colony.user.getProcess({ processid })
    assert.deepEqual(spec.fs, fs)
  }
})
