import { connect, type DatabaseConfig } from '@colonies/database'
import { generatePrivateKey } from '@colonies/identity'
import { nowMs } from '../clock.js'
import { History, submits } from '../history.js'
import { type Spread, spreadOf } from '../judge/back.js'
import { longestGap } from '../judge/longest-gap.js'
import { judge } from '../judge.js'
import { startExecutors } from '../load/executors.js'
import type { Load } from '../load/load.js'
import { startSubmitters } from '../load/submitters.js'
import { pause } from '../monkey.js'
import { between, type Random } from '../random.js'
import type { Report, Stage } from '../scenario.js'
import { untilDrained } from '../settle.js'
import { type ChaosColony, openColony } from '../stage/colony.js'
import type { ReplicaProcess } from '../stage/replica-process.js'
import { startReplicas } from '../stage/replicas.js'

const PULSE_MS = 50

export interface Size {
  readonly rounds: number
  readonly acknowledged: number
  readonly executors: number
  readonly submitters: number
  readonly batchSize: number
  readonly minutes: number
}

/** What the database does to those who use it, and how long. */
export interface Round {
  /** Takes the database away and brings it back. @returns milliseconds, by name, that are reported and bounded */
  strike(round: number, scene: Scene): Promise<Readonly<Record<string, number>>>
}

export interface Scene {
  readonly replicas: readonly ReplicaProcess[]
  readonly colony: ChaosColony
}

export interface AwayOptions extends Round {
  readonly config: DatabaseConfig
  readonly random: Random
  readonly size: Size
  readonly minutes: number
  /** What `strike` measures, at most: of 95 in 100, in milliseconds. `without writes` is measured for all. */
  readonly p95Ms: Readonly<Record<string, number>>
}

/** Three replicas under load on a database that goes away again and again; then the judge. */
export async function runAway(stage: Stage, options: AwayOptions): Promise<Report> {
  const { config, random, size, minutes } = options
  const serverKey = generatePrivateKey()
  const replicas = await startReplicas(stage, { database: config, serverKey, count: 3 })
  const pids = replicas.map(({ pid }) => pid)
  const endpoints = replicas.map(({ url }) => url)
  const db = connect({ ...config, maxConnections: 4 })
  stage.atEnd(() => db.close())
  const history = new History()
  const colony = await openColony({ db, history, serverKey, endpoints })
  const executors = await startExecutors(colony, { count: size.executors, endpoints, concurrency: 8 })
  const submitters = await startSubmitters(colony, { ...size, count: size.submitters, endpoints })

  const pulse = await startPulse(colony)

  const end = nowMs() + minutes * 60_000
  const times: Record<string, number[]> = {}
  let rounds = 0
  while (nowMs() < end && (rounds < size.rounds || history.submitted < size.acknowledged)) {
    await pause(between(random, [500, 1500]))
    const from = nowMs()
    const measured = rounds < size.rounds && (await options.strike(rounds, { replicas, colony }))
    // Whoever is still without an answer now is seen as such.
    await pause(2_000)
    if (!measured) continue // enough rounds; the load goes on until there was enough of it
    rounds += 1
    const all = { 'without writes': Math.round(longestGap(history, pulse.id, from, nowMs())), ...measured }
    for (const [name, ms] of Object.entries(all)) (times[name] ??= []).push(ms)
    stage.say(`${rounds} of ${size.rounds}: ${JSON.stringify(all)}, ${history.submitted} acknowledged`)
  }
  await pulse.stop()
  await submitters.stop()
  const left = await untilDrained(db, colony.key, 120)
  await executors.stop()

  const spreads = Object.entries(times).map(([name, values]) => [name, spreadOf(values)] as const)
  const ended = replicas.filter(({ pid, exitCode }, place) => pid !== pids[place] || typeof exitCode === 'number')
  return {
    faults: await judge(history, db, colony),
    missed: [
      ...(left > 0 ? [`${left} processes never ended`] : []),
      ...(ended.length > 0 ? [`${ended.length} replicas ended`] : []),
      ...(rounds < size.rounds ? [`only ${rounds} rounds`] : []),
      ...(history.submitted < size.acknowledged ? [`only ${history.submitted} acknowledged`] : []),
      ...spreads.flatMap(([name, { p95 }]) => {
        const most = options.p95Ms[name]
        return most !== undefined && p95 > most ? [`${name}: ${p95} ms, more than ${most}`] : []
      }),
    ],
    numbers: {
      rounds,
      acknowledged: history.submitted,
      'calls sent again': history.records.filter(({ tries }) => tries.length > 1).length,
      'submits of unknown outcome': history.records.filter(
        ({ outcome, operation }) => outcome === 'unknown' && submits.includes(operation),
      ).length,
      ...Object.fromEntries(spreads.map(([name, spread]) => [`${name} ms (median/p95/worst)`, shown(spread)])),
    },
  }
}

/** One that submits all the time, so that it is seen when nothing can be stored: submitters of the load wait for executors. */
async function startPulse(colony: ChaosColony): Promise<Load & { id: string }> {
  const client = await colony.user('pulse')
  const conditions = { colonyname: colony.name, executortype: 'load' }
  let stopped = false
  const beat = async () => {
    for (let count = 0; !stopped; count += 1) {
      const spec = { funcname: 'work', label: `pulse:${count}`, maxexectime: 10, maxretries: 100, conditions }
      await client.submit({ spec }).catch(() => {}) // the history has it
      await pause(PULSE_MS)
    }
  }
  const beating = beat()
  return {
    id: client.id ?? '',
    async stop() {
      stopped = true
      await beating
    },
  }
}

const shown = ({ median, p95, worst }: Spread) => `${median} / ${p95} / ${worst}`
