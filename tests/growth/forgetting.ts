import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises' // sleeps: see where it is used
import { sql } from '@colonies/database'
import type { Crowd } from './crowd.js'

/** Ms of one run of the retention, which is one small batch of each kind. */
const RUN_MS_MAX = 5_000
const BATCH = 500

/** What ended before the policy of a crowd is forgotten in small batches; what waits or runs stays. */
export async function assertForgotten(t: TestContext, crowd: Crowd): Promise<void> {
  const { db, colony, runOnce } = crowd
  await untilCounted(crowd) // what is not counted yet stays
  const rows = () =>
    db.one<{ old: number; graphs: number; live: number }>(sql`
      select count(*) filter (where r.ended_at < now() - interval '1 day')::int as old,
        (select count(*)::int from graphs where colony = ${colony} and ended_at < now() - interval '1 day') as graphs,
        (select count(*)::int from live where colony = ${colony}) as live
      from results r where r.colony = ${colony}`)
  const before = await rows()
  assert.ok(before)
  // The leader forgets: from now on this replica.
  await db.run(sql`update leader_lease set until = now()`)
  let [runs, slowest, more] = [0, 0, true]
  for (const started = performance.now(); more; runs++) {
    await runOnce('replica-heartbeat')
    const runStarted = performance.now()
    more = (await runOnce('retention')) === 'again' || runs === 0
    slowest = Math.max(slowest, performance.now() - runStarted)
    assert.ok(runs <= (2 * before.old) / BATCH + 10, 'it never ends')
    if (!more)
      t.diagnostic(
        `${before.old} forgotten in ${runs} runs, ${(performance.now() - started).toFixed(0)} ms; ${slowest.toFixed(0)} ms at most`,
      )
  }
  assert.deepEqual(await rows(), { old: 0, graphs: 0, live: before.live })
  assert.ok(slowest < RUN_MS_MAX, `one run took ${slowest} ms`)
}

/** Until the counters have all that happened. Transactions of other tests may hide the newest events for a while. */
export async function untilCounted({ db, colony, runOnce }: Crowd): Promise<void> {
  const uncounted = () =>
    db.one(sql`
      select 1 from events e left join counters c on c.colony = e.colony
      where e.colony = ${colony} and e.xact >= coalesce(c.counted_to, '0'::xid8) limit 1`)
  for (const giveUpAt = Date.now() + 60_000; (await uncounted()) !== undefined; ) {
    assert.ok(Date.now() < giveUpAt, 'the events are never counted')
    await runOnce('counters')
    await sleep(50) // sleeps: nothing tells when the transactions of others end
  }
}
