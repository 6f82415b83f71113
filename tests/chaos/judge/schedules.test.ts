import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '@colonies/database'
import { testDatabase } from '@colonies/testkit'
import { findCronFaults, findPackFaults, type Packs } from './schedules.js'

/** Seconds at which a cron was planned, each with how late it ran. */
type Runs = readonly (readonly [planned: number, late: number])[]

interface CronCase {
  name: string
  catchup: boolean
  runs: Runs
  says: RegExp | undefined
  /** When it is planned next; a second after its last run when left out. */
  next?: number | null
  /** The second of the last answer; that of the last run when left out. Crons are added at 0. */
  to?: number
}

const crons: CronCase[] = [
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
  { name: 'a cron that never runs', catchup: true, runs: [], next: 1, to: 60, says: /c has never run/ },
  {
    name: 'a cron whose times pass without a run',
    catchup: true,
    runs: [],
    next: 60,
    to: 60,
    says: /left out what came before its first run/,
  },
  { name: 'a cron whose first time has not come', catchup: true, runs: [], next: 1, to: 0.5, says: undefined },
  {
    name: 'a cron that begins late',
    catchup: false,
    runs: [
      [5, 0],
      [6, 0],
    ],
    says: /left out what came before its first run/,
  },
  {
    name: 'a cron that stops, and stays due',
    catchup: true,
    runs: [
      [1, 0],
      [2, 0],
    ],
    to: 60,
    says: /was still to run at a time that had passed 57\.0 s ago/,
  },
  {
    name: 'a cron that stops, and is planned on',
    catchup: true,
    runs: [
      [1, 0],
      [2, 0],
    ],
    next: 60,
    to: 60,
    says: /left out 57 s/,
  },
  {
    name: 'a cron that is planned for no time any more',
    catchup: true,
    runs: [[1, 0]],
    next: null,
    says: /is planned for no time any more/,
  },
  {
    name: 'more left out than a late run explains',
    catchup: false,
    runs: [
      [1, 9],
      [30, 0],
    ],
    says: /left out 28 s/,
  },
]

for (const { name, catchup, runs, says, next, to } of crons) {
  test(`the checker of crons judges: ${name}`, async (t) => {
    const { db } = await testDatabase(t)
    const last = runs.at(-1)?.[0] ?? 0
    await db.run(sql`
      insert into crons (colony, cron_id, name, initiator_id, initiator_name, initiator_is_user, interval_seconds,
        expression, random, time_zone, server_time_zone, catchup, waits, overlap, workflow, next_run)
      values (1, 'c', 'c', '', '', true, 1, '', false, '', 'UTC', ${catchup}, false, '', '',
        to_timestamp(${next === undefined ? last + 1 : next}::float8))`)
    await db.run(sql`
      insert into graphs (colony, graph_id, initiator_id, initiator_name, total, cron_id, planned_at, submitted_at)
      select 1, planned::text, '', '', 1, 'c', to_timestamp(planned), to_timestamp(planned + late)
      from unnest(${runs.map(([planned]) => planned)}::float8[], ${runs.map(([, late]) => late)}::float8[])
        as r (planned, late)`)
    const found = await findCronFaults(db, 1, { from: 0, to: to ?? last })
    if (says) assert.match(found.join('\n'), says)
    else assert.deepEqual(found, [])
  })
}

test('the checker of packs judges', () => {
  const good = [['a:0', 'b:0'], ['a:1', 'b:1'], ['b:2']]
  const acknowledged = good.flat()
  const judged = (graphs: string[][], packs: Partial<Packs> = {}) =>
    findPackFaults(graphs, 2, { acknowledged, unknown: [], refused: [], ...packs }).join()
  assert.equal(judged(good), '')
  assert.equal(judged(good, { acknowledged: acknowledged.slice(1), unknown: ['a:0', 'c:0'] }), '')
  assert.match(judged(good, { acknowledged: [...acknowledged, 'a:2'] }), /a:2 was acknowledged and is in no graph/)
  assert.match(judged([...good, ['b:2']]), /1 arguments are in several graphs/)
  assert.match(judged([['a:0', 'a:1', 'a:2']]), /are more than 2/)
  assert.match(judged([['a:1'], ['a:0']]), /a:0 came after a:1/)
  assert.match(judged([...good, ['b:3']]), /b:3 is in a graph, and nobody packed it/)
})
