import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listReplicas, readLeader, sql } from '@colonies/database'
import { testDatabase } from '@colonies/testkit'
import { Members } from './members.js'

const member = (name: string) => new Members({ replica_id: `${name}-id`, name, host: 'localhost', port: 1, knows: 9 })
const names = (members: Members) => members.alive.map((one) => one.name)

test('replicas see each other, one leads, and another takes over when it falls silent', async (t) => {
  const { db } = await testDatabase(t)
  let now = 10_000 // whole milliseconds, so that sums of them are exact
  t.mock.method(performance, 'now', () => now)
  const [a, b] = [member('a'), member('b')]
  await a.join(db)
  assert.deepEqual(
    (await listReplicas(db)).map(({ name }) => name),
    ['a'],
    'also before the first beat',
  )
  assert.equal(a.alone, false, 'it has not looked yet')
  await a.beat(db)
  assert.deepEqual([names(a), a.alone, a.leads], [['a'], true, true])
  await b.beat(db)
  await a.beat(db)
  assert.deepEqual([names(a), a.alone, a.leads, b.leads], [['a', 'b'], false, true, false])
  assert.deepEqual([a.leader, b.leader], Array(2).fill({ replica_id: 'a-id', epoch: 1n }))

  await db.run(sql`update leader_lease set until = now() - interval '1 second'`)
  await db.run(sql`update replicas set heard_at = now() - interval '11 seconds' where name = 'a'`)
  await b.beat(db)
  assert.deepEqual([names(b), b.alone, b.leads], [['b'], true, true])
  assert.deepEqual(await readLeader(db), { replica_id: 'b-id', epoch: 2n })
  assert.equal(a.leads, true, 'it has not looked since')
  now += 10_000
  assert.equal(a.leads, false, 'whoever has not prolonged it does not lead')
  await a.beat(db)
  assert.deepEqual([a.leads, a.leader?.epoch], [false, 2n])
})

test('who leads prolongs its lease with each other heartbeat, and with each one of a quiet replica', async (t) => {
  const { db } = await testDatabase(t)
  let now = 10_000 // whole milliseconds, so that sums of them are exact
  t.mock.method(performance, 'now', () => now)
  const a = member('a')
  const until = async () => (await db.one<{ until: string }>(sql`select until::text as until from leader_lease`))?.until
  const prolongs = async (afterMs: number) => {
    const before = await until()
    now += afterMs
    await a.beat(db)
    return (await until()) !== before
  }
  assert.deepEqual([await prolongs(0), await prolongs(2_000), await prolongs(2_000)], [true, false, true])
  assert.deepEqual([await prolongs(4_000), await prolongs(4_000), a.leads], [true, true, true])
})

test('a replica that leaves is gone at once, one that was killed after a minute', async (t) => {
  const { db } = await testDatabase(t)
  const [a, b, killed] = [member('a'), member('b'), member('killed')]
  for (const one of [a, b, killed]) await one.beat(db)
  await a.leave(db)
  assert.equal(a.leads, false)
  assert.equal(await readLeader(db), undefined)
  await b.beat(db)
  assert.deepEqual([names(b), b.leads, b.leader?.epoch], [['b', 'killed'], true, 2n])
  await db.run(sql`update replicas set heard_at = now() - interval '61 seconds' where name = 'killed'`)
  await b.beat(db)
  const rows = await db.all<{ name: string }>(sql`select name from replicas`) // of each node, where they are spread
  assert.deepEqual([...new Set(rows.map(({ name }) => name))], ['b'])
})

test('of replicas that start at once exactly one leads', async (t) => {
  const { db } = await testDatabase(t)
  const all = ['a', 'b', 'c', 'd', 'e', 'f'].map(member)
  await Promise.all(all.map((one) => one.beat(db)))
  assert.equal(all.filter((one) => one.leads).length, 1)
})

test('replicas share colonies, each is of one of them, and of another one a minute later', async (t) => {
  const { db } = await testDatabase(t)
  t.mock.timers.enable({ apis: ['Date'], now: 1_800_000_000_000 })
  const all = ['a', 'b', 'c'].map(member)
  assert.equal(all[0]?.hasTurn(7), true, 'it knows of nobody yet')
  for (const one of [...all, ...all]) await one.beat(db)
  const colonies = [7, 8, 9, 10]
  const turns = () => colonies.map((colony) => all.findIndex((one) => one.hasTurn(colony)))
  for (const colony of colonies) assert.equal(all.filter((one) => one.hasTurn(colony)).length, 1)
  const first = turns()
  assert.deepEqual([new Set(first).size, first[3]], [3, first[0]])
  t.mock.timers.tick(60_000)
  for (const [at, turn] of turns().entries()) assert.notEqual(turn, first[at])
})
