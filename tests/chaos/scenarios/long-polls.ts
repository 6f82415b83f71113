import type { Client } from '@colonies/client'
import { generatePrivateKey } from '@colonies/identity'
import { nowMs } from '../clock.js'
import { judge } from '../judge.js'
import { Pollers } from '../load/pollers.js'
import { pause } from '../monkey.js'
import { type Random, randomOf } from '../random.js'
import type { Report, Scenario, Stage } from '../scenario.js'
import { type ChaosColony, openColony } from '../stage/colony.js'
import { freePort, type ReplicaProcess } from '../stage/replica-process.js'
import { startReplicas } from '../stage/replicas.js'

const sizes = {
  ci: { polls: 200, submits: 8, everyMs: 100, burst: 200, wakeP99Ms: 1_000 }, // on a machine with other tests
  full: { polls: 10_000, submits: 60, everyMs: 1_000, burst: 10_000, wakeP99Ms: 100 },
} as const
type Size = (typeof sizes)[keyof typeof sizes]

const EXECUTORS = 16
const BATCH = 100
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
    const parts = [
      await run(stage, { random, size: sizes[scale], hints: true }),
      await run(stage, { random, size: sizes[scale], hints: false }),
    ]
    return {
      faults: parts.flatMap(({ faults }) => faults),
      missed: parts.flatMap(({ missed }) => missed),
      numbers: Object.assign({}, ...parts.map(({ numbers }) => numbers)),
    }
  },
}

interface PartOptions {
  readonly random: Random
  readonly size: Size
  readonly hints: boolean
}

async function run(stage: Stage, { random, size, hints }: PartOptions): Promise<Report> {
  const { db, config } = await stage.database()
  const serverKey = generatePrivateKey()
  // Nobody answers where this one listens for hints.
  const env = hints ? {} : { COLONIES_DB_LISTEN_PORT: String(await freePort()) }
  const replicas = await startReplicas(stage, { database: config, serverKey, count: 2, env })
  const endpoints = replicas.map(({ url }) => url)
  const history = stage.history()
  const colony = await openColony({ db, history, serverKey, endpoints })
  const users = await Promise.all(endpoints.map((endpoint, at) => colony.user(`user${at}`, [endpoint])))
  const before = await readMetrics(replicas)
  const executors = Array.from({ length: EXECUTORS }, (_, number) => ({
    name: `e${number}`,
    type: `at${number % 2}`,
    endpoint: endpoints[number % 2] ?? '',
  }))
  const pollers = await Pollers.start(colony, { count: size.polls, executors })
  stage.atEnd(() => pollers.stop())
  await untilWaiting(replicas, size.polls)
  const held = await readMetrics(replicas)
  stage.say(`${hints ? 'with' : 'without'} hints: ${size.polls} polls are held`)

  const steady = await submitOneByOne({ colony, users, pollers, size, random })
  const claims = ((await readMetrics(replicas)).claims - held.claims) / size.submits
  stage.say(`one by one: ${steady.wakes.map(Math.round).join(' ')} ms`)
  const burst = await submitAtOnce({ colony, users, pollers, size })
  await pollers.closeAll()
  await untilWaiting(replicas, size.polls)
  const stopMs = await stopTimed(replicas[0])
  await pollers.stop()

  const label = hints ? 'with hints' : 'without'
  const [p50, p99] = [quantile(steady.wakes, 0.5), quantile(steady.wakes, 0.99)].map(Math.round)
  const lost = steady.lost.length + burst.lost.length
  const bytes = (name: 'heap' | 'resident') => Math.round((held[name] - before[name]) / size.polls / 1024)
  return {
    faults: await judge(history, db, colony),
    missed: [
      ...(lost > 0 ? [`${label}: ${lost} processes came to nobody`] : []),
      ...(claims > CLAIMS_MAX ? [`${label}: ${claims} claims per submit`] : []),
      ...(hints && (p99 ?? 0) > size.wakeP99Ms ? [`${label}: awake after ${p99} ms`] : []),
      ...(stopMs > STOP_MS_MAX ? [`${label}: stopped after ${stopMs} ms`] : []),
    ],
    numbers: {
      polls: size.polls,
      [`${label}: wake ms (p50/p99)`]: `${p50} / ${p99}`,
      [`${label}: claims per submit`]: claims.toFixed(2),
      [`${label}: burst ms`]: Math.round(burst.ms),
      [`${label}: KiB per poll (heap/resident)`]: `${bytes('heap')} / ${bytes('resident')}`,
      [`${label}: stop ms`]: Math.round(stopMs),
    },
  }
}

