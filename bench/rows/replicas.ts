import { sql } from '@colonies/database'
import type { Caller, Prepared } from '../caller.js'
import { ownBytesOf } from '../measure/cpu.js'
import { median, medianRatio, rateFor } from '../measure/statistics.js'
import type { BenchColony, OurReplica, OurTarget, OwnRow, Size } from '../row.js'
import { makeColony, specFor } from '../stage/colony.js'
import { lifeRate } from './processes.js'

const EXECUTORS = 24
const REPLICAS = 3
const AT_ONCE = 100
/** A replica that has just started is still being compiled, and these share two cores: after 20 s three reached 0.85 of one, after 90 s 0.96. */
const WARM_UP_SECONDS = 60
/** More than there are. */
const CLOSES_PER_SECOND_MAX = 4_000

async function submitMany(colony: BenchColony, count: number): Promise<void> {
  const items = Array.from({ length: AT_ONCE }, () => ({ spec: specFor(colony.name) }))
  for (let done = 0; done < count; done += AT_ONCE)
    await colony.user.call('submitbatchmsg', { colonyname: colony.name, items })
}

/** Closes per second with executors spread over the first replicas, of each turn. */
interface Side {
  replicas: number
  rates: number[]
}

/**
 * One replica, two, and so on to all, by turns; each process counts once, or it is an error. Which one is alone, and which two are
 * together, changes from round to round: processes of the same code differ by a tenth.
 */
async function closeRates(target: OurTarget, urls: readonly string[], size: Size): Promise<Side[]> {
  const [seconds, warmSeconds, rounds] = size === 'short' ? [2, 3, 1] : [1.5, 8, 12]
  const colony = await makeColony(target, { executors: EXECUTORS })
  const sides = urls.map((_, n): Side => ({ replicas: n + 1, rates: [] }))
  await submitMany(colony, CLOSES_PER_SECOND_MAX * (warmSeconds + sides.length * rounds * seconds))
  const taken = new Set<string>()
  let closed = 0
  const rateAt = async (places: readonly string[], forSeconds: number) => {
    const executors = colony.executors.map((executor, n) => executor.again(places[n % places.length]))
    const asks = executors.map((one) => one.prepare('assignprocessmsg', { colonyname: colony.name, timeout: 10 }))
    const { value, operations } = await rateFor(forSeconds, EXECUTORS, async (connection) => {
      const executor = executors[connection] as Caller
      const processid = await executor.take(asks[connection] as Prepared)
      taken.add(processid)
      await executor.deliver(executor.prepare('closesuccessfulmsg', { processid, out: ['done'] }))
    })
    closed += operations
    for (const executor of executors) executor.close()
    return value
  }
  await rateAt(urls, warmSeconds)
  // Many short turns, and each begins as often as the others: a machine that is shared has moments of less.
  for (let round = 0; round < rounds; round++)
    for (const turn of sides.keys()) {
      const side = sides[(round + turn) % sides.length] as Side
      const places = Array.from({ length: side.replicas }, (_, n) => urls[(round + n) % urls.length] as string)
      side.rates.push(await rateAt(places, seconds))
    }
  colony.close()
  if (closed > taken.size) throw new Error(`${closed - taken.size} processes were assigned twice`)
  return sides
}

async function withReplicas<T>(target: OurTarget, more: number, work: (urls: string[]) => Promise<T>): Promise<T> {
  const replicas: OurReplica[] = []
  try {
    for (let n = 0; n < more; n++) replicas.push(await target.anotherReplica())
    return await work([target.url, ...replicas.map(({ url }) => url)])
  } finally {
    for (const replica of replicas) await replica.stop()
  }
}

export const replicaRows: readonly OwnRow[] = [
  {
    id: 'replicas',
    says: `assign + close, ${EXECUTORS} executors: two and three replicas over one, the worse of both; none assigned twice`,
    unit: 'x',
    better: 'more',
    must: 0.85,
    kind: 'own',
    runs: 1,
    run: (target, size) =>
      withReplicas(target, REPLICAS - 1, async (urls) => {
        const started = urls.slice(1) // the first has been at work for all rows before this one
        if (size === 'full') await Promise.all(started.map((url) => lifeRate({ ...target, url }, WARM_UP_SECONDS)))
        const [one, ...more] = (await closeRates(target, urls, size)) as [Side, ...Side[]]
        const ratios = more.map(({ replicas, rates }) => ({ replicas, ratio: medianRatio(rates, one.rates) }))
        const note = ratios.map(({ replicas, ratio }) => `${replicas} replicas ${ratio.toFixed(3)}`).join(', ')
        return {
          value: Math.min(...ratios.map(({ ratio }) => ratio)),
          note: `${note} of ${Math.round(median(one.rates))}/s`,
        }
      }),
  },
  {
    id: 'memory-flat',
    says: 'memory of a replica after 1 M operations, over that after 10 000',
    unit: 'x',
    better: 'less',
    must: 1.2,
    kind: 'own',
    runs: 1,
    async run(target, size) {
      const replica = await target.anotherReplica()
      const colony = await makeColony({ ...target, url: replica.url }, { executors: 16 })
      const first = await bytesAfter(replica, colony, 10_000)
      const last = await bytesAfter(replica, colony, size === 'short' ? 50_000 : 1_000_000)
      const { count } = (await target.db.one<{ count: number }>(sql`
        select count(*)::int as count from results r join colonies c on c.colony_key = r.colony
        where c.name = ${colony.name}`)) ?? { count: 0 }
      colony.close()
      await replica.stop()
      const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20)
      return { value: last / first, note: `${megabytes(last)} of ${megabytes(first)} MiB, ${count} processes closed` }
    },
  },
]

/** Of as many operations as submits, assigns and closes are together; the largest of some looks at the end. */
async function bytesAfter({ pid }: OurReplica, colony: BenchColony, operations: number): Promise<number> {
  for (let left = Math.round(operations / 3); left > 0; ) {
    const now = Math.min(left, 3_200)
    await submitMany(colony, now)
    await Promise.all(colony.executors.map((executor) => closeAll(executor, colony.name)))
    left -= now
  }
  const looks: number[] = []
  for (let look = 0; look < 10; look++) {
    looks.push(await ownBytesOf(pid))
    // sleeps: while garbage may be collected
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  return Math.max(...looks)
}

async function closeAll(executor: Caller, colonyname: string): Promise<void> {
  for (;;) {
    const processes = await executor.call<{ processid: string }[]>('assignbatchmsg', {
      colonyname,
      timeout: -1,
      count: AT_ONCE,
    })
    if (processes.length === 0) return
    const items = processes.map(({ processid }) => ({ processid, out: ['done'] }))
    await executor.call('closebatchmsg', { colonyname, items })
  }
}
