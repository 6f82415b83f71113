import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Db, removeProcess, sql } from '@colonies/database'
import { testDatabase } from '@colonies/testkit'
import { say, upkeepColony, upkeepContext } from '../testing/upkeep.js'
import { cleanUp } from './clean-up.js'

async function runToEnd(db: Db): Promise<void> {
  const context = upkeepContext(db)
  for (let runs = 0; (await cleanUp.runOnce(context)) === 'again'; runs += 1) assert.ok(runs < 100)
}

/** Rows with this colony in every table that has colonies. */
async function rowsOf(db: Db, colony: number): Promise<number> {
  const tables = await db.all<{ name: string }>(sql`
    select table_name::text as name from information_schema.columns
    where column_name = 'colony' and table_schema = 'public' and table_name <> 'removed_colonies'`)
  let rows = 0
  for (const { name } of tables) {
    const row = await db.one<{ count: number }>(sql`
      select ((xpath('/row/c/text()', query_to_xml(
        format('select count(*) as c from %I where colony = %s', ${name}::text, ${colony}::int), false, true, '')))[1]
        ::text)::int as count`)
    rows += row?.count ?? 0
  }
  return rows
}

test('requests are forgotten after a day, changes of the directory after ten minutes', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev')
  await colony.submit({ requestId: 'old' })
  await db.run(sql`update requests set made_at = now() - interval '25 hours'`)
  await colony.submit({ requestId: 'new' })
  await db.run(sql`
    insert into directory_changes (subject, changed_at)
    values ('old', now() - interval '11 minutes'), ('new', now() - interval '9 minutes')`)
  await runToEnd(db)
  assert.deepEqual(await db.all(sql`select request_id from requests where colony > 0`), [{ request_id: 'new' }])
  assert.deepEqual(await db.all(sql`select subject from directory_changes`), [{ subject: 'new' }])
})

test('messages of removed processes are deleted, those of others stay', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev')
  const [kept, removed] = [await colony.submit({ channels: '["chat"]' }), await colony.submit({ channels: '["chat"]' })]
  for (const id of [kept, removed, removed]) assert.ok(await say(db, colony.key, id, 'hello'))
  await removeProcess(db, colony.key, removed)
  await runToEnd(db)
  assert.deepEqual(await db.all(sql`select process_id from channel_entries where colony > 0`), [{ process_id: kept }])
  assert.deepEqual(await db.all(sql`select process_id from dropped_channels`), [])
})

test('nothing of a removed colony is left, and nothing of another is touched', async (t) => {
  const { db } = await testDatabase(t)
  const [gone, kept] = [await upkeepColony(db, 'gone', ['ada']), await upkeepColony(db, 'kept', ['eve'])]
  for (const colony of [gone, kept]) {
    for (let count = 0; count < 5; count += 1) await colony.submit({ requestId: `r${count}`, names: ['ada', 'eve'] })
    assert.ok(await say(db, colony.key, await colony.submit({ channels: '["chat"]' }), 'hello'))
  }
  const before = await rowsOf(db, kept.key)
  await db.run(sql`delete from colonies where colony_key = ${gone.key}`)
  await db.run(sql`insert into removed_colonies (colony) values (${gone.key})`)
  await runToEnd(db)
  assert.equal(await rowsOf(db, gone.key), 0)
  assert.equal(await rowsOf(db, kept.key), before)
  const remembered = () => db.all(sql`select colony from removed_colonies`)
  assert.deepEqual(await remembered(), [{ colony: gone.key }], 'a statement that began before may still write rows')
  await db.run(sql`update removed_colonies set removed_at = now() - interval '3 minutes'`)
  await runToEnd(db)
  assert.deepEqual(await remembered(), [])
})
