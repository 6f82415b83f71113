import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '@colonies/testkit'
import fc from 'fast-check'
import { Client } from 'pg'
import { connectionOptions } from './connect.js'
import { type Answer, PreparedQuery } from './prepared-query.js'

async function connected(t: Parameters<typeof testDatabase>[0]): Promise<Client> {
  const { config } = await testDatabase(t)
  const client = new Client(connectionOptions(config))
  client.on('error', () => {}) // its database is dropped before it hears of the end
  await client.connect()
  return client
}

function run(client: Client, text: string, values: readonly unknown[] = []): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null | undefined, answer?: Answer) => (answer ? resolve(answer) : reject(error))
    client.query(new PreparedQuery({ name: `test ${text.length} ${text.slice(0, 40)}`, text }, values, settle))
  })
}

test('columns are described once for each connection, and rows are the same each time', async (t) => {
  const client = await connected(t)
  let described = 0
  client.connection.on('rowDescription', () => described++)
  const text = `select n, n::int8 as large, 'x' || n as word, null::text as nothing, '{}'::jsonb as json, $1::timestamptz as at
    from generate_series(1, 2) n`
  const at = '2026-11-22T07:00:00.5Z'
  const row = { nothing: null, json: '{}', at }
  const rows = [
    { n: 1, large: 1n, word: 'x1', ...row },
    { n: 2, large: 2n, word: 'x2', ...row },
  ]
  for (let turn = 0; turn < 3; turn++)
    assert.deepEqual(await run(client, text, [at]), { rows, rowCount: 2, command: 'SELECT' })
  assert.equal(described, 1)
})

test('what statements without rows say', async (t) => {
  const client = await connected(t)
  for (const [text, command, rowCount] of [
    ['create temporary table items (id int)', 'CREATE', null],
    ['insert into items select generate_series(1, 5)', 'INSERT', 5],
    ['update items set id = id where id > 2', 'UPDATE', 3],
    ['begin', 'BEGIN', null],
    ['commit', 'COMMIT', null],
  ] as const)
    assert.deepEqual(await run(client, text), { rows: [], rowCount, command })
  assert.equal((await run(client, 'delete from items')).rowCount, 5)
})

test('values arrive as by the driver', async (t) => {
  const client = await connected(t)
  const scalar = fc.oneof(
    fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0')),
    fc.integer(),
    fc.bigInt(),
    fc.boolean(),
    fc.constant(null),
  )
  const text = 'select $1::text as one, $2::text[] as many, $3::bytea as bytes'
  await fc.assert(
    fc.asyncProperty(scalar, fc.array(scalar), fc.uint8Array(), async (one, many, bytes) => {
      const values = [one, many, bytes]
      const { rows } = await client.query(text, values)
      assert.deepEqual((await run(client, text, values)).rows, [{ ...rows[0] }])
    }),
    { numRuns: 100 },
  )
})

test('after a failure, of the statement or of reading a row, the connection is of use', async (t) => {
  const client = await connected(t)
  const divide = 'select 1 / $1::int as part'
  for (const [divisor, expected] of [
    [0, undefined],
    [1, 1],
    [0, undefined],
    [1, 1],
  ] as const) {
    if (expected === undefined) await assert.rejects(run(client, divide, [divisor]), { code: '22012' })
    else assert.deepEqual((await run(client, divide, [divisor])).rows, [{ part: expected }])
  }
  await assert.rejects(run(client, 'select nothing'), { code: '42703' })
  const unwritable = { toPostgres: () => assert.fail('cannot be written') }
  await assert.rejects(run(client, divide, [unwritable]), /cannot be written/)
  assert.deepEqual((await run(client, divide, [1])).rows, [{ part: 1 }])
})

test('a statement whose columns have changed is refused, as by the driver', async (t) => {
  const client = await connected(t)
  await run(client, 'create temporary table things (id int)')
  assert.deepEqual((await run(client, 'select * from things')).rows, [])
  await client.query('alter table things add column name text')
  await assert.rejects(run(client, 'select * from things'), { code: '0A000' })
})
