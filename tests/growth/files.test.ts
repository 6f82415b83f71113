import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Client, createClient } from '@colonies/client'
import { type Db, sql } from '@colonies/database'
import { generatePrivateKey } from '@colonies/identity'
import { testDatabase } from '@colonies/testkit'
import { makeElsewhere, makeScene } from '../access/scene.js'
import { startChildServer } from '../hostile/child-server.js'

const MEGABYTE = 2 ** 20
const ROUNDS = 9

type Step = (user: Client, colonyname: string) => Promise<unknown>

/** One page of each list, at its beginning and deep in it; and what is done with one file. */
const steps: Record<string, Step> = {
  'files of a label': (user, colonyname) => user.getFiles({ colonyname, label: '/flat', count: 100 }),
  'files of a label, deep': (user, colonyname) =>
    user.getFiles({ colonyname, label: '/flat', count: 100, after: 'f0000500' }),
  'file with many revisions in a list': (user, colonyname) => user.getFiles({ colonyname, label: '/deep' }),
  revisions: (user, colonyname) => user.getFile({ colonyname, label: '/deep', name: 'f', count: 100 }),
  'newest revision': (user, colonyname) => user.getFile({ colonyname, label: '/deep', name: 'f', latest: true }),
  labels: (user, colonyname) => user.getFileLabels({ colonyname, count: 100 }),
  'labels, deep': (user, colonyname) => user.getFileLabels({ colonyname, count: 100, after: '/many/0000500' }),
  'labels below one': (user, colonyname) =>
    user.getFileLabels({ colonyname, name: '/many', exact: true, count: 100, after: '/many/0000500' }),
  tree: (user, colonyname) => user.getFileTree({ colonyname, count: 100 }),
  'tree, deep': (user, colonyname) =>
    user.getFileTree({ colonyname, label: '/many', count: 100, afterlabel: '/many/0000500', aftername: 'f' }),
  snapshots: (user, colonyname) => user.getSnapshots({ colonyname, count: 100 }),
  'files of a snapshot, deep': (user, colonyname) =>
    user.getSnapshotFiles({ colonyname, name: 'large', count: 100, after: 500 }),
  'snapshot of one file': async (user, colonyname) => {
    await user.createSnapshot({ colonyname, label: '/many/0000500', name: 'one' })
    await user.removeSnapshot({ colonyname, name: 'one' })
  },
  'a file comes and goes': async (user, colonyname) => {
    const { fileid } = await user.addFile({ file: { colonyname, label: '/deep', name: 'f' } })
    await user.removeFile({ colonyname, fileid })
  },
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
  await measure(user, scene.name)
  const few = await measure(user, scene.name)
  const before = await server.memory()
  await grow(db, scene.name, { from: 1_001, to: 100_000 })
  const many = await measure(user, scene.name)
  const pages = await readAll(user, scene.name)
  const after = await server.memory()

  for (const [name, ms] of Object.entries(many)) {
    const was = few[name] ?? 0
    t.diagnostic(`${name}: ${was.toFixed(1)} ms among 1 000, ${ms.toFixed(1)} ms among 100 000`)
    assert.ok(ms < 3 * was + 10, `${name} takes ${ms} ms, and took ${was} ms when there was little`)
  }
  const grown = (after.heapBytes + after.externalBytes - before.heapBytes - before.externalBytes) / MEGABYTE
  t.diagnostic(`${pages} pages read; memory grown by ${grown.toFixed(1)} MB`)
  assert.ok(grown < 16, `the memory has grown by ${grown} MB`)
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

/** @returns the median of some rounds, in ms */
async function measure(user: Client, colonyname: string): Promise<Record<string, number>> {
  const medians: Record<string, number> = {}
  for (const [name, step] of Object.entries(steps)) {
    const times: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const started = performance.now()
      await step(user, colonyname)
      times.push(performance.now() - started)
    }
    medians[name] = times.sort((a, b) => a - b)[ROUNDS >> 1] ?? 0
  }
  return medians
}

/** Walks through each list from its beginning to its end. @returns the number of pages */
async function readAll(user: Client, colonyname: string): Promise<number> {
  let pages = 0
  const walk = async <Item>(read: (last: Item | undefined) => Promise<Item[]>, expected: number) => {
    let [count, last] = [0, undefined as Item | undefined]
    for (let page = await read(last); page.length > 0; page = await read(last)) {
      count += page.length
      last = page.at(-1)
      pages += 1
    }
    assert.equal(count, expected)
  }
  const name = (item: { name: string } | undefined) => item?.name ?? ''
  await walk(
    (last: { name: string } | undefined) => user.getFiles({ colonyname, label: '/flat', after: name(last) }),
    100_000,
  )
  await walk((last: { name: string } | undefined) => user.getFileLabels({ colonyname, after: name(last) }), 100_002)
  await walk(
    (last: { label: string; name: string } | undefined) =>
      user.getFileTree({ colonyname, label: '/many', afterlabel: last?.label ?? '', aftername: name(last) }),
    100_000,
  )
  await walk(
    (last: { sequencenr: number } | undefined) =>
      user.getFile({ colonyname, label: '/deep', name: 'f', after: last?.sequencenr ?? 0 }),
    100_000,
  )
  await walk(
    (last: { snapshotid: string } | undefined) => user.getSnapshots({ colonyname, after: last?.snapshotid ?? '' }),
    100_001,
  )
  return pages
}
