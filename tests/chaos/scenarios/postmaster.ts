import { randomUUID } from 'node:crypto'
import { createClient } from '@colonies/client'
import { nowMs } from '../clock.js'
import { pause } from '../monkey.js'
import { randomOf } from '../random.js'
import type { Scenario } from '../scenario.js'
import { startOwnPostgres } from '../stage/own-postgres.js'
import { runAway, type Scene } from './database-away.js'

const sizes = {
  ci: { rounds: 2, acknowledged: 50, executors: 4, submitters: 3, batchSize: 5, minutes: 1 },
  // Two cores do several times that rate; PostgreSQL needs some of them to start again.
  full: {
    rounds: 100,
    acknowledged: 50_000,
    executors: 16,
    submitters: 6,
    batchSize: 20,
    ratePerSecond: 120,
    calmMs: [1_000, 5_000],
    minutes: 15,
  },
} as const

/** Promised in docs/reliability.md. */
const BACK_MS = 5_000
const READ_ONLY_MS = 3_000

/** @returns how long after `since` the last replica stored something for somebody who asks it alone, and asks once each time */
async function replicasBack({ replicas, colony }: Scene, since: number): Promise<number> {
  const times = await Promise.all(
    replicas.map(async ({ url }) => {
      const asking = createClient({ endpoint: url, privateKey: colony.ownerKey, retry: { forMs: 0 } })
      // sleeps: when a replica is back, only asking tells
      for (const end = since + 60_000; nowMs() < end; await pause(20)) {
        const location = { name: `probe ${randomUUID()}`, colonyname: colony.name }
        const stored = await asking.addLocation({ location }).then(
          () => true,
          () => false,
        )
        if (stored) return Math.round(nowMs() - since)
      }
      return Number.POSITIVE_INFINITY
    }),
  )
  return Math.max(...times)
}

export const postmaster: Scenario = {
  name: 'postmaster',
  says: 'kill -9 of the postmaster and immediate stops, in turn',
  async run(stage, { seed, scale, minutes = sizes[scale].minutes }) {
    const postgres = await startOwnPostgres(stage)
    return runAway(stage, {
      config: postgres.config,
      random: randomOf(seed),
      size: sizes[scale],
      minutes,
      worstMs: { 'replicas back': BACK_MS },
      async strike(round, scene) {
        const { at, accepts } = await postgres.kill(round % 2 === 0 ? 'SIGKILL' : 'SIGQUIT')
        return { 'PostgreSQL away': Math.round(accepts - at), 'replicas back': await replicasBack(scene, accepts) }
      },
    })
  },
}

export const readOnly: Scenario = {
  name: 'read-only',
  says: 'PostgreSQL refuses to write for some seconds, as a primary does that has become a standby',
  async run(stage, { seed, scale, minutes = sizes[scale].minutes }) {
    const postgres = await startOwnPostgres(stage)
    const size = { ...sizes[scale], rounds: scale === 'full' ? 20 : 1 }
    return runAway(stage, {
      config: postgres.config,
      random: randomOf(seed),
      size,
      minutes,
      worstMs: { 'replicas back': BACK_MS },
      async strike(_, scene) {
        await postgres.setReadOnly(true)
        // sleeps: for as long as it refuses to write
        await pause(READ_ONLY_MS)
        await postgres.setReadOnly(false)
        return { 'replicas back': await replicasBack(scene, nowMs()) }
      },
    })
  },
}
