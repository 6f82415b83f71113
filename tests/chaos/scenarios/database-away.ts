import type { DatabaseConfig } from '@colonies/database'
import { nowMs } from '../clock.js'
import { submits } from '../history.js'
import { type Spread, spreadOf } from '../judge/back.js'
import { longestGap } from '../judge/longest-gap.js'
import { judge } from '../judge.js'
import { startExecutors } from '../load/executors.js'
import { type Pulses, startPulses } from '../load/pulses.js'
import { startSubmitters } from '../load/submitters.js'
import { pause } from '../monkey.js'
import { between, type Random } from '../random.js'
import type { Report, Stage } from '../scenario.js'
import { untilDrained } from '../settle.js'
import type { ChaosColony } from '../stage/colony.js'
import type { ReplicaProcess } from '../stage/replica-process.js'
import { serveColony } from '../stage/served-colony.js'

export interface Size {
  readonly rounds: number
  readonly acknowledged: number
  readonly executors: number
  readonly submitters: number
  readonly batchSize: number
  /** Of the load; undefined: as much as it can. */
  readonly ratePerSecond?: number
  /** Between two rounds. */
  readonly calmMs?: readonly [least: number, most: number]
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
  readonly p95Ms?: Readonly<Record<string, number>>
  /** The same, of all. */
  readonly worstMs?: Readonly<Record<string, number>>
}

/** Three replicas under load on a database that goes away again and again; then the judge. */
export async function runAway(stage: Stage, options: AwayOptions): Promise<Report> {
  const { config, size } = options
  const { db, replicas, endpoints, history, colony } = await serveColony(stage, { config, count: 3 })
  const executors = await startExecutors(stage, colony, { count: size.executors, endpoints, concurrency: 8 })
  const submitters = await startSubmitters(stage, colony, { ...size, count: size.submitters, endpoints })
  const pulses = await startPulses(stage, colony, endpoints)

  const { rounds, times } = await strikeAll(stage, options, { replicas, colony, pulses })
  await Promise.all([pulses.stop(), submitters.stop()])
  const left = await untilDrained(db, colony.key, 120)
  await executors.stop()

  const spreads = Object.entries(times).map(([name, values]) => [name, spreadOf(values)] as const)
  return {
    faults: await judge(history, db, colony),
    missed: [
      ...(left > 0 ? [`${left} processes never ended`] : []),
      ...(rounds < size.rounds ? [`only ${rounds} rounds`] : []),
      ...(history.submitted < size.acknowledged ? [`only ${history.submitted} acknowledged`] : []),
      ...spreads.flatMap(([name, { p95, worst }]) => [
        ...tooLong(`${name} (p95)`, p95, options.p95Ms?.[name]),
        ...tooLong(`${name} (worst)`, worst, options.worstMs?.[name]),
      ]),
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

interface Struck {
  readonly rounds: number
  /** Milliseconds of each round, by what they measure. */
  readonly times: Readonly<Record<string, readonly number[]>>
}

/**
 * A round for each share of the load, and none later than its share of the time: blows meet a load until the end.
 *
 * @returns when there was enough of both, or the time is over
 */
async function strikeAll(stage: Stage, options: AwayOptions, scene: Scene & { pulses: Pulses }): Promise<Struck> {
  const { size, minutes, random } = options
  const { pulses, colony } = scene
  const { history } = colony
  const begun = nowMs()
  const end = begun + minutes * 60_000
  const times: Record<string, number[]> = {}
  let rounds = 0
  const isDue = (share: number) =>
    history.submitted >= share * size.acknowledged || nowMs() >= begun + share * (end - begun)
  const soFar = () => `${history.submitted} acknowledged after ${Math.round((nowMs() - begun) / 1000)} s`
  for (; rounds < size.rounds && nowMs() < end; rounds += 1) {
    // sleeps: the load goes on meanwhile, and nobody tells how far it is
    while (!isDue(rounds / size.rounds)) await pause(100)
    // sleeps: a random time of calm
    await pause(between(random, size.calmMs ?? [500, 1500]))
    const from = nowMs()
    const measured = await options.strike(rounds, scene)
    await pulses.answeredSince(nowMs())
    const now = nowMs()
    const silence = Math.max(...pulses.ids.map((id) => longestGap(history, id, from, now)))
    const all = { 'without writes': Math.round(silence), ...measured }
    for (const [name, ms] of Object.entries(all)) (times[name] ??= []).push(ms)
    stage.say(`${rounds + 1} of ${size.rounds}: ${JSON.stringify(all)}, ${soFar()}`)
  }
  while (!isDue(1)) await pause(100) // sleeps: as above
  stage.say(`all rounds are over: ${soFar()}`)
  return { rounds, times }
}

const tooLong = (name: string, ms: number, most = Number.POSITIVE_INFINITY): string[] =>
  ms > most ? [`${name}: ${ms} ms, more than ${most}`] : []

const shown = ({ median, p95, worst }: Spread) => `${median} / ${p95} / ${worst}`
