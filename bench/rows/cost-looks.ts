import {
  coloniesToCount,
  type Database,
  LEASE_SECONDS,
  notify,
  readAgenda,
  readDirectoryChanges,
  readMemberships,
  recordLastHeard,
  rollUp,
  sql,
  typesWithReady,
} from '@colonies/database'
import type { Caller } from '../caller.js'
import { cpuSecondsOf, ownBytesOf } from '../measure/cpu.js'
import { type Spent, spentBy } from '../measure/spent.js'
import { rateOf } from '../measure/statistics.js'
import type { BenchColony, OurReplica, OurTarget, OwnRow, Size } from '../row.js'
import { makeColony, specFor } from '../stage/colony.js'
import { holdMany, keyOf, manyColonies, manyExecutors } from '../stage/crowd.js'

// What replicas ask PostgreSQL whether or not anybody works: by colonies, executors and replicas. The load asks what a replica
// would, by the same driver, so its processor time stands for that of a replica.

const HELD = 1_100
const agendaOf = (db: Database) => readAgenda(db, { withinMs: 1_000, silentSeconds: LEASE_SECONDS })

const many = (target: OurTarget, count: number, ask: (turn: number) => Promise<unknown>) =>
  spentBy(target, count, () => rateOf(count, 4, (_, turn) => ask(turn)))

const askerParts = (what: string, { load, database }: Spent) => ({
  [`${what} replica µs`]: load,
  [`${what} database µs`]: database,
})

async function looks(target: OurTarget, size: Size) {
  const { db } = target
  const crowd = size === 'short' ? 100 : 1_000
  const colony = await makeColony(target, { executors: 1 })
  const key = await keyOf(db, colony)
  const small = size === 'short' ? 200 : 2_000
  const looksOf = async (times: number) => ({
    agenda: await many(target, times, () => agendaOf(db)),
    count: await many(target, times, () => coloniesToCount(db)),
  })
  const few = await looksOf(small)
  const idle = await many(target, small, () => typesWithReady(db, key, ['nobody']))
  const visit = await many(target, small, () => rollUp(db, key, 50_000))
  const rights = await many(target, small, () => readMemberships(db, colony.executors[0]?.id ?? ''))
  const { next } = await readDirectoryChanges(db, undefined)
  const changes = await many(target, small, () => readDirectoryChanges(db, next))
  const crowded = await manyColonies(colony, crowd)(db, () => looksOf(small / 20))
  colony.close()
  const each = (what: 'agenda' | 'count') => (crowded[what].database - few[what].database) / crowd
  return {
    value: each('agenda') + each('count'),
    parts: {
      ...askerParts('agenda', few.agenda),
      'agenda for each colony database µs': each('agenda'),
      ...askerParts('colonies to count', few.count),
      'colonies to count for each colony database µs': each('count'),
      ...askerParts('idle poll of a colony', idle),
      ...askerParts('counting in a colony', visit),
      ...askerParts('rights of a member', rights),
      ...askerParts('changes of rights', changes),
    },
  }
}

/** Heartbeats and requests of executors that were let in, and who looks for those that fell silent. */
async function executorLooks(target: OurTarget, size: Size) {
  const { db } = target
  const count = size === 'short' ? 10_000 : 100_000
  const colony = await makeColony(target, {})
  const key = await keyOf(db, colony)
  const bytes = async (table: string) =>
    Number((await db.one<{ bytes: bigint }>(sql`select pg_total_relation_size(${table}::regclass) as bytes`))?.bytes)
  const before = [await bytes('executors'), await bytes('executor_instances')] as const
  const result = await manyExecutors(colony, count)(db, async () => {
    const after = [await bytes('executors'), await bytes('executor_instances')] as const
    const alone = await many(target, 100, () => agendaOf(db))
    await holdMany(db, colony, HELD)
    const among = await many(target, size === 'short' ? 5 : 20, () => agendaOf(db))
    const batches = 10
    const heard = await many(target, batches, (turn) => recordLastHeard(db, key, sightings(turn, count / batches)))
    const each = (spent: number) => (spent * batches) / count
    return {
      value: each(heard.database),
      parts: {
        'heard executor database µs': each(heard.database),
        'heard executor replica µs': each(heard.load),
        'heard executor wal bytes': each(heard.wal),
        'agenda for each executor database µs': (among.database - alone.database) / count,
        'executor disk bytes': (after[0] - before[0]) / count,
        'program disk bytes': (after[1] - before[1]) / count,
      },
    }
  })
  await db.run(sql`delete from live where colony = ${key}`)
  colony.close()
  return result
}

