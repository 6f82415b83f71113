import type { Client } from '@colonies/client'
import { nowMs } from '../clock.js'
import { spreadOf } from '../judge/back.js'
import { judge } from '../judge.js'
import { type Lag, Pollers } from '../load/pollers.js'
import { pause } from '../monkey.js'
import { type Random, randomOf } from '../random.js'
import type { Report, Scenario, Stage } from '../scenario.js'
import type { ChaosColony } from '../stage/colony.js'
import { freePort } from '../stage/free-port.js'
import { type ReplicaNumbers, readNumbers } from '../stage/replica-numbers.js'
import type { ReplicaProcess } from '../stage/replica-process.js'
import { serveColony } from '../stage/served-colony.js'

const sizes = {
  // Polls: as many for each executor, and whole batches.
  ci: { polls: 400, submits: 16, everyMs: 100, idleMs: 1_000, wakeP99Ms: 1_000 }, // on a machine with other tests
  full: { polls: 10_000, submits: 60, everyMs: 1_000, idleMs: 10_000, wakeP99Ms: 100 },
} as const
type Size = Readonly<Record<keyof (typeof sizes)['ci'], number>>

const EXECUTORS = 16
const BATCH = 100
/** The poll of each second wakes nobody so soon: this is the work of hints, also on a busy machine. */
const WAKE_MEDIAN_MS = 300
/** Without hints, what is ready is found by the poll of each second. */
const FOUND_MS_MAX = 5_000
const BURST_MS_MAX = 60_000
/** Promised in docs/reliability.md. */
const CLAIMS_MAX = 3
const STOP_MS_MAX = 10_000

export const longPolls: Scenario = {
  name: 'long-polls',
  says: 'thousands of long polls on two replicas: single submits, then a burst; with hints between replicas and without any',
  async run(stage, { seed, scale }) {
    const random = randomOf(seed)
    // Another number of polls shows what grows with it.
    const size = { ...sizes[scale], polls: Number(process.env.COLONIES_CHAOS_POLLS ?? sizes[scale].polls) }
    const parts = [
      await run(stage, { random, size, hints: true }),
      await run(stage, { random, size: { ...size, submits: size.submits / 2 }, hints: false }),
    ]
    return {
      faults: parts.flatMap(({ faults }) => faults),
      missed: parts.flatMap(({ missed }) => missed),
      numbers: Object.assign({ polls: size.polls }, ...parts.map(({ numbers }) => numbers)),
    }
  },
}

interface PartOptions {
  readonly random: Random
  readonly size: Size
  readonly hints: boolean
}

async function run(stage: Stage, { random, size, hints }: PartOptions): Promise<Report> {
  const { config } = await stage.database()
  // Nobody answers where this one listens for hints.
  const env = hints ? {} : { COLONIES_DB_LISTEN_PORT: String(await freePort()) }
  const { db, replicas, endpoints, history, colony } = await serveColony(stage, { config, count: 2, env })
  const users = await Promise.all(endpoints.map((endpoint, at) => colony.user(`user${at}`, [endpoint])))
  const alone = await restOver(replicas, size.idleMs)
  const executors = Array.from({ length: EXECUTORS }, (_, number) => ({
    name: `e${number}`,
    type: `at${number % 2}`,
    endpoint: endpoints[number % 2] ?? '',
  }))
  const pollers = await Pollers.start(stage, colony, { count: size.polls, executors })
  await untilWaiting(replicas, size.polls)
  const held = await restOver(replicas, size.idleMs)
  await pollers.lag()
  stage.say(`${hints ? 'with' : 'without'} hints: ${size.polls} polls are held`)

  const steady = await submitOneByOne({ colony, users, pollers, size, random })
  const after = await readNumbers(replicas)
  const lags = [after.lagP99Ms, await pollers.lag()] as const
  stage.say(`one by one: ${steady.wakes.map((ms) => ms.toFixed(1)).join(' ')} ms; event loops ${lagsOf(lags)}`)
  pollers.tell('hold')
  await readNumbers(replicas)
  const burst = await submitAtOnce({ colony, users, pollers, size })
  stage.say(`burst: event loops ${lagsOf([(await readNumbers(replicas)).lagP99Ms, await pollers.lag()])}`)
  pollers.tell('work')
  await untilWaiting(replicas, size.polls)
  pollers.tell('last')
  const stopMs = await stopTimed(replicas[0])
  await pollers.stop()
  const claims = (after.claims - held.claims) / size.submits
  const faults = await judge(history, db, colony)
  return { faults, ...measure({ size, hints, alone, held, steady, burst, claims, stopMs }) }
}