interface Submitting {
  readonly colony: ChaosColony
  readonly users: readonly Client[]
  readonly pollers: Pollers
  readonly size: Size
}

/** Each at either replica, for executors of either; each fourth for one by name. @returns milliseconds from sending to arrival */
async function submitOneByOne({ colony, users, pollers, size, random }: Submitting & { random: Random }) {
  const wakes: number[] = []
  const lost: string[] = []
  for (let number = 0; number < size.submits; number += 1) {
    const executor = Math.floor(random() * EXECUTORS)
    const spec = specFor(colony, { label: `one${number}`, type: executor % 2, ...(number % 4 === 0 && { executor }) })
    const sentAt = nowMs()
    const { processid } = (await users[random() < 0.5 ? 0 : 1]?.submit({ spec })) ?? { processid: '' }
    lost.push(...(await pollers.untilArrived([processid], FOUND_MS_MAX)))
    wakes.push((pollers.arrivals.get(processid)?.at ?? Number.POSITIVE_INFINITY) - sentAt)
    // sleeps: at the rate that is asked for
    await pause(Math.max(0, sentAt + size.everyMs - nowMs()))
  }
  return { wakes, lost }
}

async function submitAtOnce({ colony, users, pollers, size }: Submitting) {
  const sentAt = nowMs()
  const batches = Array.from({ length: Math.ceil(size.burst / BATCH) }, async (_, batch) => {
    const specs = Array.from({ length: BATCH }, (__, place) =>
      specFor(colony, { label: `burst${batch}:${place}`, type: place % 2 }),
    )
    const outcomes = await users[batch % users.length]?.submitMany(colony.name, specs)
    return (outcomes ?? []).flatMap(({ processid }) => (processid ? [processid] : []))
  })
  const ids = (await Promise.all(batches)).flat()
  const lost = await pollers.untilArrived(ids, BURST_MS_MAX)
  const last = Math.max(...ids.map((id) => pollers.arrivals.get(id)?.at ?? Number.POSITIVE_INFINITY))
  return { lost, ms: last - sentAt }
}

function specFor(colony: ChaosColony, { label, type, executor }: { label: string; type: number; executor?: number }) {
  const named = executor === undefined ? {} : { executornames: [`e${executor}`] }
  return { funcname: 'work', label, conditions: { colonyname: colony.name, executortype: `at${type}`, ...named } }
}

interface Numbers {
  readonly waiters: number
  readonly claims: number
  readonly heap: number
  readonly resident: number
}

/** Of all replicas together. */
async function readMetrics(replicas: readonly ReplicaProcess[]): Promise<Numbers> {
  const pages = await Promise.all(replicas.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()))
  const sum = (name: string) =>
    pages.reduce((all, page) => all + Number(page.match(new RegExp(`^${name} (.*)$`, 'm'))?.[1]), 0)
  return {
    waiters: sum('colonies_waiters'),
    claims: sum('colonies_claims_total'),
    heap: sum('colonies_heap_used_bytes'),
    resident: sum('process_resident_memory_bytes'),
  }
}

async function untilWaiting(replicas: readonly ReplicaProcess[], count: number): Promise<void> {
  // sleeps: how many wait is told by the metrics alone
  for (const end = nowMs() + 180_000; nowMs() < end; await pause(200)) {
    if ((await readMetrics(replicas)).waiters === count) return
  }
  throw new Error(`there were never ${count} polls held`)
}

async function stopTimed(replica: ReplicaProcess | undefined): Promise<number> {
  const from = nowMs()
  await replica?.stop()
  return nowMs() - from
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0
}
