import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { connect, type Database, type Db, type Sql, sql } from '@colonies/database'
import { onOneServer, testDatabase } from '@colonies/testkit'
import { Directory } from './rights.js'

const [ada, bob] = ['a'.repeat(64), 'b'.repeat(64)] as const

async function addColony(db: Db, name: string): Promise<number> {
  const row = await db.one<{ key: number }>(sql`
    insert into colonies (name, colony_id) values (${name}, ${'c'.repeat(64)}) returning colony_key as key`)
  return row?.key ?? 0
}

async function addExecutor(db: Db, colony: number, id: string, state: number): Promise<void> {
  await db.run(sql`
    insert into executors (colony, name, executor_id, executor_type, state, location)
    values (${colony}, ${`executor-${id[0]}`}, ${id}, 'cli', ${state}, 'home')`)
}

/** What a statement of the directory does in one transaction. */
async function setState(db: Db, id: string, state: number): Promise<void> {
  await db.run(sql`
    with changed as (update executors set state = ${state} where executor_id = ${id} returning executor_id)
    insert into directory_changes (subject) select executor_id from changed`)
}

/** Counts the statements that get through. */
function counting(db: Database): { db: Db; statements: () => number } {
  let count = 0
  const one = <Row>(statement: Sql) => {
    count++
    return db.one<Row>(statement)
  }
  const all = <Row>(statement: Sql) => {
    count++
    return db.all<Row>(statement)
  }
  return { db: { ...db, one, all }, statements: () => count }
}

const states = async (directory: Directory, id: string) =>
  (await directory.membershipsOf(id)).map(({ role, approved }) => `${role} ${approved}`)

test('pending and approved executors and users have rights, rejected and removed executors have none', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await addColony(db, 'dev')
  const ids = ['0', '1', '2', '3'].map((digit) => digit.repeat(64))
  for (const [state, id] of ids.entries()) await addExecutor(db, colony, id, state)
  await db.run(sql`insert into users (colony, name, user_id) values (${colony}, 'ada', ${ada})`)
  const directory = new Directory(db)
  const found = await Promise.all([...ids, ada].map((id) => states(directory, id)))
  assert.deepEqual(found, [['executor false'], ['executor true'], [], [], ['user true']])
  assert.deepEqual(await directory.membershipsOf(ids[1] ?? ''), [
    { colony, colonyName: 'dev', role: 'executor', name: 'executor-1', approved: true, type: 'cli', location: 'home' },
  ])
  assert.deepEqual(await directory.colonyNamed('dev'), {
    key: colony,
    name: 'dev',
    ownerId: 'c'.repeat(64),
    paused: false,
  })
  assert.equal(await directory.colonyNamed('nowhere'), undefined)
})

test('what is known is not asked for again, and those who ask together ask once', async (t) => {
  const { db } = await testDatabase(t)
  await addExecutor(db, await addColony(db, 'dev'), ada, 1)
  const counted = counting(db)
  const directory = new Directory(counted.db)
  await directory.refresh()
  const before = counted.statements()
  await Promise.all([states(directory, ada), states(directory, ada)])
  await states(directory, ada)
  assert.equal(counted.statements() - before, 1)
})

test('a change of another replica counts from the next reading on, a change of this one at once', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await addColony(db, 'dev')
  await addExecutor(db, colony, ada, 1)
  const directory = new Directory(db)
  await directory.refresh()
  assert.deepEqual(await states(directory, ada), ['executor true'])

  await setState(db, ada, 2)
  await directory.refresh()
  assert.deepEqual(await states(directory, ada), [])

  await setState(db, ada, 1)
  assert.deepEqual(await states(directory, ada), ['executor true'])
  await setState(db, ada, 0)
  directory.changed()
  assert.deepEqual(await states(directory, ada), ['executor false'])

  assert.equal((await directory.colonyNamed('dev'))?.paused, false)
  await db.transaction(async (tx) => {
    await tx.run(sql`update colonies set paused = true`)
    await tx.run(sql`insert into directory_changes (subject) values ('colony:dev')`)
  })
  await directory.refresh()
  assert.equal((await directory.colonyNamed('dev'))?.paused, true)
})

