import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '@colonies/testkit'
import { bigintColumn, flagColumn, intColumn, textColumn } from './columns.js'
import { sql } from './sql.js'

test('PostgreSQL reads each column as the values that were written', async (t) => {
  const { db } = await testDatabase(t)
  const texts = [
    'plain',
    '',
    null,
    'NULL',
    '{"quoted":"a\\"b"}',
    'räksmörgås',
    '語'.repeat(23),
    '🙂'.repeat(2000),
    'x'.repeat(100_000),
    ' blanks ',
    '\n\t',
  ]
  const ints = [0, -1, null, 2 ** 31 - 1, -(2 ** 31)]
  const bigints = [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)]
  const flags = [true, false]
  const row = await db.one(sql`
    select ${textColumn(texts, (text) => text)}::text[] as texts, ${intColumn(ints, (int) => int)}::int[] as ints,
      ${bigintColumn(bigints, (int) => int)}::bigint[] as bigints, ${flagColumn(flags, (flag) => flag)}::boolean[] as flags`)
  assert.deepEqual(row, { texts, ints, bigints, flags })
})

test('columns of no rows are empty', async (t) => {
  const { db } = await testDatabase(t)
  const nothing: string[] = []
  const row = await db.one(sql`
    select ${textColumn(nothing, (text) => text)}::text[] as texts, ${intColumn(nothing, () => 1)}::int[] as ints`)
  assert.deepEqual(row, { texts: [], ints: [] })
})

test('texts of any characters are rows of unnest, as they were', async (t) => {
  const { db } = await testDatabase(t)
  // Each length around the one at which texts are written in another way, and characters of one to four bytes.
  const texts = ['a', 'é', '語', '🙂'].flatMap((character) =>
    Array.from({ length: 60 }, (_, length) => character.repeat(length)),
  )
  const rows = await db.all<{ text: string }>(sql`
    select text from unnest(${textColumn(texts, (text) => text)}::text[]) with ordinality as a (text, place) order by place`)
  assert.deepEqual(
    rows.map(({ text }) => text),
    texts,
  )
})