interface Measured {
  readonly size: Size
  readonly hints: boolean
  readonly alone: Resting
  readonly held: Resting
  readonly steady: Awaited<ReturnType<typeof submitOneByOne>>
  readonly burst: Awaited<ReturnType<typeof submitAtOnce>>
  readonly claims: number
  readonly stopMs: number
}

function measure(measured: Measured): Omit<Report, 'faults'> {
  const { size, hints, alone, held, steady, burst, claims, stopMs } = measured
  const label = hints ? 'with hints' : 'without'
  const hinted = spreadOf(steady.hinted)
  const [wakes, calls, bursts] = [spreadOf(steady.wakes), spreadOf(steady.calls), spreadOf(burst.wakes)]
  const lost = steady.lost.length + burst.lost.length
  const kib = (name: 'heap' | 'resident') => Math.round((held[name] - alone[name]) / size.polls / 1024)
  return {
    missed: [
      ...(lost > 0 ? [`${label}: ${lost} processes came to nobody`] : []),
      ...(claims > CLAIMS_MAX ? [`${label}: ${claims} claims per submit`] : []),
      ...(burst.acknowledged === size.polls ? [] : [`${label}: a burst of ${burst.acknowledged}, not ${size.polls}`]),
      ...(hints && hinted.median > WAKE_MEDIAN_MS
        ? [`${label}: by hints half were awake after ${hinted.median} ms`]
        : []),
      ...(hints && wakes.p99 > size.wakeP99Ms ? [`${label}: awake after ${wakes.p99} ms`] : []),
      ...(stopMs > STOP_MS_MAX ? [`${label}: stopped after ${stopMs} ms`] : []),
    ],
    numbers: {
      [`${label}: awake after the acknowledgement, ms (p50/p99/worst)`]: `${ms(wakes.median)} / ${ms(wakes.p99)} / ${ms(wakes.worst)}`,
      [`${label}: from sending the submit`]: `${ms(calls.median)} / ${ms(calls.p99)} / ${ms(calls.worst)}`,
      [`${label}: claims per submit`]: claims.toFixed(2),
      [`${label}: burst, assigned a second`]: Math.round((1_000 * burst.wakes.length) / burst.ms),
      [`${label}: burst, awake after the acknowledgement, ms (p50/p99)`]: `${ms(bursts.median)} / ${ms(bursts.p99)}`,
      [`${label}: KiB per poll (heap/resident)`]: `${kib('heap')} / ${kib('resident')}`,
      [`${label}: % of a core at rest, of both replicas (no polls/all)`]: `${alone.cpuPercent} / ${held.cpuPercent}`,
      [`${label}: stop ms`]: Math.round(stopMs),
    },
  }
}

const ms = (value: number) => value.toFixed(value < 10 ? 1 : 0)

function lagsOf([replicas, pollers]: readonly [number, Lag]): string {
  return `of replicas ${ms(replicas)} ms (p99), of the load ${ms(pollers.p99)} ms (p99), ${ms(pollers.max)} ms (worst)`
}

interface Resting extends ReplicaNumbers {
  readonly cpuPercent: string
}

/** What replicas need while nobody asks them anything. */
async function restOver(replicas: readonly ReplicaProcess[], restMs: number): Promise<Resting> {
  const [before, begun] = [await readNumbers(replicas), nowMs()]
  // sleeps: for as long as it is measured
  await pause(restMs)
  const numbers = await readNumbers(replicas)
  const percent = (100 * (numbers.cpuSeconds - before.cpuSeconds)) / ((nowMs() - begun) / 1_000)
  return { ...numbers, cpuPercent: percent.toFixed(1) }
}

