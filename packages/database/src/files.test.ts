import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onOneServer, testDatabase } from '@colonies/testkit'
import type { Db } from './db.js'
import { removeRevision, removeRevisions, removeTree } from './file-removals.js'
import {
  addFiles,
  emptyFileAddedAt,
  findFile,
  insertFiles,
  listFileLabels,
  listFiles,
  listRevisions,
  listTree,
  type NewFile,
  referencedObjects,
} from './files.js'
import {
  findSnapshot,
  insertSnapshot,
  listSnapshotFiles,
  listSnapshots,
  releaseFiles,
  removeSnapshot,
} from './snapshots.js'
import { sql } from './sql.js'
import { testColony } from './testing/colony.js'
import { watched } from './testing/watched.js'

let made = 0
const file = (label: string, name: string, object = `object${made}`): NewFile => ({
  file_id: String(++made).padStart(64, '0'),
  label,
  name,
  size: 1,
  checksum: '',
  checksum_alg: '',
  server: '',
  port: 0,
  tls: false,
  region: '',
  encryption_key: '',
  encryption_alg: '',
  bucket: 'bucket',
  object,
  initiator_id: 'me-id',
  initiator_name: 'me',
})

const all = { own: undefined, low: '/', high: '0' }
const below = (label: string) => ({ own: label, low: `${label}/`, high: `${label}0` })
const snapshot = (name: string) => ({ snapshot_id: name, name, label: '', initiator_id: '', initiator_name: '' })
const start = { label: '', name: '' }

const statements: Record<string, (db: Db, colony: number) => Promise<unknown>> = {
  insertFiles: (db, c) => insertFiles(db, c, [file('/x/1', 'a'), file('/x/2', 'a')]),
  addFiles: (db, c) => addFiles(db, c, [{ file: file('/y', String(made)), previous: null }]),
  findFile: (db, c) => findFile(db, c, 'x'),
  listRevisions: (db, c) => listRevisions(db, c, { label: '/x/1', name: 'a', before: 9, count: 10 }),
  listFiles: (db, c) => listFiles(db, c, { label: '/x/1', after: '', count: 10 }),
  listTree: (db, c) => listTree(db, c, { labels: below('/x'), after: start, count: 10 }),
  listFileLabels: (db, c) => listFileLabels(db, c, { labels: below('/x'), after: '', count: 10 }),
  referencedObjects: (db, c) => referencedObjects(db, c, 'bucket', ['a', 'b']),
  emptyFileAddedAt: (db, c) => emptyFileAddedAt(db, c, { bucket: 'bucket', object: 'a' }),
  insertSnapshot: (db, c) => insertSnapshot(db, c, snapshot(`s${++made}`), { labels: below('/x'), most: 100 }),
  findSnapshot: (db, c) => findSnapshot(db, c, { snapshotId: '', name: 's' }),
  listSnapshots: (db, c) => listSnapshots(db, c, { after: '', count: 10, filesMax: 100 }),
  async listSnapshotFiles(db, c) {
    await insertSnapshot(db, c, { ...snapshot('kept'), snapshot_id: `id${++made}` }, { labels: below('/x'), most: 100 })
    await listSnapshotFiles(db, c, { snapshotId: '', name: 'kept' }, { after: 1, count: 10 })
  },
  removeRevision: (db, c) => removeRevision(db, c, 'x'),
  removeRevisions: (db, c) => removeRevisions(db, c, { label: '/x/1', name: 'a', keep: 1, limit: 10 }),
  removeTree: (db, c) => removeTree(db, c, below('/x'), 1),
  async releaseFiles(db, c) {
    await removeSnapshot(db, c, { snapshotId: '', name: 'kept' })
    await releaseFiles(db, c, 1)
  },
}

/** An index scan that has no more than the colony to go by reads all that the colony has. */
const wholeColony =
  /using (files|file_labels|snapshot_files|snapshots_pkey|snapshots_name)\w* .*\n\s+Index Cond: \(colony = \S+\)\n/

