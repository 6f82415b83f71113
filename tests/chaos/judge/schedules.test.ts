import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '@colonies/database'
import { testDatabase } from '@colonies/testkit'
import { findCronFaults, findPackFaults } from './schedules.js'

/** Seconds at which a cron was planned, each with how late it ran. */
type Runs = readonly (readonly [planned: number, late: number])[]

const crons: { name: string; catchup: boolean; runs: Runs; says: RegExp | undefined }[] = [
  {
    name: 'all is well',
    catchup: true,
    runs: [
      [1, 0],
      [2, 0.5],
      [3, 7],
    ],
    says: undefined,
  },
  {
    name: 'a time that was left out',
    catchup: true,
    runs: [
      [1, 0],
      [3, 0],
    ],
    says: /left out 1 s/,
  },
  {
    name: 'a time left out after a long delay, with catchup',
    catchup: true,
    runs: [
      [1, 9],
      [11, 0],
    ],
    says: /left out 9 s/,
  },
  {
    name: 'a time left out after a long delay',
    catchup: false,
    runs: [
      [1, 9],
      [11, 0],
    ],
    says: undefined,
  },
  {
    name: 'a time left out without a delay',
    catchup: false,
    runs: [
      [1, 0.1],
      [3, 0],
    ],
    says: /left out 1 s/,
  },
  {
    name: 'a run too many',
    catchup: true,
    runs: [
      [1, 0],
      [1.5, 0],
      [2, 0],
    ],
    says: /has 0\.5 s between/,
  },
  { name: 'a run before its time', catchup: true, runs: [[1, -0.5]], says: /ran 0\.5 s before its time/ },
]

for (const { name, catchup, runs, says } of crons) {
  test(`the checker of crons judges: ${name}`, async (t) => {
    const { db } = await testDatabase(t)
    await db.run(sql`
      insert into crons (colony, cron_id, name, initiator_id, initiator_name, initiator_is_user, interval_seconds,
        expression, random, time_zone, server_time_zone, catchup, waits, overlap, workflow)
      values (1, 'c', 'c', '', '', true, 1, '', false, '', 'UTC', ${catchup}, false, '', '')`)
    await db.run(sql`
      insert into graphs (colony, graph_id, initiator_id, initiator_name, total, cron_id, planned_at, submitted_at)
      select 1, planned::text, '', '', 1, 'c', to_timestamp(planned), to_timestamp(planned + late)
      from unnest(${runs.map(([planned]) => planned)}::float8[], ${runs.map(([, late]) => late)}::float8[])
        as r (planned, late)`)
    const found = await findCronFaults(db, 1)
    if (says) assert.match(found.join('\n'), says)
    else assert.deepEqual(found, [])
  })
}

test('the checker of packs judges', () => {
  const good = [['a:0', 'b:0'], ['a:1', 'b:1'], ['b:2']]
  assert.deepEqual(findPackFaults(good, 2, good.flat()), [])
  assert.match(findPackFaults(good, 2, ['a:2']).join(), /a:2 was acknowledged and is in no graph/)
  assert.match(findPackFaults([...good, ['b:2']], 2, []).join(), /1 arguments are in several graphs/)
  assert.match(findPackFaults([['a:0', 'a:1', 'a:2']], 2, []).join(), /are more than 2/)
  assert.match(findPackFaults([['a:1'], ['a:0']], 2, []).join(), /a:0 came after a:1/)
})