test(
  'a change that commits after a later one is not skipped',
  onOneServer('its transaction names no colony'),
  async (t) => {
    const { db, config } = await testDatabase(t)
    const slow = connect({ ...config, maxConnections: 1 })
    t.after(() => slow.close())
    const colony = await addColony(db, 'dev')
    await addExecutor(db, colony, ada, 1)
    await addExecutor(db, colony, bob, 1)
    const directory = new Directory(db)
    await directory.refresh()
    await states(directory, ada)

    const gate = new EventTarget()
    const written = once(gate, 'written')
    const late = slow.transaction(async (tx) => {
      await setState(tx, ada, 2)
      gate.dispatchEvent(new Event('written'))
      await once(gate, 'commit')
    })
    await written
    await setState(db, bob, 2)
    await directory.refresh()
    assert.deepEqual(await states(directory, bob), [])
    assert.deepEqual(await states(directory, ada), ['executor true'])

    gate.dispatchEvent(new Event('commit'))
    await late
    await directory.refresh()
    assert.deepEqual(await states(directory, ada), [])
  },
)

test('nothing that is remembered counts when the directory could not be read for a second', async (t) => {
  const { db } = await testDatabase(t)
  await addExecutor(db, await addColony(db, 'dev'), ada, 1)
  let now = 10_000 // whole milliseconds, so that sums of them are exact
  t.mock.method(performance, 'now', () => now)
  const directory = new Directory(db)
  await directory.refresh()
  await states(directory, ada)
  await setState(db, ada, 2)
  now += 999
  assert.deepEqual(await states(directory, ada), ['executor true'])
  now += 1
  assert.deepEqual(await states(directory, ada), [])
})

test('changes are read while somebody asks, a little less often for ten seconds after that, and then not', async (t) => {
  const { db } = await testDatabase(t)
  let now = 10_000
  t.mock.method(performance, 'now', () => now)
  const directory = new Directory(db)
  await directory.refresh()
  assert.equal(directory.isDue, false, 'nobody has asked')
  now += 1
  await states(directory, ada)
  assert.equal(directory.isDue, true)
  await directory.refresh()
  assert.equal(directory.isDue, false)
  now += 700
  assert.equal(directory.isDue, true, 'before what is remembered is too old')
  now += 10_000
  assert.equal(directory.isDue, false)
})

test('nothing that is remembered counts when changes since the last reading are forgotten', async (t) => {
  const { db } = await testDatabase(t)
  await addExecutor(db, await addColony(db, 'dev'), ada, 1)
  let sleptMs = 0n
  const directory = new Directory({
    ...db,
    async all<Row>(statement: Sql) {
      const rows = await db.all<Row & { at_ms?: bigint }>(statement)
      return rows.map((row) => (row.at_ms === undefined ? row : { ...row, at_ms: row.at_ms + sleptMs }))
    },
  })
  await directory.refresh()
  assert.deepEqual(await states(directory, ada), ['executor true'])
  await setState(db, ada, 2)
  await db.run(sql`delete from directory_changes`)
  sleptMs = 600_000n
  await directory.refresh()
  assert.deepEqual(await states(directory, ada), [])
})

test('a thing is found in the one colony that has it, among those asked for', async (t) => {
  const { db } = await testDatabase(t)
  const [dev, lab, far] = [await addColony(db, 'dev'), await addColony(db, 'lab'), await addColony(db, 'far')] as const
  await addExecutor(db, lab, ada, 1)
  const directory = new Directory(db)
  const thing = { by: 'executor', key: ada } as const
  assert.equal(await directory.findColonyOf(thing, [dev, lab]), lab)
  assert.equal(await directory.findColonyOf(thing, [dev, far]), undefined)
  for (const by of ['process', 'graph', 'function', 'attribute'] as const) {
    assert.equal(await directory.findColonyOf({ by, key: ada }, [dev, lab]), undefined)
  }
})