const sightings = (turn: number, count: number) =>
  Array.from({ length: count }, (_, n) => ({
    executorId: `c${(turn * count + n + 1).toString(16).padStart(63, '0')}`,
    secondsAgo: 0,
  }))

/** Three changes of state for each process, added up by the colony. */
async function counting(target: OurTarget, size: Size) {
  const { db } = target
  const colony = await makeColony(target, { executors: 1 })
  const key = await keyOf(db, colony)
  const processes = size === 'short' ? 1_000 : 10_000
  for (let done = 0; done < processes; done += 100) await liveHundred(colony)
  let [events, database] = [0, 0]
  for (let turn = 0; turn < (size === 'short' ? 2 : 10); ) {
    await db.run(sql`update counters set counted_to = '0' where colony = ${key}`)
    let counted = { events: 0 }
    const spent = await spentBy(target, 1, async () => (counted = await rollUp(db, key, 100_000)))
    if (counted.events < processes) continue // the replica was first
    events += counted.events
    database += spent.database
    turn++
  }
  colony.close()
  return { value: database / events, parts: { 'event counted database µs': database / events } }
}

async function liveHundred({ user, executors, name: colonyname }: BenchColony): Promise<void> {
  const items = Array.from({ length: 100 }, () => ({ spec: specFor(colonyname) }))
  await user.call('submitbatchmsg', { colonyname, items })
  const executor = executors[0] as Caller
  const came = await executor.call<{ processid: string }[]>('assignbatchmsg', { colonyname, timeout: 10, count: 100 })
  await executor.call('closebatchmsg', { colonyname, items: came.map(({ processid }) => ({ processid })) })
}

/** What one replica tells the others, of as many colonies as change in a twentieth of a second. */
async function hints(target: OurTarget, size: Size) {
  const count = size === 'short' ? 300 : 4_000
  const nobody = (n: number) => 2_000_000_000 + n
  const payload = JSON.stringify({
    from: 'f'.repeat(64),
    at: performance.now(),
    directory: false,
    changed: Array.from({ length: 10 }, (_, n) => nobody(n)),
    appended: [],
    ready: [[nobody(1), 'bench', 1, '-6880000000000000001']],
  })
  const tell = () => many(target, count, () => notify(target.db, 'colonies', payload))
  const one = await tell()
  const others: OurReplica[] = []
  for (let n = 0; n < 3; n++) others.push(await target.anotherReplica())
  // sleeps: until they have compiled what they need
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  const [first] = others as [OurReplica]
  const before = await cpuSecondsOf(first.pid)
  const four = await tell()
  const heard = ((await cpuSecondsOf(first.pid)) - before) * 1e6
  const memory = await backendBytes(target)
  for (const other of others) await other.stop()
  return {
    value: (four.database - one.database) / 3,
    parts: {
      'hint payload bytes': payload.length,
      ...askerParts('hint told', one),
      'hint for each listener database µs': (four.database - one.database) / 3,
      'hint heard replica µs': heard / count,
      'connection memory bytes': memory,
    },
  }
}

/** Own memory of a process of PostgreSQL that serves a replica, on average. */
async function backendBytes({ db }: OurTarget): Promise<number> {
  const rows = await db.all<{ pid: number }>(sql`
    select pid from pg_stat_activity where datname = current_database() and application_name = 'colonies'`)
  const all = await Promise.all(rows.map(({ pid }) => ownBytesOf(pid)))
  return all.reduce((sum, one) => sum + one, 0) / all.length
}

const cost = { unit: 'µs', better: 'less', kind: 'own', isAside: true, runs: 1 } as const

export const lookRows: readonly OwnRow[] = [
  {
    id: 'look-colonies',
    says: 'processor time of PostgreSQL for looking whether there is something to do, for each colony',
    ...cost,
    run: looks,
  },
  {
    id: 'look-executors',
    says: 'processor time of PostgreSQL to note that an executor was heard of',
    ...cost,
    run: executorLooks,
  },
  {
    id: 'cost-counting',
    says: 'processor time of PostgreSQL to add up a change of state',
    ...cost,
    run: counting,
  },
  {
    id: 'cost-hint',
    says: 'processor time of PostgreSQL for a hint, for each replica that hears it',
    ...cost,
    run: hints,
  },
]
