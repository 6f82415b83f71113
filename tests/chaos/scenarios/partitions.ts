import { generatePrivateKey } from '@colonies/identity'
import { nowMs } from '../clock.js'
import { History } from '../history.js'
import { slowestSubmit, spreadOf } from '../judge/back.js'
import { judge } from '../judge.js'
import { startExecutors } from '../load/executors.js'
import { startSubmitters } from '../load/submitters.js'
import { pause } from '../monkey.js'
import { between, randomOf } from '../random.js'
import type { Scenario, Stage } from '../scenario.js'
import { untilDrained } from '../settle.js'
import { type ChaosColony, openColony } from '../stage/colony.js'
import { type Break, breaks, Link } from '../stage/proxy.js'
import { startReplicas } from '../stage/replicas.js'

const sizes = {
  ci: { rounds: 1, breakMs: [300, 1_200], executors: 6, submitters: 3, minutes: 2 },
  full: { rounds: 10, breakMs: [1_000, 15_000], executors: 16, submitters: 6, minutes: 40 },
} as const

/** Promised in docs/reliability.md. */
const HEALED_MS = 10_000
const PROBE_MS_MAX = 60_000

/** Links that break together, and a client behind them that tells when they have healed. */
interface Place {
  readonly name: string
  readonly links: readonly Link[]
  readonly probe: Probe
}

/** Submits through one link alone, and gives up soon. */
type Probe = () => Promise<unknown>

export const partitions: Scenario = {
  name: 'partitions',
  says: 'cuts the ways between replicas and database, clients and a replica, executors and all replicas: whole, one way, slow',
  async run(stage, { seed, scale, minutes = sizes[scale].minutes }) {
    const size = sizes[scale]
    const random = randomOf(seed)
    const { db, config } = await stage.database()
    const serverKey = generatePrivateKey()
    const databaseLinks = await linksTo(stage, Array(3).fill(config))
    const replicas = (
      await Promise.all(
        databaseLinks.map(({ port }) => startReplicas(stage, { database: { ...config, port }, serverKey, count: 1 })),
      )
    ).flat()
    const targets = replicas.map(({ port }) => ({ host: '127.0.0.1', port }))
    const near = await linksTo(stage, targets)
    const far = await linksTo(stage, targets)
    const [nearUrls, farUrls] = [near.map(({ url }) => url), far.map(({ url }) => url)]
    const history = new History()
    const colony = await openColony({ db, history, serverKey, endpoints: nearUrls })
    const executors = await startExecutors(colony, { count: size.executors, endpoints: nearUrls })
    const farExecutors = await startExecutors(colony, { count: 2, endpoints: farUrls, prefix: 'far' })
    const submitters = await startSubmitters(colony, { count: size.submitters, endpoints: nearUrls })
    const probes = await Promise.all([...nearUrls, farUrls[0] ?? ''].map((url, n) => probeAt(colony, url, n)))
    const farProbe = probes.at(-1)

    const places = (): Place[] => {
      const at = Math.floor(random() * replicas.length)
      const [database, client, probe] = [databaseLinks[at], near[at], probes[at]]
      if (!database || !client || !probe || !farProbe) throw new Error('each replica has its links')
      return [
        { name: 'replica/database', links: [database], probe },
        { name: 'clients/replica', links: [client], probe },
        { name: 'executors/replicas', links: far, probe: farProbe },
      ]
    }
    const end = nowMs() + minutes * 60_000
    const healed = new Map<string, number[]>()
    for (let round = 0; round < size.rounds && nowMs() < end; round += 1) {
      for (const how of breaks) {
        for (const place of places()) {
          const ms = await breakAndHeal(place, how, between(random, size.breakMs))
          healed.set(place.name, [...(healed.get(place.name) ?? []), ms])
        }
      }
      stage.say(`round ${round + 1}, ${history.submitted} acknowledged, ${history.closed} closed`)
    }
    await submitters.stop()
    const left = await untilDrained(db, colony.key, 120)
    await Promise.all([executors.stop(), farExecutors.stop()])

    const worst = Math.max(...[...healed.values()].flat())
    const rounds = [...healed.values()].flat().length
    return {
      faults: await judge(history, db, colony),
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

async function linksTo(stage: Stage, targets: readonly { host: string; port: number }[]): Promise<Link[]> {
  const links = await Promise.all(targets.map(({ host, port }) => Link.to({ host, port })))
  stage.atEnd(() => Promise.all(links.map((link) => link.close())))
  return links
}

async function probeAt(colony: ChaosColony, url: string, number: number): Promise<Probe> {
  const name = `probe${number}`
  const user = await colony.user(name, [url], { timeoutMs: 1_000, retry: { forMs: 0 } })
  const conditions = { colonyname: colony.name, executortype: 'load' }
  let made = 0
  return () =>
    user.submit({
      spec: { funcname: 'work', label: `${name}:${made++}`, maxexectime: 10, maxretries: 100, conditions },
    })
}

/** @returns milliseconds from healing until a submit through the broken links was acknowledged */
async function breakAndHeal({ links, probe }: Place, how: Break, breakMs: number): Promise<number> {
  for (const link of links) link.break(how)
  // sleeps: for as long as the link is broken
  await pause(breakMs)
  for (const link of links) link.heal()
  const healedAt = nowMs()
  while (nowMs() - healedAt < PROBE_MS_MAX) {
    const isServed = await probe().then(
      () => true,
      () => false,
    )
    if (isServed) break
    // sleeps: a probe ten times a second
    await pause(100)
  }
  return nowMs() - healedAt
}
