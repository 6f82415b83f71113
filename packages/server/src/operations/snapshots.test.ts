import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testColony } from '@colonies/testkit'

test('a snapshot has the newest revisions of a label and of all below it', async (t) => {
  const { user, name: colonyname } = await testColony(t)
  const add = async (label: string, name = 'f') => (await user.addFile({ file: { colonyname, label, name } })).fileid
  await add('/src/a')
  const ids = [await add('/src/a'), await add('/src/b/c')]
  await add('/srcs')
  const made = await user.createSnapshot({ colonyname, label: '/src/', name: 'v1' })
  assert.deepEqual([made.label, made.fileids], ['/src', ids])
  assert.deepEqual(await user.getSnapshot({ colonyname, name: 'v1' }), made)
  assert.deepEqual(await user.getSnapshot({ colonyname, snapshotid: made.snapshotid }), made)
  const whole = await user.createSnapshot({ colonyname, label: '/', name: 'all' })
  assert.deepEqual([whole.label, whole.fileids.length], ['', 3])
  const nothing = await user.createSnapshot({ colonyname, label: '/none', name: 'empty' })
  assert.deepEqual(await user.getSnapshots({ colonyname }), [nothing, whole, made])
  assert.deepEqual(await user.getSnapshots({ colonyname, count: 1, after: nothing.snapshotid }), [whole])
})

test('the name of a snapshot is taken until it is removed', async (t) => {
  const { user, name: colonyname } = await testColony(t)
  const create = () => user.createSnapshot({ colonyname, label: '/', name: 'v:1' })
  await create()
  await assert.rejects(create(), { code: 'already_exists', message: /already exists/ })
  await user.removeSnapshot({ colonyname, name: 'v:1' })
  await user.removeSnapshot({ colonyname, name: 'v:1' })
  await create()
  await user.removeAllSnapshots({ colonyname })
  assert.deepEqual(await user.getSnapshots({ colonyname }), [])
  await assert.rejects(user.getSnapshot({ colonyname, name: 'v:1' }), { code: 'not_found' })
})

test('a snapshot taken while files come and go has only files that were there together, and keeps them', async (t) => {
  const { user, name: colonyname } = await testColony(t)
  const file = { colonyname, label: '/pair' }
  // Of each pair, the first comes before the second and goes after it.
  const pair = async (n: number) => {
    const [a, b] = [`${n}-a`, `${n}-b`]
    await user.addFile({ file: { ...file, name: a } })
    await user.addFile({ file: { ...file, name: b } })
    await user.removeFile({ ...file, name: b })
    await user.removeFile({ ...file, name: a })
  }
  const snapshot = async (n: number) => {
    await user.createSnapshot({ colonyname, label: '/pair', name: `s${n}` })
    const files = await user.getSnapshotFiles({ colonyname, name: `s${n}` })
    const { fileids } = await user.getSnapshot({ colonyname, name: `s${n}` })
    assert.deepEqual(
      files.map(({ fileid }) => fileid),
      fileids,
    )
    const names = new Set(files.map(({ name }) => name))
    for (const name of names) if (name.endsWith('b')) assert.ok(names.has(name.replace('b', 'a')), [...names].join())
    return names.size
  }
  const numbers = Array.from({ length: 40 }, (_, n) => n)
  const [sizes] = await Promise.all([Promise.all(numbers.map(snapshot)), Promise.all(numbers.map(pair))])
  assert.equal(sizes.length, 40)
})
