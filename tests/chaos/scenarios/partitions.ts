import type { Db } from '@colonies/database'
import { generatePrivateKey } from '@colonies/identity'
import { nowMs } from '../clock.js'
import { slowestSubmit, spreadOf } from '../judge/back.js'
import { judge } from '../judge.js'
import { startExecutors } from '../load/executors.js'
import { startSubmitters } from '../load/submitters.js'
import { workSpec } from '../load/work-specs.js'
import { pause } from '../monkey.js'
import { between, type Random, randomOf } from '../random.js'
import type { Scenario, Stage } from '../scenario.js'
import { untilDrained } from '../settle.js'
import { type ChaosColony, openColony, rotated } from '../stage/colony.js'
import { type Neighbour, startNeighbour } from '../stage/neighbour.js'
import { type Break, breaks, Link } from '../stage/proxy.js'
import { startReplicas } from '../stage/replicas.js'

const sizes = {
  ci: { rounds: 1, breakMs: [300, 1_200], executors: 6, submitters: 3, minutes: 2 },
  full: { rounds: 10, breakMs: [1_000, 12_000], executors: 16, submitters: 6, minutes: 12 },
} as const

/** Promised in docs/reliability.md. */
const HEALED_MS = 10_000
const PROBE_MS_MAX = 60_000

/** Links that break together, and what tells when those behind them are served again. */
interface Place {
  readonly name: string
  readonly links: readonly Link[]
  readonly probe: Probe
}

/**
 * Asks once, and gives up soon.
 *
 * @param since by `nowMs`: what was done before does not count
 * @returns whether it was served
 */
type Probe = (since: number) => Promise<boolean>

export const partitions: Scenario = {
  name: 'partitions',
  says: 'cuts the ways between replicas and database, clients and a replica, executors and all replicas: whole, one way, slow',
  async run(stage, { seed, scale, minutes = sizes[scale].minutes }) {
    const size = sizes[scale]
    const ways = await openWays(stage)
    const { db, colony, neighbour, near, far } = ways
    const { history } = colony
    const [nearUrls, farUrls] = [near.map(({ url }) => url), far.map(({ url }) => url)]
    const executors = await startExecutors(stage, colony, { count: size.executors, endpoints: nearUrls })
    const farExecutors = await startExecutors(stage, colony, { count: 2, endpoints: farUrls, prefix: FAR })
    const submitters = await startSubmitters(stage, colony, { count: size.submitters, endpoints: nearUrls })
    const probes = await Promise.all(nearUrls.map((url, place) => submitProbe(colony, url, `probe${place}`)))
    const farProbes = await Promise.all(
      nearUrls.map((url, place) => closeProbe(colony, url, { name: `farProbe${place}`, ids: farExecutors.ids })),
    )

    const random = randomOf(seed)
    const end = nowMs() + minutes * 60_000
    const healed = new Map<string, number[]>()
    for (let round = 0; round < size.rounds && nowMs() < end; round += 1) {
      for (const [turn] of breaks.entries()) {
        // Three at a time, each in another way.
        const broken = placesOf(ways, { probes, farProbes }, random).map(async (place, number) => {
          const how = rotated(breaks, turn + number)[0] ?? 'cut'
          const breakMs = Math.round(between(random, size.breakMs))
          history.note({ name: `${place.name}: ${how} for ${breakMs} ms`, at: nowMs() })
          const ms = await breakAndHeal(place, how, breakMs)
          healed.set(place.name, [...(healed.get(place.name) ?? []), ms])
          if (ms > HEALED_MS / 2)
            stage.say(`${place.name}, ${how} for ${breakMs} ms: healed after ${Math.round(ms)} ms`)
        })
        await Promise.all(broken)
      }
      stage.say(`round ${round + 1}, ${history.submitted} acknowledged, ${history.closed} closed`)
    }
    await Promise.all([submitters.stop(), neighbour.stop()])
    const left = await untilDrained(db, colony.key, 120)
    await Promise.all([executors.stop(), farExecutors.stop()])

    const worst = Math.max(...[...healed.values()].flat())
    const rounds = [...healed.values()].flat().length
    return {
      faults: [...(await judge(history, db, colony)), ...(await neighbour.judge(db))],
      missed: [
        ...(left > 0 ? [`${left} processes never ended`] : []),
        ...(worst > HEALED_MS ? [`healed after ${Math.round(worst)} ms`] : []),
        ...(rounds < size.rounds * breaks.length * 3 ? [`only ${rounds} breaks`] : []),
      ],
      numbers: {
        breaks: rounds,
        acknowledged: history.submitted,
        ...Object.fromEntries([...healed].map(([name, ms]) => [`${name} healed ms (median/p95/worst)`, shown(ms)])),
        'slowest submit ms': Math.round(slowestSubmit(history)),
      },
    }
  },
}

