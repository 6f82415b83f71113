import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Client, createClient } from '@colonies/client'
import { type Db, sql } from '@colonies/database'
import { generatePrivateKey } from '@colonies/identity'
import { testDatabase } from '@colonies/testkit'
import { makeElsewhere, makeScene } from '../access/scene.js'
import { startChildServer } from '../hostile/child-server.js'
import { assertSameMemory, assertSamePace, pace, type Steps, walk } from './pace.js'

/** One page of each list, at its beginning and deep in it; and what is done with one file. */
function stepsOf(user: Client, colonyname: string): Steps {
  return {
    'files of a label': () => user.getFiles({ colonyname, label: '/flat', count: 100 }),
    'files of a label, deep': () => user.getFiles({ colonyname, label: '/flat', count: 100, after: 'f0000500' }),
    'file with many revisions in a list': () => user.getFiles({ colonyname, label: '/deep' }),
    revisions: () => user.getFile({ colonyname, label: '/deep', name: 'f', count: 100 }),
    'newest revision': () => user.getFile({ colonyname, label: '/deep', name: 'f', latest: true }),
    labels: () => user.getFileLabels({ colonyname, count: 100 }),
    'labels, deep': () => user.getFileLabels({ colonyname, count: 100, after: '/many/0000500' }),
    'labels below one': () =>
      user.getFileLabels({ colonyname, name: '/many', exact: true, count: 100, after: '/many/0000500' }),
    tree: () => user.getFileTree({ colonyname, count: 100 }),
    'tree, deep': () =>
      user.getFileTree({ colonyname, label: '/many', count: 100, afterlabel: '/many/0000500', aftername: 'f' }),
    snapshots: () => user.getSnapshots({ colonyname, count: 100 }),
    'files of a snapshot, deep': () => user.getSnapshotFiles({ colonyname, name: 'large', count: 100, after: 500 }),
    'snapshot of one file': async () => {
      await user.createSnapshot({ colonyname, label: '/many/0000500', name: 'one' })
      await user.removeSnapshot({ colonyname, name: 'one' })
    },
    'a file comes and goes': async () => {
      const { fileid } = await user.addFile({ file: { colonyname, label: '/deep', name: 'f' } })
      await user.removeFile({ colonyname, fileid })
    },
  }
}

test('pages of files stay as fast as ever among 100 000 of each, and leave nothing in memory', async (t) => {
  const database = await testDatabase(t)
  const { db } = database
  const keys = { server: generatePrivateKey() }
  const server = await startChildServer(t, database, keys.server)
  const serverOwner = createClient({ endpoint: `http://127.0.0.1:${server.port}`, privateKey: keys.server })
  const scene = await makeScene({ serverOwner, keys }, await makeElsewhere({ serverOwner, keys }))
  const { user } = scene.clients

  await grow(db, scene.name, { from: 1, to: 1_000 })
  await user.createSnapshot({ colonyname: scene.name, label: '/flat', name: 'large' })
  const steps = stepsOf(user, scene.name)
  await pace(steps)
  const few = await pace(steps)
  await grow(db, scene.name, { from: 1_001, to: 100_000 })
  await assertSamePace(t, steps, few)
  await assertSameMemory(t, server, () => readAll(user, scene.name))
})

/**
 * Adds past the server: names in one label, revisions of one file, labels with one file each, snapshots; so many of each.
 * Nothing analyses the tables, as in the first minutes after an import.
 */
async function grow(db: Db, colonyname: string, { from, to }: { from: number; to: number }): Promise<void> {
  const row = await db.one<{ key: number }>(sql`select colony_key as key from colonies where name = ${colonyname}`)
  const colony = row?.key ?? 0
  for (const [prefix, label, name] of [
    ['a', sql`'/flat'`, sql`'f' || lpad(n::text, 7, '0')`],
    ['b', sql`'/deep'`, sql`'f'`],
    ['c', sql`'/many/' || lpad(n::text, 7, '0')`, sql`'f'`],
  ] as const)
    await db.run(sql`
      insert into files (colony, file_id, label, name, sequence_nr, size, checksum, checksum_alg, server, port, tls,
        region, encryption_key, encryption_alg, bucket, object, initiator_id, initiator_name)
      select ${colony}, ${prefix} || lpad(to_hex(n), 63, '0'), ${label}, ${name}, n, 1, repeat('c', 64), 'SHA256', 's3.local',
        9000, false, '', '', '', 'bucket', ${prefix} || n, repeat('a', 64), 'me'
      from generate_series(${from}::int, ${to}::int) n`)
  await db.run(sql`
    insert into file_labels (colony, label, revisions)
    select colony, label, count(*) from files where colony = ${colony} group by colony, label
    on conflict (colony, label) do update set revisions = excluded.revisions`)
  await db.run(sql`
    insert into file_numbers (colony, last_nr) values (${colony}, ${to}::bigint * 4)
    on conflict (colony) do update set last_nr = excluded.last_nr`)
  await db.run(sql`
    insert into snapshots (colony, snapshot_id, name, label, file_count, initiator_id, initiator_name)
    select ${colony}, lpad(to_hex(n), 64, '0'), 's' || n, '', 0, '', ''
    from generate_series(${from}::int, ${to}::int) n`)
}

interface Named {
  name: string
}

/** Walks through each list from its beginning to its end. */
async function readAll(user: Client, colonyname: string): Promise<void> {
  const name = (item: { name: string } | undefined) => item?.name ?? ''
  const counts = [
    await walk((last: Named | undefined) => user.getFiles({ colonyname, label: '/flat', after: name(last) })),
    await walk((last: Named | undefined) => user.getFileLabels({ colonyname, after: name(last) })),
    await walk((last: (Named & { label: string }) | undefined) =>
      user.getFileTree({ colonyname, label: '/many', afterlabel: last?.label ?? '', aftername: name(last) }),
    ),
    await walk((last: { sequencenr: number } | undefined) =>
      user.getFile({ colonyname, label: '/deep', name: 'f', after: last?.sequencenr ?? 0 }),
    ),
    await walk((last: { snapshotid: string } | undefined) =>
      user.getSnapshots({ colonyname, after: last?.snapshotid ?? '' }),
    ),
  ]
  assert.deepEqual(counts, [100_000, 100_002, 100_000, 100_000, 100_001])
}
