import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { sql } from '@colonies/database'
import type { Crowd } from './crowd.js'

/** Ms of one run of the clean-up, which is one small batch of each table, and of a submit meanwhile. */
const RUN_MS_MAX = 5_000
const BATCH = 1_000

/**
 * A colony goes in small batches, and leaves nothing in any table. Runs that lose their connections in the middle leave the
 * rest to the next; submits in another colony do not wait for any of them.
 */
export async function assertRemoved(t: TestContext, crowd: Crowd): Promise<void> {
  const { serverOwner, colonyname, runOnce } = crowd
  const before = await rowsLeft(crowd)
  const largest = Math.max(...Object.values(before))
  const removedMs = await msOf(() => serverOwner.removeColony({ colonyname }))
  const started = performance.now()
  let [runs, slowestRun, slowestSubmit, left] = [0, 0, 0, before]
  while (Object.keys(left).length > 0) {
    const run = () => runOnce('clean-up')
    if (runs % 10 === 5) await Promise.allSettled([run(), loseConnections(crowd)])
    else {
      const [runMs, submitMs] = await Promise.all([msOf(run), msOf(() => submitElsewhere(crowd))])
      slowestRun = Math.max(slowestRun, runMs)
      slowestSubmit = Math.max(slowestSubmit, submitMs)
    }
    runs += 1
    assert.ok(runs <= 2 * (largest / BATCH) + 10, `after ${runs} runs there is ${JSON.stringify(left)}`)
    if (runs % 20 === 0 || runs > largest / BATCH) left = await rowsLeft(crowd)
  }
  const rows = Object.values(before).reduce((sum, count) => sum + count, 0)
  t.diagnostic(
    `removed ${rows} rows of ${Object.keys(before).length} tables: ${removedMs.toFixed(0)} ms until the answer, then ${runs} runs in ${((performance.now() - started) / 1000).toFixed(1)} s; ${slowestRun.toFixed(0)} ms at most, a submit elsewhere ${slowestSubmit.toFixed(0)} ms`,
  )
  assert.ok(slowestRun < RUN_MS_MAX, `one run took ${slowestRun} ms`)
  assert.ok(slowestSubmit < RUN_MS_MAX, `one submit took ${slowestSubmit} ms`)
}

async function msOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

/** What happens to a replica that is killed: what it has not committed is undone. */
function loseConnections({ db }: Crowd): Promise<unknown> {
  return db.run(sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and query like '%delete%'`)
}

async function submitElsewhere({ serverOwner, scene: { elsewhere } }: Crowd): Promise<void> {
  const conditions = { colonyname: elsewhere.name, executortype: 'none' }
  await serverOwner.as(elsewhere.user).submit({ spec: { funcname: 'f', conditions } })
}

/** Tables that have rows of the colony, and how many. */
async function rowsLeft({ db, colony }: Crowd): Promise<Record<string, number>> {
  const rows = await db.all<{ name: string; count: number }>(sql`
    select c.relname::text as name, ((xpath('/row/c/text()', query_to_xml(
      format('select count(*) as c from only %s where colony = %s', c.oid::regclass, ${colony}::int), false, true, '')))[1]
      ::text)::int as count
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'colony' and not a.attisdropped
    where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and c.relname <> 'removed_colonies'
    order by 1`)
  return Object.fromEntries(rows.filter(({ count }) => count > 0).map(({ name, count }) => [name, count]))
}
