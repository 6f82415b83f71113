import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyDatabase, onCitus, onOneServer, testDatabase, undistributedDatabase } from '@colonies/testkit'
import { claimProcesses } from '../claims.js'
import { connect } from '../connect.js'
import { countColony, rollUp } from '../counters.js'
import { sql } from '../sql.js'
import { insertProcesses } from '../submissions.js'
import { anyShape, claimant, testColony } from '../testing/colony.js'
import { distribute } from './distribute.js'
import { tenantTables } from './layout.js'
import { spreadDatabase } from './spread-database.js'

const options = { shards: 3, say: () => {} }

test('a database without the extension is refused, and whoever asked is told the way', async (t) => {
  const { db } = await emptyDatabase(t)
  await assert.rejects(distribute(db, options), /does not have the extension citus.*`create extension citus`/)
})

test(
  'what somebody has added to the tables and cannot be distributed has a name',
  onOneServer('it has no such tables'),
  async (t) => {
    const { db } = await testDatabase(t)
    await db.run(sql`create unique index by_name on locations (name)`)
    await db.run(sql`alter table users add foreign key (colony) references colonies (colony_key)`)
    const obstacles = (await tenantTables(db)).flatMap((table) => table.obstacles)
    assert.deepEqual(obstacles, [
      'the unique index by_name of locations does not begin with the colony',
      'users has the foreign key users_colony_fkey',
    ])
  },
)

test('tables are distributed with their rows, and colonies go on where they are', onCitus, async (t) => {
  const { db, config } = await undistributedDatabase(t)
  const colonies = []
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
    const colony = await testColony(db, name, ['e1'])
    await insertProcesses(db, colony.key, [colony.process(), colony.process()], [])
    await rollUp(db, colony.key, 1) // counts one of the two submits
    colonies.push(colony)
  }
  const said: string[] = []
  const { tables } = await distribute(db, { shards: 3, say: (line) => said.push(line) })
  assert.equal(said.length, tables.length)
  assert.deepEqual((await distribute(db, options)).tables, [], 'nothing is left to do')

  const spread = await spreadDatabase(connect(config), config)
  t.after(() => spread.close())
  assert.ok(spread.nodes)
  const nodes = new Set<string>()
  for (const { key } of colonies) {
    const [claimed] = await claimProcesses(spread, key, anyShape, [claimant('e1')])
    assert.ok(claimed)
    const { processes } = await countColony(spread, key)
    assert.deepEqual([processes.waiting, processes.running], [1, 1])
    const later = await spread.all<{ reason: string }>(sql`
      select reason from events where colony = ${key} and xact > '2'::xid8`)
    assert.deepEqual(later, [{ reason: 'assign' }], 'what came along is older than all that happens here')
    const place = await spread.one<{ port: number }>(sql`
      select inet_server_port() as port from live where colony = ${key} limit 1`)
    nodes.add(String(place?.port))
  }
  assert.ok(nodes.size > 1, 'colonies are on several nodes')
  const left = await db.one<{ rows: bigint }>(sql`select pg_relation_size('live') as rows`)
  assert.equal(left?.rows, 0n, 'the coordinator keeps no rows of its own')
})

test('a start on tables that are half distributed is refused, and the next call goes on', onCitus, async (t) => {
  const { db, config } = await undistributedDatabase(t)
  const { key } = await testColony(db, 'dev', ['e1'])
  const killed = new Error('killed')
  const half = distribute(db, {
    shards: 3,
    say: (line) => {
      if (line.startsWith('9 of')) throw killed
    },
  })
  await assert.rejects(half, killed)
  const other = connect(config)
  t.after(() => other.close())
  await assert.rejects(spreadDatabase(other, config), /run `colonies database distribute` again/)
  await distribute(db, options)
  const spread = await spreadDatabase(connect(config), config)
  t.after(() => spread.close())
  assert.equal((await countColony(spread, key)).executors.all, 1)
})

test('nothing is distributed while replicas run, or where there are no nodes', onCitus, async (t) => {
  const { db } = await undistributedDatabase(t)
  await db.run(sql`insert into replicas (replica_id, name, host, port) values ('r', 'one', '', 0)`)
  await assert.rejects(distribute(db, options), /Replicas use this database \(one\)\. Stop all of them/)
  await db.run(sql`delete from replicas`)
  await db.run(sql`select citus_remove_node(nodename, nodeport) from pg_dist_node where groupid <> 0`)
  await assert.rejects(distribute(db, options), /No node is there to take tables.*citus_add_node/)
})

test('shards stay where they are as long as somebody serves them', onCitus, async (t) => {
  const { db } = await testDatabase(t)
  const move = db.transaction(async (tx) => {
    await tx.run(sql`set local lock_timeout = 50`)
    await tx.run(sql`
      select citus_move_shard_placement(s.shardid, a.nodename, a.nodeport, b.nodename, b.nodeport, 'block_writes')
      from (select shardid from pg_dist_shard where logicalrelid = 'live'::regclass limit 1) s
      join pg_dist_placement p on p.shardid = s.shardid join pg_dist_node a on a.groupid = p.groupid
      join pg_dist_node b on b.groupid not in (0, a.groupid)`)
  })
  await assert.rejects(move, { code: '55P03' })
})
