import { type Db, sql } from '@colonies/database'
import { nowMs } from '../clock.js'
import { judge } from '../judge.js'
import { addCrons, startPackers } from '../load/schedules.js'
import { monkey } from '../monkey.js'
import { sayProgress } from '../progress.js'
import { randomOf } from '../random.js'
import type { Scenario } from '../scenario.js'
import { untilOnTime } from '../settle.js'
import { killReplica } from '../stage/replicas.js'
import { serveColony } from '../stage/served-colony.js'

const sizes = {
  ci: { kills: 6, crons: 50, pauseMs: [100, 500], packMs: 40, minutes: 1 },
  full: { kills: 200, crons: 100, pauseMs: [100, 2_000], packMs: 20, minutes: 10 },
} as const

/** Crons have one second; what a replica that died owed at the end of the run may come some seconds later. */
const SHARE_MIN = 0.9
const END_SECONDS = 10

export const killSchedules: Scenario = {
  name: 'kill-schedules',
  says: 'kill -9 of three replicas at random while crons fire each second and generators pack',
  async run(stage, { seed, scale, minutes = sizes[scale].minutes }) {
    const size = sizes[scale]
    const { config } = await stage.database()
    const { db, replicas, history, colony, ...served } = await serveColony(stage, { config, count: 3 })
    const neighbour = await served.neighbour()
    const user = await colony.user('planner')
    await addCrons(user, colony.name, size.crons)
    const begun = nowMs()
    const packers = await startPackers(stage, colony, { user, pauseMs: size.packMs })

    const killer = killReplica(replicas)
    sayProgress(stage, () => `${killer.startsMs.length} replicas killed and back, ${history.records.length} calls`)
    const struck = await monkey({
      random: randomOf(seed),
      blows: [killer],
      pauseMs: size.pauseMs,
      note: (blow) => history.note(blow),
      until: ({ length }) => length >= size.kills || nowMs() > begun + minutes * 60_000,
    })
    await killer.settled()
    await Promise.all([packers.stop(), neighbour.stop()])
    const settled = await untilOnTime(db, colony.key, 30)
    const seconds = (nowMs() - begun) / 1_000
    // No cron may fire while the judge looks.
    await Promise.all(replicas.map((replica) => replica.stop()))

    const { runs, median, worst, errors } = await readRuns(db, colony.key)
    const owed = Math.floor(size.crons * (seconds - END_SECONDS) * SHARE_MIN)
    return {
      faults: [...(await judge(history, db, colony)), ...(await neighbour.judge(db))],
      missed: [
        ...(settled ? [] : ['planned times or arguments were left behind']),
        ...(runs < owed ? [`only ${runs} runs of crons, not ${owed}`] : []),
        ...(struck.length < size.kills ? [`only ${struck.length} kills`] : []),
        ...(errors > 0 ? [`${errors} crons have an error`] : []),
      ],
      numbers: {
        kills: struck.length,
        'runs of crons': runs,
        'late by s (median/worst)': `${median.toFixed(2)} / ${worst.toFixed(1)}`,
        packs: history.records.filter(({ operation }) => operation.startsWith('packGenerator')).length,
      },
    }
  },
}

interface Runs {
  readonly runs: number
  /** Seconds between the planned time and the start. */
  readonly median: number
  readonly worst: number
  /** Crons whose last run failed. */
  readonly errors: number
}

async function readRuns(db: Db, colony: number): Promise<Runs> {
  const row = await db.one<Runs>(sql`
    select count(*)::int as runs, coalesce(percentile_cont(0.5) within group (order by late), 0) as median,
      coalesce(max(late), 0) as worst,
      (select count(*)::int from crons where colony = ${colony} and last_error <> '') as errors
    from (select extract(epoch from submitted_at - planned_at)::float8 as late from graphs
          where colony = ${colony} and cron_id is not null) as run`)
  return row ?? { runs: 0, median: 0, worst: 0, errors: 0 }
}
