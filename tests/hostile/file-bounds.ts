import assert from 'node:assert/strict'
import { type Db, sql } from '@colonies/database'
import { limits } from '@colonies/protocol'
import type { Scene } from '../access/scene.js'

interface FileBench {
  db: Db
  scene: Scene
  colonyname: string
  allowed(by: 'user', payloadtype: string, payload: object): Promise<unknown>
  refused(by: 'user', payloadtype: string, payload: object): Promise<string>
}

/** Names of bounds that are about files and snapshots. */
type FileBound = Extract<keyof typeof limits, `file${string}` | `snapshot${string}`>

const file = (colonyname: string, changes: object) => ({ file: { colonyname, label: '/l', name: 'n', ...changes } })

/** The part of `bounds` that is about files and snapshots. */
export const fileBounds: Record<FileBound, (bench: FileBench) => Promise<void>> = {
  async fileLabelBytesMax({ colonyname, allowed, refused }) {
    await allowed('user', 'addfilemsg', file(colonyname, { label: `/${'é'.repeat(511)}x` }))
    assert.equal(
      await refused('user', 'addfilemsg', file(colonyname, { label: `/${'é'.repeat(512)}` })),
      '400 file.label must have at most 1024 bytes',
    )
    const ref = { s3object: { object: 'x'.repeat(1025) } }
    assert.equal(
      await refused('user', 'addfilemsg', file(colonyname, { ref })),
      '400 file.ref.s3object.object has more than 1024 bytes',
    )
  },

  async fileNameBytesMax({ colonyname, allowed, refused }) {
    await allowed('user', 'addfilemsg', file(colonyname, { name: 'x'.repeat(255) }))
    assert.equal(
      await refused('user', 'addfilemsg', file(colonyname, { name: 'é'.repeat(128) })),
      '400 file.name must have at most 255 bytes',
    )
  },

  async fileCountMax({ db, colonyname, scene }) {
    const { user } = scene.clients
    await addFiles(db, colonyname, { files: limits.fileCountMax + 1, labels: limits.fileCountMax + 1 })
    const labels = await user.getFileLabels({ colonyname, name: '/many', exact: true })
    assert.equal(labels.length, limits.fileCountMax)
    const rest = await user.getFileLabels({ colonyname, name: '/many', exact: true, after: labels.at(-1)?.name ?? '' })
    assert.equal(rest.length, 1)
    await db.run(sql`update files set label = '/many' where colony <> 0 and label like '/many/%'`)
    const files = await user.getFiles({ colonyname, label: '/many' })
    assert.equal(files.length, limits.fileCountMax)
    assert.equal((await user.getFiles({ colonyname, label: '/many', after: files.at(-1)?.name ?? '' })).length, 1)
  },

  async fileTreeCountMax({ db, colonyname, scene }) {
    const { user } = scene.clients
    await addFiles(db, colonyname, { files: 1001, labels: 10 })
    const page = await user.getFileTree({ colonyname })
    assert.equal(page.length, 1000)
    const last = page.at(-1)
    const rest = await user.getFileTree({ colonyname, afterlabel: last?.label ?? '', aftername: last?.name ?? '' })
    assert.equal(rest.length, 1)
    await user.createSnapshot({ colonyname, label: '/', name: 's' })
    assert.equal((await user.getSnapshotFiles({ colonyname, name: 's' })).length, 1000)
    assert.equal((await user.getSnapshotFiles({ colonyname, name: 's', after: 1000 })).length, 1)
    assert.equal((await user.removeFileTree({ colonyname, label: '/', count: 5000 })).removed, 1000)
  },

  async fileRevisionCountMax({ db, colonyname, scene }) {
    await addFiles(db, colonyname, { files: 1001, labels: 1 })
    await db.run(sql`update files set name = 'a' where colony <> 0`)
    const one = { colonyname, label: '/many/1', name: 'a' }
    const revisions = await scene.clients.user.getFile(one)
    assert.equal(revisions.length, 1000)
    const after = revisions.at(-1)?.sequencenr ?? 0
    assert.equal((await scene.clients.user.getFile({ ...one, after })).length, 1)
  },

  async snapshotFilesMax({ db, colonyname, scene, refused }) {
    await addFiles(db, colonyname, { files: limits.snapshotFilesMax + 1, labels: 1000 })
    assert.equal(
      await refused('user', 'createsnapshotmsg', { colonyname, label: '/', name: 's' }),
      '413 </> has more than 100000 files: take snapshots of labels below it',
    )
    await scene.clients.user.removeFileTree({ colonyname, label: '/', count: 1 })
    const { fileids } = await scene.clients.user.createSnapshot({ colonyname, label: '/', name: 's' })
    assert.equal(fileids.length, limits.snapshotFilesMax)
    await scene.clients.user.createSnapshot({ colonyname, label: '/many/1', name: 't' })
    const listed = await scene.clients.user.getSnapshots({ colonyname })
    assert.deepEqual(
      listed.map(({ name }) => name),
      ['t'],
    )
    const [next] = await scene.clients.user.getSnapshots({ colonyname, after: listed[0]?.snapshotid ?? '' })
    assert.equal(next?.name, 's')
  },

  async snapshotCountMax({ db, colonyname, scene }) {
    await db.run(sql`
      insert into snapshots (colony, snapshot_id, name, label, file_count, initiator_id, initiator_name)
      select colony_key, lpad(to_hex(n), 64, '0'), 's' || n, '', 0, '', '' from colonies, generate_series(1, 1001) n
      where colonies.name = ${colonyname}`)
    const listed = await scene.clients.user.getSnapshots({ colonyname })
    assert.deepEqual([listed.length, listed[0]?.name], [1000, 's1001'])
    const rest = await scene.clients.user.getSnapshots({ colonyname, after: listed.at(-1)?.snapshotid ?? '' })
    assert.equal(rest.length, 1)
  },
}

/** Adds files past the server: so many, spread over labels `/many/1` and so on. */
async function addFiles(db: Db, colonyname: string, { files, labels }: { files: number; labels: number }) {
  await db.run(sql`
    insert into files (colony, file_id, label, name, sequence_nr, size, checksum, checksum_alg, server, port, tls, region,
      encryption_key, encryption_alg, bucket, object, initiator_id, initiator_name)
    select colony_key, lpad(to_hex(n), 64, '0'), '/many/' || (n % ${labels}::int + 1), 'n' || n, n, 1, '', '', '', 0, false, '',
      '', '', '', '', '', ''
    from colonies, generate_series(1, ${files}::int) n where colonies.name = ${colonyname}`)
  await db.run(sql`
    insert into file_labels (colony, label, revisions)
    select colony, label, count(*) from files where colony <> 0 group by colony, label
    on conflict (colony, label) do update set revisions = excluded.revisions`)
}
