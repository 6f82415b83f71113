import { type Caller, type Prepared, Refusal } from '../caller.js'
import { median, percentile, rateFor } from '../measure/statistics.js'
import type { BenchColony, Size, Target, WireRow } from '../row.js'
import { makeColony, specFor } from '../stage/colony.js'
import { turnSeconds } from '../stage/turns.js'

/** A process for an executor of the colony; each has arguments, and so a signature, of its own. */
function submission(user: Caller, colony: BenchColony, turn: number): Prepared {
  return user.prepare('submitfuncspecmsg', { spec: { ...specFor(colony.name), args: ['a', turn] } })
}

/** About as many as servers here take in a second; more are signed when it is their turn. */
const SUBMITS_PER_SECOND_MAX = 6_000

/** Submits with as many connections as the colony has users. They are signed before: what the load needs, the server lacks. */
function submitFor(size: Size, colony: BenchColony) {
  const { users } = colony
  const each = Math.ceil((SUBMITS_PER_SECOND_MAX * turnSeconds(size)) / users.length)
  const signed = users.map((user) => Array.from({ length: each }, (_, turn) => submission(user, colony, turn)))
  let later = each
  return rateFor(turnSeconds(size), users.length, (connection) => {
    const user = users[connection] as Caller
    return user.deliver(signed[connection]?.pop() ?? submission(user, colony, later++))
  })
}

/** Takes processes and closes them, one at a time. */
interface Worker {
  /** @returns false when none came */
  live(): Promise<boolean>
}

function workerOf(executor: Caller, colonyname: string): Worker {
  const ask = executor.prepare('assignprocessmsg', { colonyname, timeout: 1 })
  return {
    async live() {
      try {
        const processid = await executor.take(ask)
        await executor.deliver(executor.prepare('closesuccessfulmsg', { processid, out: ['done'] }))
        return true
      } catch (error) {
        if (error instanceof Refusal && error.status === 404) return false
        throw error
      }
    },
  }
}

const workersOf = ({ executors, name }: BenchColony) => executors.map((executor) => workerOf(executor, name))

const submits = (users: number): Pick<WireRow, 'kind' | 'members' | 'run'> => ({
  kind: 'wire',
  members: { users },
  run: (_, colony, size) => submitFor(size, colony),
})

/** Executors that work on what was submitted before: more than they can do, as a submit costs less. */
const closes = (executors: number): Pick<WireRow, 'kind' | 'members' | 'run'> => ({
  kind: 'wire',
  members: { users: 64, executors },
  async run(_, colony, size) {
    await submitFor(size, colony)
    const workers = workersOf(colony)
    return rateFor(turnSeconds(size), executors, async (connection) => {
      if (!(await (workers[connection] as Worker).live()))
        throw new Error('the queue was empty before the time was over')
    })
  },
})

/** Submitters and executors, as many of each, for some time. */
async function lives(colony: BenchColony, forSeconds: number) {
  const begin = performance.now()
  const end = begin + forSeconds * 1_000
  let [turn, ended] = [0, 0]
  const waiting: (() => void)[] = []
  // Not further ahead than executors can follow, or in the end there is a queue to empty.
  const mayGoOn = () => turn - ended < 4 * colony.executors.length
  const submitting = colony.users.map(async (user) => {
    while (performance.now() < end) {
      if (mayGoOn()) await user.deliver(submission(user, colony, turn++))
      else await new Promise<void>((resolve) => waiting.push(resolve))
    }
  })
  const executing = workersOf(colony).map(async (worker) => {
    while (performance.now() < end) {
      if (await worker.live()) ended++
      waiting.shift()?.()
    }
    for (const goOn of waiting.splice(0)) goOn()
  })
  await Promise.all([...submitting, ...executing])
  return { value: (ended * 1_000) / (performance.now() - begin), operations: ended }
}

const pairs = { users: 16, executors: 16 }

/** Lives per second at a server, in a colony of their own. */
export async function lifeRate(target: Target, forSeconds: number): Promise<number> {
  const colony = await makeColony(target, pairs)
  const { value } = await lives(colony, forSeconds)
  colony.close()
  return value
}

export const processRows: readonly WireRow[] = [
  {
    id: 'submit-64',
    says: 'submit, 64 connections, one signature each',
    unit: '/s',
    better: 'more',
    must: { times: 8 },
    reach: { times: 15 },
    limit: 'roundTrips',
    ...submits(64),
  },
  {
    id: 'submit-1',
    says: 'submit, 1 connection',
    unit: '/s',
    better: 'more',
    must: { times: 2.5 },
    reach: { times: 5 },
    limit: 'commits',
    ...submits(1),
  },
  {
    id: 'assign-close-16',
    says: 'assign + close, 16 executors',
    unit: '/s',
    better: 'more',
    must: { times: 8 },
    reach: { times: 16 },
    limit: 'roundTrips',
    ...closes(16),
  },
  {
    id: 'assign-close-64',
    says: 'assign + close, 64 executors',
    unit: '/s',
    better: 'more',
    must: { times: 11 },
    reach: { times: 20 },
    limit: 'roundTrips',
    ...closes(64),
  },
  {
    id: 'lives-16-16',
    says: 'submit, assign, close together, 16 + 16',
    unit: '/s',
    better: 'more',
    must: { times: 8 },
    reach: { times: 14 },
    limit: 'roundTrips',
    kind: 'wire',
    members: pairs,
    run: (_, colony, size) => lives(colony, turnSeconds(size)),
  },
  {
    id: 'cpu-per-life',
    says: 'processor time of server and database per submit + assign + close',
    unit: 'µs',
    better: 'less',
    must: { times: 1 / 11 },
    reach: { times: 1 / 20 },
    kind: 'wire',
    members: pairs,
    async run(target, colony, size) {
      const before = await target.cpuSeconds()
      const { operations } = await lives(colony, turnSeconds(size))
      const after = await target.cpuSeconds()
      if (!before || !after) return { value: Number.NaN, note: 'its processes are not known: --pids' }
      const each = (seconds: number) => (seconds * 1e6) / operations
      const [server, database] = [each(after.server - before.server), each(after.database - before.database)]
      return { value: server + database, note: `server ${Math.round(server)}, database ${Math.round(database)}` }
    },
  },
  {
    id: 'woken',
    says: 'submit to assigned, executor waiting, p50 (p99)',
    unit: 'ms',
    better: 'less',
    must: { times: 1 / 4 },
    reach: { times: 1 / 8 },
    limit: 'commitMs',
    kind: 'wire',
    members: { users: 1, executors: 1 },
    async run(_, colony, size) {
      const [executor] = colony.executors as [Caller]
      const ask = executor.prepare('assignprocessmsg', { colonyname: colony.name, timeout: 10 })
      const times: number[] = []
      for (let turn = 0; turn < (size === 'short' ? 100 : 300); turn++) {
        const assigned = executor.take(ask)
        const next = submission(colony.user, colony, turn)
        // The poll has to hang before the clock starts.
        await new Promise((resolve) => setTimeout(resolve, 5))
        const begin = performance.now()
        await colony.user.deliver(next)
        const processid = await assigned
        times.push(performance.now() - begin)
        await executor.call('closesuccessfulmsg', { processid })
      }
      return { value: median(times), note: `(${percentile(times, 0.99).toFixed(1)} ms)`, operations: times.length }
    },
  },
]