function shown(ms: readonly number[]): string {
  const { median, p95, worst } = spreadOf(ms)
  return [median, p95, worst].map(Math.round).join(' / ')
}

interface Ways {
  readonly db: Db
  readonly colony: ChaosColony
  readonly neighbour: Neighbour
  /** To the database of each replica, to each replica for most, and for the executors that lose all. */
  readonly toDatabase: readonly Link[]
  readonly near: readonly Link[]
  readonly far: readonly Link[]
}

/** Three replicas, and links between all that talk. */
async function openWays(stage: Stage): Promise<Ways> {
  const { db, config } = await stage.database()
  const serverKey = generatePrivateKey()
  const toDatabase = await linksTo(stage, Array(3).fill(config))
  const replicas = await Promise.all(
    toDatabase.map(({ port }) => startReplicas(stage, { database: { ...config, port }, serverKey, count: 1 })),
  )
  const targets = replicas.flat().map(({ port }) => ({ host: '127.0.0.1', port }))
  const [near, far] = [await linksTo(stage, targets), await linksTo(stage, targets)]
  const endpoints = near.map(({ url }) => url)
  const colony = await openColony({ db, history: stage.history(), serverKey, endpoints })
  const neighbour = await startNeighbour(stage, { db, serverKey, endpoints })
  return { db, colony, neighbour, toDatabase, near, far }
}

/** At each replica, by links of their own. */
type Probes = Readonly<Record<'probes' | 'farProbes', readonly Probe[]>>

/** Of three replicas one loses its database and one its clients; the third has work for the executors that lose all. */
function placesOf({ toDatabase, near, far }: Ways, { probes, farProbes }: Probes, random: Random): Place[] {
  const [one, two, three] = rotated([0, 1, 2], Math.floor(random() * near.length)) as [number, number, number]
  const only = (links: readonly Link[], place: number) => links.slice(place, place + 1)
  const probeAt = (all: readonly Probe[], place: number) => {
    const probe = all[place]
    if (!probe) throw new Error(`nobody probes replica ${place}`)
    return probe
  }
  return [
    { name: 'replica/database', links: only(toDatabase, one), probe: probeAt(probes, one) },
    { name: 'clients/replica', links: only(near, two), probe: probeAt(probes, two) },
    { name: 'executors/replicas', links: far, probe: probeAt(farProbes, three) },
  ]
}

async function linksTo(stage: Stage, targets: readonly { host: string; port: number }[]): Promise<Link[]> {
  const links = await Promise.all(targets.map(({ host, port }) => Link.to({ host, port })))
  stage.atEnd(() => Promise.all(links.map((link) => link.close())))
  return links
}

const patience = { timeoutMs: 1_000, retry: { forMs: 0 } }
const FAR = 'far'

/** Submits through one link alone. */
async function submitProbe(colony: ChaosColony, url: string, name: string): Promise<Probe> {
  const user = await colony.user(name, [url], patience)
  let made = 0
  return () => succeeds(user.submit({ spec: workSpec(colony.name, `${name}:${made++}`) }))
}

/** Submits work for the far executors through a link that is whole, until one of them has closed some of it. */
async function closeProbe(
  colony: ChaosColony,
  url: string,
  { name, ids }: { name: string; ids: readonly string[] },
): Promise<Probe> {
  const user = await colony.user(name, [url], patience)
  const names = ids.map((_, number) => `${FAR}${number}`)
  const { records } = colony.history
  const submittedAt = new Map<string, number>()
  let made = 0
  return async (since) => {
    const at = nowMs()
    await succeeds(
      user
        .submit({ spec: workSpec(colony.name, `${name}:${made++}`, names) })
        .then(({ processid }) => submittedAt.set(processid, at)),
    )
    // No call that ended before can be the close of it.
    for (let place = records.length - 1; place >= 0 && (records[place]?.ended ?? 0) >= since; place -= 1) {
      const { client = '', operation, outcome, ids: closed = [] } = records[place] ?? {}
      if (operation !== 'closeSuccessful' || outcome !== 'ok' || !ids.includes(client)) continue
      if ((submittedAt.get(closed[0] ?? '') ?? 0) >= since) return true
    }
    return false
  }
}

const succeeds = (call: Promise<unknown>): Promise<boolean> =>
  call.then(
    () => true,
    () => false,
  )

/** @returns milliseconds from healing until those behind the broken links were served */
async function breakAndHeal({ links, probe }: Place, how: Break, breakMs: number): Promise<number> {
  for (const link of links) link.break(how)
  // sleeps: for as long as the link is broken
  await pause(breakMs)
  for (const link of links) link.heal()
  const healedAt = nowMs()
  while (nowMs() - healedAt < PROBE_MS_MAX) {
    const isServed = await probe(healedAt)
    if (isServed) break
    // sleeps: a probe ten times a second
    await pause(100)
  }
  return nowMs() - healedAt
}