interface Submitting {
  readonly colony: ChaosColony
  readonly users: readonly Client[]
  readonly pollers: Pollers
  readonly size: Size
}

/** For executors of either replica; each third at theirs, the others at the other one. Each fourth is for one by name. */
async function submitOneByOne({ colony, users, pollers, size, random }: Submitting & { random: Random }) {
  /** Milliseconds until it arrived: from the acknowledgement, which may be later, and from sending. */
  const [wakes, calls]: [number[], number[]] = [[], []]
  /** Of those at the other replica, for which the executor's one needs a hint. */
  const hinted: number[] = []
  const lost: string[] = []
  for (let number = 0; number < size.submits; number += 1) {
    const executor = Math.floor(random() * EXECUTORS)
    const spec = specFor(colony, { label: `one${number}`, type: executor % 2, ...(number % 4 === 0 && { executor }) })
    const needsHint = number % 3 > 0
    const sentAt = nowMs()
    const { processid } = (await users[(executor + Number(needsHint)) % 2]?.submit({ spec })) ?? { processid: '' }
    const acknowledgedAt = nowMs()
    lost.push(...(await pollers.untilArrived([processid], FOUND_MS_MAX)))
    const arrivedAt = pollers.arrivals.get(processid) ?? Number.POSITIVE_INFINITY
    wakes.push(Math.max(0, arrivedAt - acknowledgedAt))
    if (needsHint) hinted.push(wakes.at(-1) ?? 0)
    calls.push(arrivedAt - sentAt)
    // sleeps: at the rate that is asked for
    await pause(Math.max(0, sentAt + size.everyMs - nowMs()))
  }
  return { wakes, hinted, calls, lost }
}

/** As many as there are polls. */
async function submitAtOnce({ colony, users, pollers, size }: Submitting) {
  const sentAt = nowMs()
  const acknowledged = new Map<string, number>()
  const batches = Array.from({ length: Math.ceil(size.polls / BATCH) }, async (_, batch) => {
    const specs = Array.from({ length: BATCH }, (__, place) =>
      specFor(colony, { label: `burst${batch}:${place}`, type: place % 2 }),
    )
    const outcomes = (await users[batch % users.length]?.submitMany(colony.name, specs)) ?? []
    for (const { processid } of outcomes) if (processid) acknowledged.set(processid, nowMs())
  })
  await Promise.all(batches)
  const lost = await pollers.untilArrived([...acknowledged.keys()], BURST_MS_MAX)
  const arrived = [...acknowledged].flatMap(([id, at]) => {
    const arrivedAt = pollers.arrivals.get(id)
    return arrivedAt === undefined ? [] : [{ at, arrivedAt }]
  })
  const last = arrived.reduce((latest, { arrivedAt }) => Math.max(latest, arrivedAt), sentAt)
  const wakes = arrived.map(({ at, arrivedAt }) => Math.max(0, arrivedAt - at))
  return { acknowledged: acknowledged.size, lost, wakes, ms: last - sentAt }
}

function specFor(colony: ChaosColony, { label, type, executor }: { label: string; type: number; executor?: number }) {
  const named = executor === undefined ? {} : { executornames: [`e${executor}`] }
  return { funcname: 'work', label, conditions: { colonyname: colony.name, executortype: `at${type}`, ...named } }
}

async function untilWaiting(replicas: readonly ReplicaProcess[], count: number): Promise<void> {
  // sleeps: how many wait is told by the metrics alone
  for (const end = nowMs() + 180_000; nowMs() < end; await pause(200)) {
    if ((await readNumbers(replicas)).waiters === count) return
  }
  throw new Error(`there were never ${count} polls held`)
}

async function stopTimed(replica: ReplicaProcess | undefined): Promise<number> {
  const from = nowMs()
  await replica?.stop()
  return nowMs() - from
}
