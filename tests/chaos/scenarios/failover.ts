import { randomOf } from '../random.js'
import type { Scenario } from '../scenario.js'
import { PatroniCluster } from '../stage/patroni.js'
import { runAway } from './database-away.js'

const sizes = {
  ci: { rounds: 2, acknowledged: 50, executors: 4, submitters: 3, batchSize: 5, minutes: 2 },
  // Half of the load that the issue asks for: failovers and switchovers share it.
  full: { rounds: 15, acknowledged: 25_000, executors: 16, submitters: 6, batchSize: 250, minutes: 6 },
} as const

export const failover: Scenario = {
  name: 'failover',
  says: 'kill -9 of the primary of a Patroni cluster, in turn of PostgreSQL alone and of the whole node; short: one switchover, one kill',
  async run(stage, { seed, scale, minutes = sizes[scale].minutes }) {
    const random = randomOf(seed)
    const cluster = await PatroniCluster.start(stage, random)
    return runAway(stage, {
      config: cluster.config,
      random,
      size: sizes[scale],
      minutes,
      p95Ms: { 'without writes': 20_000 },
      async strike(round) {
        if (round % 2 === 1) await (scale === 'ci' ? cluster.killPrimary() : cluster.killMachine())
        else await (scale === 'ci' ? cluster.switchover() : cluster.killPrimary())
        await cluster.untilWhole()
        return {}
      },
    })
  },
}

export const switchover: Scenario = {
  name: 'switchover',
  says: 'the primary of a Patroni cluster hands its office to a standby',
  async run(stage, { seed, scale, minutes = sizes[scale].minutes }) {
    const random = randomOf(seed)
    const cluster = await PatroniCluster.start(stage, random)
    return runAway(stage, {
      config: cluster.config,
      random,
      size: sizes[scale],
      minutes,
      p95Ms: { 'without writes': 5_000 },
      async strike() {
        await cluster.switchover()
        await cluster.untilWhole()
        return {}
      },
    })
  },
}
