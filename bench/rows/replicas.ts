import { sql } from '@colonies/database'
import type { Caller, Prepared } from '../caller.js'
import { ownBytesOf } from '../measure/cpu.js'
import { rateFor } from '../measure/statistics.js'
import type { BenchColony, OurReplica, OurTarget, OwnRow, Size } from '../row.js'
import { makeColony, specFor } from '../stage/colony.js'
import { lifeRate } from './processes.js'

const EXECUTORS = 24
const AT_ONCE = 100
/** Before it is measured: a replica that has just started is still being compiled. */
const warmSeconds = (size: Size) => (size === 'short' ? 3 : 10)

async function submitMany(colony: BenchColony, count: number): Promise<void> {
  const items = Array.from({ length: AT_ONCE }, () => ({ spec: specFor(colony.name) }))
  for (let done = 0; done < count; done += AT_ONCE)
    await colony.user.call('submitbatchmsg', { colonyname: colony.name, items })
}

/** Executors at so many replicas, by turns; each process counts once, or it is an error. */
async function closeRate(target: OurTarget, urls: readonly string[], size: Size): Promise<number> {
  const seconds = size === 'short' ? 2 : 5
  const warm = { seconds: warmSeconds(size), operations: 0 }
  const colony = await makeColony(target, { executors: EXECUTORS })
  await submitMany(colony, 2_500 * (seconds + warm.seconds))
  const executors = colony.executors.map((executor, n) => executor.again(urls[n % urls.length]))
  const asks = executors.map((one) => one.prepare('assignprocessmsg', { colonyname: colony.name, timeout: 10 }))
  const taken = new Set<string>()
  const live = async (connection: number) => {
    const executor = executors[connection] as Caller
    const { processid } = await executor.send<{ processid: string }>(asks[connection] as Prepared)
    taken.add(processid)
    await executor.deliver(executor.prepare('closesuccessfulmsg', { processid, out: ['done'] }))
  }
  warm.operations = (await rateFor(warm.seconds, EXECUTORS, live)).operations
  const { value, operations } = await rateFor(seconds, EXECUTORS, live)
  const twice = warm.operations + operations - taken.size
  if (twice > 0) throw new Error(`${twice} processes were assigned twice`)
  for (const executor of executors) executor.close()
  colony.close()
  return value
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

const replicas = (count: number): OwnRow => ({
  id: `replicas-${count}`,
  says: `assign + close, ${EXECUTORS} executors: ${count} replicas over one, none assigned twice`,
  unit: 'x',
  better: 'more',
  must: 0.85,
  kind: 'own',
  run: (target, size) =>
    withReplicas(target, count - 1, async (urls) => {
      const one = await closeRate(target, urls.slice(0, 1), size)
      const all = await closeRate(target, urls, size)
      return { value: all / one, note: `${Math.round(all)}/s of ${Math.round(one)}/s` }
    }),
})

export const replicaRows: readonly OwnRow[] = [
  replicas(2),
  replicas(3),
  {
    id: 'first-seconds',
    says: 'lives in the first five seconds of a replica, over those after thirty more',
    unit: 'x',
    better: 'more',
    kind: 'own',
    runs: 1,
    run: (target, size) =>
      withReplicas(target, 1, async ([, url = '']) => {
        const replica = { ...target, url }
        const first = await lifeRate(replica, 5)
        await lifeRate(replica, size === 'short' ? 5 : 30)
        const later = await lifeRate(replica, 5)
        return { value: first / later, note: `${Math.round(first)}/s of ${Math.round(later)}/s` }
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
