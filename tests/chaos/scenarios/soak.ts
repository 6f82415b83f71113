import { nowMs } from '../clock.js'
import { type Allowance, findGrowth, type Sample } from '../judge/growth.js'
import { findSlower, quartersOf } from '../judge/slower.js'
import { judge } from '../judge.js'
import { startExecutors } from '../load/executors.js'
import { addCrons, NOBODY, startPackers } from '../load/schedules.js'
import { startSubmitters } from '../load/submitters.js'
import { pause } from '../monkey.js'
import type { Scenario } from '../scenario.js'
import { untilDrained, untilOnTime } from '../settle.js'
import { clientsOf } from '../stage/colony.js'
import { serveColony } from '../stage/served-colony.js'
import { look } from '../stage/watch.js'

const sizes = {
  // Share: of the rate, what each quarter of the run has to close; less on a machine with other tests.
  ci: { minutes: 0.2, measureMs: 2_000, lookMs: 500, executors: 4, submitters: 2, crons: 2, share: 0.5 },
  // A look counts all processes: more often, the load would be slower in the end for that.
  full: { minutes: 120, measureMs: 30_000, lookMs: 30_000, executors: 16, submitters: 8, crons: 10, share: 0.95 },
} as const

/** Of what the machine can do with this load. */
const SHARE = 0.7
/** Promised in docs/reliability.md. */
const P99_GROWTH = 1.3
/** Shorter runs are too short to tell a trend from a beginning. */
const TREND_MINUTES = 3

export const soak: Scenario = {
  name: 'soak',
  says: 'a mixed load at 70 % of what the machine can do; nothing may grow, nor become slower',
  async run(stage, { scale, minutes = sizes[scale].minutes }) {
    const size = sizes[scale]
    const { config } = await stage.database()
    const { db, replicas, endpoints, history, colony } = await serveColony(stage, { config, count: 2 })
    const executors = await startExecutors(stage, colony, { count: size.executors, endpoints })
    // What crons and generators start ends too, or `live` would grow; it is no part of the rate, nor of what submitters wait for.
    const aside = stage.history()
    const client = clientsOf({ history: aside, colonyname: colony.name }, endpoints)
    const others = { count: size.executors, endpoints, prefix: 'other', type: NOBODY }
    const otherExecutors = await startExecutors(stage, { ...colony, client }, others)
    const user = await colony.user('planner')
    await addCrons(user, colony.name, size.crons)
    const packers = await startPackers(stage, colony, { user, pauseMs: 200 })

    const load = { count: size.submitters, endpoints, aheadMax: 200 }
    const fastest = await startSubmitters(stage, colony, { ...load, pauseMs: 0, prefix: 'fast' })
    const before = history.closed
    // sleeps: for as long as the rate is measured
    await pause(size.measureMs)
    const rate = ((history.closed - before) / size.measureMs) * 1_000
    await fastest.stop()
    stage.say(`${Math.round(rate)} processes a second at most`)

    const submitters = await startSubmitters(stage, colony, { ...load, ratePerSecond: rate * SHARE })
    const [looks, begun] = [[] as Sample[][], nowMs()]
    while (nowMs() - begun < minutes * 60_000) {
      // sleeps: between two looks
      await pause(size.lookMs)
      looks.push(await look(db, replicas))
      if (looks.length % 10 === 0)
        stage.say(`${Math.round((nowMs() - begun) / 60_000)} minutes, ${history.closed} closed`)
    }
    const ended = nowMs()
    await Promise.all([submitters.stop(), packers.stop()])
    const left = await untilDrained(db, colony.key, 60)
    const onTime = await untilOnTime(db, colony.key, 30)
    await Promise.all([executors.stop(), otherExecutors.stop()])
    await Promise.all(replicas.map((replica) => replica.stop()))

    const isTrend = minutes >= TREND_MINUTES
    const quarters = quartersOf(history, begun, ended)
    history.add(aside.records)
    const p99GrowthMax = isTrend ? P99_GROWTH : Number.POSITIVE_INFINITY
    return {
      faults: [...(await judge(history, db, colony)), ...(isTrend ? findGrowth(looks, allowanceOf) : [])],
      missed: [
        ...(left > 0 ? [`${left} processes never ended`] : []),
        ...(onTime ? [] : ['crons or generators were left behind']),
        ...(rate > 0 ? [] : ['nothing was closed while the rate was measured']),
        ...findSlower(quarters, { perSecondMin: rate * SHARE * size.share, p99GrowthMax }),
      ],
      numbers: {
        minutes,
        'a second': Math.round(rate * SHARE),
        acknowledged: history.submitted,
        'closed a second, by quarter': quarters.map(({ closedPerSecond }) => closedPerSecond.toFixed(1)).join(' / '),
        'p99 ms of submits, by quarter': quarters.map(({ p99Ms }) => p99Ms ?? 'none').join(' / '),
        ...ends(looks),
      },
    }
  },
}

function allowanceOf(what: string): Allowance {
  if (what.startsWith('MB of the replica')) return { share: 0.1, noise: 20 }
  if (what.startsWith('MB of table')) return { share: 0.2, noise: 2 }
  if (what.startsWith('open files')) return { share: 0, noise: 8 }
  if (what.startsWith('connections')) return { share: 0, noise: 4 }
  // What a process takes in one table is little, and tables have whole pages.
  return { share: 0.1, noise: what.startsWith('bytes of a process in') ? 32 : 0 }
}

/** Tables that are smaller can neither have grown much. */
const MB_SHOWN = 2

/** What was looked at, after the warm-up and in the end; of tables the large ones. */
function ends(looks: readonly (readonly Sample[])[]): Record<string, string> {
  const first = looks[Math.floor(looks.length / 4)] ?? []
  const last = new Map(looks.at(-1)?.map(({ what, value }) => [what, value]))
  const shown = (value: number | undefined) => String(Math.round((value ?? 0) * 10) / 10)
  const isSmall = (what: string) => what.startsWith('MB of table') && (last.get(what) ?? 0) < MB_SHOWN
  const told = first.filter(({ what }) => !what.startsWith('bytes of a process in') && !isSmall(what))
  return Object.fromEntries(told.map(({ what, value }) => [what, `${shown(value)} / ${shown(last.get(what))}`]))
}