test(
  'statements about files look into indexes on empty, freshly filled and analysed tables',
  onOneServer('it reads plans of plain tables'),
  async (t) => {
    const { db } = await testDatabase(t)
    const { key } = await testColony(db, 'dev', [])
    const check = async (age: string) => {
      for (const [name, run] of Object.entries(statements)) {
        const plans: string[] = []
        await run(watched(db, plans), key)
        const plan = plans.join('\n')
        assert.doesNotMatch(plan, /Seq Scan on (files|file_\w+|snapshots|snapshot_files)/, `${name}, ${age}:\n${plan}`)
        assert.doesNotMatch(plan, wholeColony, `${name}, ${age}:\n${plan}`)
      }
    }
    await check('empty')
    const many = Array.from({ length: 3000 }, (_, n) => file(`/fill/${n % 100}`, `f${n % 1000}`))
    await insertFiles(db, key, many)
    await insertSnapshot(db, key, snapshot('fill'), { labels: below('/fill'), most: 10_000 })
    await check('freshly filled')
    for (const analyse of [
      sql`analyze files`,
      sql`analyze file_labels`,
      sql`analyze snapshots`,
      sql`analyze snapshot_files`,
    ])
      await db.run(analyse)
    await check('analysed')
  },
)

test('labels are counted right, whatever is added and removed at the same time', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await testColony(db, 'dev', [])
  const random = (most: number) => Math.floor(Math.random() * most)
  const work = async () => {
    for (let round = 0; round < 30; round++) {
      const label = `/l${random(3)}`
      const name = `f${random(4)}`
      const kind = random(5)
      if (kind < 2) await insertFiles(db, key, [file(label, name), file(`/l${random(3)}`, name)])
      else if (kind === 2) await removeRevisions(db, key, { label, name, keep: random(2), limit: 3 })
      else if (kind === 3) await removeTree(db, key, below(label), 2)
      else if (round % 10 === 0) await insertSnapshot(db, key, snapshot(`s${++made}`), { labels: all, most: 100 })
    }
  }
  await Promise.all(Array.from({ length: 6 }, work))
  const counted = await db.all(sql`
    select label, count(*)::bigint as revisions from files where colony = ${key} and not hidden group by label order by label`)
  assert.deepEqual(await listFileLabels(db, key, { labels: all, after: '', count: 10 }), counted)
  const lost = await db.all(sql`
    select 1 from snapshot_files p where colony <> 0 and not exists (select 1 from files f where f.file_id = p.file_id)`)
  assert.deepEqual(lost, [])
})

test('a revision is added over the one that its caller knows, once, whatever else is added with it', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await testColony(db, 'dev', [])
  const [first] = await addFiles(db, key, [{ file: file('/a', 'x'), previous: null }])
  const over = (name: string, previous: string | null | undefined) => ({ file: file('/a', name), previous })
  const known = first?.file_id ?? ''
  const rows = await addFiles(db, key, [over('x', known), over('x', known), over('y', null), over('y', undefined)])
  assert.deepEqual(
    rows.map((row) => row !== undefined),
    [true, false, true, true],
  )
  assert.deepEqual(await addFiles(db, key, [over('x', known), over('y', null)]), [undefined, undefined])
  const atOnce = await Promise.all(
    Array.from({ length: 10 }, () => addFiles(db, key, [over('z', null), over('other', undefined)])),
  )
  assert.equal(atOnce.filter(([row]) => row).length, 1)
  assert.equal(atOnce.filter(([, row]) => row).length, 10)
})

test('an object is in use while any revision names it, also one that only a snapshot has', async (t) => {
  const { db } = await testDatabase(t)
  const { key } = await testColony(db, 'dev', [])
  const other = await testColony(db, 'lab', [])
  await insertFiles(db, other.key, [file('/a', 'x', 'foreign')])
  await insertFiles(db, key, [file('/a', 'x', 'one'), file('/a', 'y', 'two')])
  await insertSnapshot(db, key, snapshot('s'), { labels: all, most: 10 })
  await removeTree(db, key, all, 10)
  await insertFiles(db, key, [file('/a', 'z', 'three')])
  const used = () => referencedObjects(db, key, 'bucket', ['one', 'two', 'three', 'four', 'foreign'])
  assert.deepEqual([...(await used())].sort(), ['one', 'three', 'two'])
  await removeSnapshot(db, key, { snapshotId: '', name: 's' })
  while (await releaseFiles(db, key, 1));
  assert.deepEqual([...(await used())], ['three'])
})
