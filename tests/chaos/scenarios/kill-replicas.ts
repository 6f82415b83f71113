import { generatePrivateKey } from '@colonies/identity'
import { nowMs } from '../clock.js'
import { History } from '../history.js'
import { spreadOf, timesUntilBack } from '../judge/back.js'
import { judge } from '../judge.js'
import { startExecutors } from '../load/executors.js'
import { startPythonExecutors } from '../load/python-executors.js'
import { startSubmitters } from '../load/submitters.js'
import { monkey } from '../monkey.js'
import { randomOf } from '../random.js'
import type { Scenario } from '../scenario.js'
import { untilDrained } from '../settle.js'
import { openColony } from '../stage/colony.js'
import { killReplica, startReplicas } from '../stage/replicas.js'

const sizes = {
  ci: { kills: 6, acknowledged: 500, executors: 8, python: 1, submitters: 4, pauseMs: 20, batchSize: 5, minutes: 1 },
  full: {
    kills: 300,
    acknowledged: 200_000,
    executors: 60,
    python: 4,
    submitters: 8,
    pauseMs: 5,
    batchSize: 200,
    minutes: 30,
  },
} as const

/** Promised in docs/reliability.md. */
const BACK_MS = 2_000

export const killReplicas: Scenario = {
  name: 'kill-replicas',
  says: 'kill -9 of three replicas at random, under a load of single processes, batches and workflows',
  async run(stage, { seed, scale, minutes = sizes[scale].minutes }) {
    const size = sizes[scale]
    const { db, config } = await stage.database()
    const serverKey = generatePrivateKey()
    const replicas = await startReplicas(stage, { database: config, serverKey, count: 3 })
    const endpoints = replicas.map(({ url }) => url)
    const history = new History()
    const colony = await openColony({ db, history, serverKey, endpoints })
    const executors = await startExecutors(colony, { count: size.executors, endpoints })
    const python = await startPythonExecutors(stage, colony, { count: size.python, endpoints })
    const submitters = await startSubmitters(colony, { ...size, count: size.submitters, endpoints })

    const end = nowMs() + minutes * 60_000
    const struck = await monkey({
      random: randomOf(seed),
      blows: [killReplica(replicas)],
      pauseMs: [50, 500],
      until: ({ length }) => {
        if (length % 20 === 19)
          stage.say(`${length} kills, ${history.submitted} acknowledged, ${history.closed} closed`)
        return nowMs() > end || (length >= size.kills && history.submitted >= size.acknowledged)
      },
    })
    await submitters.stop()
    const left = await untilDrained(db, colony.key, 120)
    await Promise.all([executors.stop(), python.stop()])

    const faults = await judge(history, db, colony)
    const back = spreadOf(timesUntilBack(history, struck.slice(0, -1)))
    const missed = [
      ...(left > 0 ? [`${left} processes never ended`] : []),
      ...(back.worst > BACK_MS ? [`traffic was back after ${back.worst} ms`] : []),
      ...(struck.length < size.kills ? [`only ${struck.length} kills`] : []),
      ...(history.submitted < size.acknowledged ? [`only ${history.submitted} acknowledged`] : []),
    ]
    const back_ms = [back.median, back.p95, back.worst].map(Math.round).join(' / ')
    const again = history.records.filter(({ tries }) => tries.length > 1).length
    return {
      faults,
      missed,
      numbers: {
        kills: struck.length,
        acknowledged: history.submitted,
        'calls sent again': again,
        'back ms (median/p95/worst)': back_ms,
      },
    }
  },
}
