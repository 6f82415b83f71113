import { type Caller, type Prepared, Refusal } from '../caller.js'
import { ownBytesOf } from '../measure/cpu.js'
import { metricsOf } from '../measure/metrics.js'
import { median, percentile, timeOf } from '../measure/statistics.js'
import type { Figure, OurTarget, OwnRow, Size } from '../row.js'
import { makeColony, specFor } from '../stage/colony.js'
import { coresAtRest, untilRest } from '../stage/rest.js'
import { until } from '../until.js'

const polls = (size: Size) => (size === 'short' ? 1_000 : 10_000)
const EXECUTORS = 16
const HOLD_SECONDS = 600

interface Hanging {
  /** Milliseconds until the last one was accepted. */
  acceptMs: number
  /** Until one of them has a process. */
  first(): Promise<{ processid: string }>
  user: Caller
  colonyname: string
  hangUp(): Promise<void>
}

/** Long polls on one replica, each with a connection of its own. */
async function hang(target: OurTarget, count: number): Promise<Hanging> {
  const colony = await makeColony(target, { executors: EXECUTORS })
  const connections = Array.from({ length: count }, (_, n) => (colony.executors[n % EXECUTORS] as Caller).again())
  const waiting: ((process: { processid: string }) => void)[] = []
  // Signed before: executors have machines of their own for that. The same text of the same executor has the same signature each time.
  const requests = colony.executors.map((executor) =>
    executor.prepare('assignprocessmsg', { colonyname: colony.name, timeout: HOLD_SECONDS }),
  )
  let hungUp = false
  const ask = async (caller: Caller, n: number): Promise<void> => {
    try {
      const process = await caller.send<{ processid: string }>(requests[n % EXECUTORS] as Prepared)
      waiting.shift()?.(process)
    } catch (error) {
      if (hungUp) return
      if (!(error instanceof Refusal && error.status === 503)) throw error
      // sleeps: ten thousand at once are more than a replica lets in; who is sent away comes again, as SDKs do
      await new Promise((resolve) => setTimeout(resolve, 100))
      await ask(caller, n)
    }
  }
  let asked: Promise<unknown> = Promise.resolve()
  const acceptMs = await timeOf(async () => {
    asked = Promise.all(connections.map(ask))
    // One that fails will never hang.
    const all = until(async () => (await metricsOf(target.url)).waiters >= count)
    await Promise.race([all, asked.then(() => all)])
  })
  return {
    acceptMs,
    first: () => new Promise((resolve) => waiting.push(resolve)),
    user: colony.user,
    colonyname: colony.name,
    async hangUp() {
      hungUp = true
      for (const caller of connections) caller.close()
      await asked
      await until(async () => (await metricsOf(target.url)).waiters === 0)
      colony.close()
    },
  }
}

/** Submits one process after the other; each wakes one poll, which is not asked again. */
async function wakes({ user, colonyname, first }: Hanging, count: number): Promise<number[]> {
  const times: number[] = []
  for (let turn = 0; turn < count; turn++) {
    const begin = performance.now()
    const came = first()
    await user.call('submitfuncspecmsg', { spec: specFor(colonyname) })
    await came
    times.push(performance.now() - begin)
  }
  return times
}

type PollRow = Pick<OwnRow, 'id' | 'says' | 'unit' | 'must' | 'reach'> & {
  measure(target: OurTarget, count: number): Promise<Figure>
}

function row({ measure, ...of }: PollRow): OwnRow {
  return { ...of, better: 'less', kind: 'own', runs: 1, run: (target, size) => measure(target, polls(size)) }
}

export const pollRows: readonly OwnRow[] = [
  row({
    id: 'poll-memory',
    says: 'memory of the replica for each of 10 000 hanging assigns',
    unit: 'bytes',
    must: 12 * 1024,
    reach: 8 * 1024,
    async measure(target, count) {
      const replica = await target.anotherReplica() // whose memory nothing else has grown
      const fresh = { ...target, url: replica.url }
      const warm = await hang(fresh, 100)
      await warm.hangUp()
      const before = await ownBytesOf(replica.pid)
      const hanging = await hang(fresh, count)
      const bytes = ((await ownBytesOf(replica.pid)) - before) / count
      await hanging.hangUp()
      await replica.stop()
      return { value: bytes, note: `all accepted after ${(hanging.acceptMs / 1_000).toFixed(1)} s` }
    },
  }),
  row({
    id: 'poll-accept',
    says: 'until 10 000 assigns hang, from the first connection',
    unit: 's',
    must: 4,
    async measure(target, count) {
      const hanging = await hang(target, count)
      await hanging.hangUp()
      return { value: hanging.acceptMs / 1_000 }
    },
  }),
  row({
    id: 'poll-rest',
    says: 'processor time of server and database at rest, with 10 000 hanging assigns',
    unit: 'cores',
    must: 0.01,
    async measure(target, count) {
      const hanging = await hang(target, count)
      await untilRest(target)
      const figure = await coresAtRest(target)
      await hanging.hangUp()
      return figure
    },
  }),
  row({
    id: 'poll-latency',
    says: 'submit to assigned among 10 000 hanging assigns, over that with 400, p50',
    unit: 'x',
    must: 1.25,
    async measure(target, count) {
      const few = await hang(target, 400)
      const alone = await wakes(few, 300)
      await few.hangUp()
      const hanging = await hang(target, count)
      const among = await wakes(hanging, 300)
      await hanging.hangUp()
      const note = `${median(among).toFixed(1)} (p99 ${percentile(among, 0.99).toFixed(1)}) of ${median(alone).toFixed(1)} ms`
      return { value: median(among) / median(alone), note }
    },
  }),
  row({
    id: 'herd',
    says: 'thundering herd: statements that claim, per submit, with 1 000 waiting executors; one is woken',
    unit: 'statements',
    must: 2,
    async measure(target) {
      const hanging = await hang(target, 1_000)
      const before = await metricsOf(target.url)
      const turns = 100
      await wakes(hanging, turns)
      const after = await metricsOf(target.url)
      await hanging.hangUp()
      const woken = before.waiters - after.waiters
      if (woken !== turns) throw new Error(`${woken} polls ended after ${turns} submits`)
      return { value: (after.claims - before.claims) / turns }
    },
  }),
]
