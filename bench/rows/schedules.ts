import { type Db, sql } from '@colonies/database'
import { type Caller, sameOf } from '../caller.js'
import { untilCommitsAreFast } from '../measure/commits.js'
import { percentile, rateFor } from '../measure/statistics.js'
import type { OurTarget, Row, Size } from '../row.js'
import { makeColony } from '../stage/colony.js'
import { turnSeconds } from '../stage/turns.js'

const PACKERS = 64
const ARGUMENTS = 100
/** A run that comes later than this is not counted. */
const LATE_MS = 6_000

/** For nobody: what is measured is the start of the workflows. */
const workflowspec = JSON.stringify({
  functionspecs: [{ nodename: 'n', funcname: 'f', conditions: { executortype: 'nobody' } }],
})

async function addGenerator(user: Caller, colonyname: string): Promise<string> {
  const generator = { colonyname, name: 'packed', trigger: ARGUMENTS, timeout: -1, workflowspec }
  const { generatorid } = await user.call<{ generatorid: string }>('addgeneratormsg', { generator })
  return generatorid
}

export const scheduleRows: readonly Row[] = [
  {
    id: 'pack-64',
    says: `pack into a generator, ${PACKERS} connections`,
    unit: '/s',
    better: 'more',
    must: { times: 8 },
    limit: 'roundTrips',
    kind: 'wire',
    members: { executors: PACKERS },
    async run(_, colony, size) {
      const generatorid = await addGenerator(colony.user, colony.name)
      const pack = sameOf(colony.executors, 'packgeneratormsg', { generatorid, arg: 'a' })
      const figure = await rateFor(turnSeconds(size), PACKERS, pack)
      await colony.user.call('removegeneratormsg', { generatorid })
      return figure
    },
  },
  {
    id: 'pack-batches',
    says: `pack ${ARGUMENTS} arguments in one call, 4 connections`,
    unit: '/s',
    better: 'more',
    must: 10_000,
    limit: 'rows',
    kind: 'own',
    async run(target, size) {
      const colony = await makeColony(target, { executors: 4 })
      const generatorid = await addGenerator(colony.user, colony.name)
      const args = Array.from({ length: ARGUMENTS }, (_, n) => `argument ${n}`)
      const pack = sameOf(colony.executors, 'packgeneratormanymsg', { generatorid, args })
      const { value, operations } = await rateFor(turnSeconds(size), 4, pack)
      await colony.user.call('removegeneratormsg', { generatorid })
      colony.close()
      return { value: value * ARGUMENTS, operations: operations * ARGUMENTS }
    },
  },
  {
    id: 'crons-1000',
    says: '1 000 crons of one second: late by, p99',
    unit: 'ms',
    better: 'less',
    must: 300,
    kind: 'own',
    runs: 1,
    run: (target, size) => lateness(target, size),
  },
]

/** How late each run begins of crons that are due every second. @throws Error when a planned time was left out */
async function lateness(target: OurTarget, size: Size) {
  const [count, seconds] = size === 'short' ? [100, 5] : [1_000, 20]
  const colony = await makeColony(target, {})
  const ids: string[] = []
  for (let n = 0; n < count; n++) {
    const cron = {
      colonyname: colony.name,
      name: `cron-${n}`,
      interval: -1,
      cronexpression: '* * * * * *',
      workflowspec,
    }
    ids.push((await colony.user.call<{ cronid: string }>('addcronmsg', { cron })).cronid)
  }
  await untilCommitsAreFast(target.db)
  // All of them run by now; from here on it is measured.
  const from = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 1_000)
  const to = new Date(from.getTime() + seconds * 1_000)
  // sleeps: until all of those have run
  await new Promise((resolve) => setTimeout(resolve, to.getTime() - Date.now() + LATE_MS))
  const late = await latenessOf(target.db, ids, { from, to })
  for (const cronid of ids) await colony.user.call('removecronmsg', { cronid })
  colony.close()
  if (late.length !== count * seconds) throw new Error(`${late.length} runs at ${count * seconds} planned times`)
  return { value: percentile(late, 0.99), note: `p50 ${Math.round(percentile(late, 0.5))} ms, all ${late.length} runs` }
}

async function latenessOf(db: Db, ids: readonly string[], { from, to }: { from: Date; to: Date }): Promise<number[]> {
  const rows = await db.all<{ late: number }>(sql`
    select extract(epoch from submitted_at - planned_at)::float8 * 1000 as late from graphs
    where cron_id = any(${ids}::text[]) and planned_at >= ${from.toISOString()}::timestamptz
      and planned_at < ${to.toISOString()}::timestamptz`)
  return rows.map((row) => row.late)
}
