import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Db, insertProcesses, sql } from '@colonies/database'
import { addColonyRows, plainProcess, testDatabase } from '@colonies/testkit'
import { look, residentKilobytes } from './watch.js'

async function megabytesOf(db: Db, table: string): Promise<number> {
  return (await look(db, [])).find(({ what }) => what === `MB of table ${table}`)?.value ?? 0
}

test('a look sees each table, and that it grows', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await addColonyRows(db, 'dev', [])
  const before = await megabytesOf(db, 'live')
  assert.ok(before > 0, 'its indexes at least')
  const perProcess = async () => (await look(db, [])).find(({ what }) => what === 'bytes of a process')?.value ?? 0
  await insertProcesses(
    db,
    colony,
    Array.from({ length: 5_000 }, () => plainProcess()),
    [],
  )
  const after = await megabytesOf(db, 'live')
  assert.ok(after > before + 1, `${before} MB, then ${after} MB`)
  assert.ok((await perProcess()) > 100, 'tables with partitions are seen')
  await db.run(sql`delete from live where colony = ${colony}`)
  assert.ok((await megabytesOf(db, 'live')) >= after, 'rows that are gone still count')
})

test('a look tells work by the process, also in graphs and requests, and sees tables that nobody has named', async (t) => {
  const { db } = await testDatabase(t)
  await db.run(sql`create table added_later (id int)`)
  const seen = (await look(db, [])).map(({ what }) => what)
  for (const table of ['requests', 'graphs', 'graph_nodes', 'edges'])
    assert.ok(seen.includes(`bytes of a process in ${table}`), table)
  for (const table of ['live', 'wanted', 'crons', 'logs', 'added_later'])
    assert.ok(seen.includes(`MB of table ${table}`), table)
})

test('memory that is not told is an error, not memory that stays', () => {
  assert.equal(residentKilobytes('Name: node\nRssAnon:\t  1024 kB\n'), 1024)
  assert.throws(() => residentKilobytes('Name: node\nState: Z (zombie)\n'), /is not told/)
})
