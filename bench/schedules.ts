import { type Db, sql } from '@colonies/database'
import { type BenchColony, type BenchServer, makeColony, percentile, rateOf } from './load.js'

type Report = (name: string, value: string, note?: string) => void

const CRONS = 1000
const TRIGGER = 100
const PACKERS = 64
/** Of the crons of one second. */
const SECONDS = 15
/** A run that comes later than this is not counted. */
const LATE_MS = 6_000
const perSecond = (rate: number) => `${Math.round(rate)}/s`

/** For nobody: what is measured is the start of the workflows. */
const workflowspec = JSON.stringify({
  functionspecs: [{ nodename: 'n', funcname: 'f', conditions: { executortype: 'nobody' } }],
})

/** Crons and generators of one colony. */
export async function schedules(server: BenchServer, report: Report): Promise<void> {
  const colony = await makeColony(server, 'schedules', PACKERS)
  await packs(server.db, colony, report)
  await lateness(server.db, colony, 1, report)
  await dueAtOnce(server.db, colony, report)
  await lateness(server.db, colony, 100, report)
  await lateness(server.db, colony, CRONS, report)
}

async function packs(db: Db, { name, user, executors }: BenchColony, report: Report): Promise<void> {
  const generator = { colonyname: name, name: 'packed', trigger: TRIGGER, workflowspec }
  const { generatorid } = (await user.call('addgeneratormsg', { generator })) as { generatorid: string }
  const pack = (total: number, connections: number) =>
    rateOf(total, connections, async (connection) =>
      executors[connection]?.call('packgeneratormsg', { generatorid, arg: 'a' }),
    )
  await pack(300, PACKERS)
  report('pack, 1 connection', perSecond(await pack(500, 1)))
  report(`pack, ${PACKERS} connections`, perSecond(await pack(8000, PACKERS)), 'one generator')
  const args = Array.from({ length: 100 }, (_, n) => `argument ${n}`)
  const many = await rateOf(200, 4, async (connection) =>
    executors[connection]?.call('packgeneratormanymsg', { generatorid, args }),
  )
  report('pack, 100 in one call, 4 connections', perSecond(many * args.length), 'one workflow started by each call')
  await user.call('removegeneratormsg', { generatorid })
  const each = { colonyname: name, name: 'each', trigger: 1, workflowspec }
  const single = (await user.call('addgeneratormsg', { generator: each })) as { generatorid: string }
  const graphs = async () =>
    (await db.one<{ n: number }>(sql`select count(*)::int as n from graphs where colony <> 0`))?.n
  const before = (await graphs()) ?? 0
  const begin = performance.now()
  for (let call = 0; call < CRONS / args.length; call += 1)
    await user.call('packgeneratormanymsg', { generatorid: single.generatorid, args })
  await until(async () => ((await graphs()) === before + CRONS ? true : undefined))
  report(
    `generator of trigger 1, ${CRONS} arguments at once`,
    `${Math.round(CRONS / ((performance.now() - begin) / 1000))} workflows/s`,
  )
  await user.call('removegeneratormsg', { generatorid: single.generatorid })
}

const everySecond = { interval: -1, cronexpression: '* * * * * *', workflowspec }

/** How late each run begins of crons that are due every second, and how many planned times were left out. */
async function lateness(db: Db, { name, user }: BenchColony, count: number, report: Report): Promise<void> {
  const ids: string[] = []
  for (let n = 0; n < count; n += 1) {
    const cron = { ...everySecond, colonyname: name, name: `${count} of one second, ${n}` }
    ids.push(((await user.call('addcronmsg', { cron })) as { cronid: string }).cronid)
  }
  // All of them run by now; from here on it is measured.
  const from = new Date(Math.ceil(Date.now() / 1000) * 1000 + 1000)
  const to = new Date(from.getTime() + SECONDS * 1000)
  await new Promise((resolve) => setTimeout(resolve, to.getTime() - Date.now() + LATE_MS))
  const rows = await db.all<{ late: number }>(sql`
    select extract(epoch from submitted_at - planned_at)::float8 * 1000 as late from graphs
    where cron_id = any(${ids}::text[]) and planned_at >= ${from.toISOString()}::timestamptz
      and planned_at < ${to.toISOString()}::timestamptz`)
  for (const cronid of ids) await user.call('removecronmsg', { cronid })
  const late = rows.map((row) => row.late)
  report(
    `${count} ${count === 1 ? 'cron' : 'crons'} of one second, late by, p50 (p99)`,
    `${percentile(late, 0.5).toFixed(0)} ms`,
    `(${percentile(late, 0.99).toFixed(0)} ms) ${late.length} of ${count * SECONDS} runs`,
  )
}

async function dueAtOnce(db: Db, { name, user }: BenchColony, report: Report): Promise<void> {
  const planned = Math.ceil(Date.now() / 1000) * 1000 + 15_000
  const nextrun = new Date(planned).toISOString()
  for (let n = 0; n < CRONS; n += 1) {
    const cron = { colonyname: name, name: `hourly ${n}`, interval: 3600, cronexpression: '', workflowspec, nextrun }
    await user.call('addcronmsg', { cron })
  }
  if (Date.now() > planned) throw new Error('adding the crons took longer than until they were due')
  const took = await until(async () => {
    const row = await db.one<{ n: number }>(sql`
      select count(*)::int as n from graphs where planned_at = ${nextrun}::timestamptz`)
    return row?.n === CRONS ? Date.now() - planned : undefined
  })
  report(`${CRONS} crons due at once, until the last one runs`, `${took} ms`, perSecond(CRONS / (took / 1000)))
}

async function until<Value>(look: () => Promise<Value | undefined>): Promise<Value> {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    const value = await look()
    if (value !== undefined) return value
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('what was to be measured has not happened within a minute')
}
