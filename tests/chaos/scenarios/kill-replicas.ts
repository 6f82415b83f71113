import { nowMs } from '../clock.js'
import { slowestSubmit, spreadOf, timesUntilBack } from '../judge/back.js'
import { judge } from '../judge.js'
import { startExecutorProcesses } from '../load/executor-processes.js'
import { startPulses } from '../load/pulses.js'
import { startPythonExecutors } from '../load/python-executors.js'
import { startSubmitters } from '../load/submitters.js'
import { monkey } from '../monkey.js'
import { sayProgress } from '../progress.js'
import { randomOf } from '../random.js'
import type { Scenario } from '../scenario.js'
import { untilDrained } from '../settle.js'
import { killReplica } from '../stage/replicas.js'
import { serveColony } from '../stage/served-colony.js'

/**
 * Two cores, on which clients work as well as replicas, do about twice the rate of the full run. Its kills are spread over the
 * time that the submits take: replicas that start need most of a core for a second.
 */
const sizes = {
  ci: {
    kills: 3,
    acknowledged: 500,
    minutes: 1,
    pauseMs: [100, 500],
    executors: { count: 7, processes: 2, prefetch: 4 },
    python: 1,
    submitters: { count: 4, ratePerSecond: 100, batchSize: 5 },
  },
  full: {
    kills: 300,
    acknowledged: 200_000,
    minutes: 25,
    pauseMs: [600, 4_000],
    executors: { count: 60, processes: 3, prefetch: 4 },
    python: 4,
    submitters: { count: 8, ratePerSecond: 190, batchSize: 20 },
  },
} as const

/** Promised in docs/reliability.md. */
const BACK_MS = 2_000
/** Seconds in which all work has ended once nobody submits any more: more than a lease, whose holder was killed. */
const DRAIN_SECONDS = 120

export const killReplicas: Scenario = {
  name: 'kill-replicas',
  says: 'kill -9 of three replicas and of executors at random, under a load of single processes, batches and workflows',
  async run(stage, { seed, scale, minutes = sizes[scale].minutes }) {
    const size = sizes[scale]
    const { config } = await stage.database()
    const { db, replicas, endpoints, history, colony, ...served } = await serveColony(stage, { config, count: 3 })
    const neighbour = await served.neighbour()
    const executors = await startExecutorProcesses(stage, colony, { ...size.executors, endpoints })
    const python = await startPythonExecutors(stage, colony, { count: size.python, endpoints, type: 'python' })
    const submitters = await startSubmitters(stage, colony, { ...size.submitters, endpoints, otherType: 'python' })
    const pulses = await startPulses(stage, colony, endpoints)

    const killer = killReplica(replicas)
    const kills: number[] = []
    sayProgress(stage, () => `${kills.length} kills, ${history.submitted} acknowledged, ${history.closed} closed`)
    const end = nowMs() + minutes * 60_000
    const struck = await monkey({
      random: randomOf(seed),
      blows: [{ ...killer, weight: 12 }, executors.blow],
      pauseMs: size.pauseMs,
      note(blow) {
        history.note(blow)
        if (blow.name === killer.name) kills.push(blow.at)
      },
      until: () => nowMs() > end || (kills.length >= size.kills && history.submitted >= size.acknowledged),
    })
    await killer.settled()
    await Promise.all([submitters.stop(), pulses.stop(), neighbour.stop()])
    const left = await untilDrained(db, colony.key, DRAIN_SECONDS)
    await Promise.all([executors.stop(), python.stop()])

    const faults = [...(await judge(history, db, colony)), ...(await neighbour.judge(db))]
    const replicasStruck = struck.filter(({ name }) => name === killer.name)
    const back = spreadOf(timesUntilBack(history, replicasStruck, pulses.ids))
    const starts = spreadOf(killer.startsMs)
    const missed = [
      ...(left > 0 ? [`${left} processes never ended`] : []),
      ...(back.worst > BACK_MS ? [`traffic was back after ${Math.round(back.worst)} ms`] : []),
      ...(kills.length < size.kills ? [`only ${kills.length} kills`] : []),
      ...(history.submitted < size.acknowledged ? [`only ${history.submitted} acknowledged`] : []),
    ]
    return {
      faults,
      missed,
      numbers: {
        kills: kills.length,
        'kills of executors': struck.length - kills.length,
        acknowledged: history.submitted,
        'calls sent again': history.records.filter(({ tries }) => tries.length > 1).length,
        'back ms (median/p95/worst)': [back.median, back.p95, back.worst].map(Math.round).join(' / '),
        'slowest submit of the load ms': Math.round(slowestSubmit(history)),
        'a replica starts in ms (median/worst)': [starts.median, starts.worst].map(Math.round).join(' / '),
      },
    }
  },
}
