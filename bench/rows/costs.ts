import { type Database, sql } from '@colonies/database'
import { type Caller, type Prepared, sameOf } from '../caller.js'
import { metricsOf } from '../measure/metrics.js'
import { meanOf, partsOf, type Spent, spentBy } from '../measure/spent.js'
import { rateOf } from '../measure/statistics.js'
import type { BenchColony, OurTarget, OwnRow, Parts, Size } from '../row.js'
import { makeColony, specFor } from '../stage/colony.js'
import { until } from '../until.js'

// What docs/scaling.md is made of: what each operation costs, not how many there are in a second. So it matters little what else
// the machine does, and how many cores it has.

/** Processes of each operation, by how many connections work at once. */
const counts = (size: Size, connections: number) => (size === 'short' ? 640 : connections === 1 ? 1_280 : 5_120)
/** One colony with more and more to do at once, and as many colonies as connections, so that each statement carries one process. */
const SCENES = [
  { name: '1', members: 1, colonies: 1 },
  { name: '8', members: 8, colonies: 1 },
  { name: '64', members: 64, colonies: 1 },
  { name: 'apart', members: 1, colonies: 64 },
]
const HANGING = 256

/** Submits, then assigns, then closes: each alone, so that each has a cost of its own. */
async function phases(
  target: OurTarget,
  colonies: readonly BenchColony[],
  count: number,
): Promise<Record<string, Spent>> {
  const places = colonies.flatMap((colony) =>
    colony.executors.map((executor, n) => ({
      colony,
      executor,
      user: colony.users[n] as Caller,
      ask: executor.prepare('assignprocessmsg', { colonyname: colony.name, timeout: 10 }),
      held: [] as string[],
    })),
  )
  const each = count / places.length
  const phase = (work: (place: (typeof places)[number], turn: number) => Promise<unknown>) =>
    spentBy(target, count, () =>
      Promise.all(
        places.map(async (place) => {
          for (let turn = 0; turn < each; turn++) await work(place, turn)
        }),
      ),
    )
  const submit = await phase(({ user, colony }, turn) => submitBy(user, colony, turn))
  const assign = await phase(async ({ executor, ask, held }) => {
    held.push((await executor.send<{ processid: string }>(ask)).processid)
  })
  const close = await phase(({ executor, held }) => closeBy(executor, held.pop() as string))
  return { submit, assign, close }
}

/** What goes over the wire for one process, there and back, without the heads of the replies. */
async function wireBytes(target: OurTarget): Promise<Parts> {
  const colony = await makeColony(target, { users: 1, executors: 1 })
  const [executor] = colony.executors as [Caller]
  const bytes = async (caller: Caller, payloadtype: string, input: object) => {
    const request = caller.prepare(payloadtype, input)
    return request.length + (await caller.deliver(request))
  }
  const { name: colonyname } = colony
  const submit = await bytes(colony.user, 'submitfuncspecmsg', { spec: specFor(colonyname) })
  const asked = { colonyname, timeout: 10, assignid: executor.id }
  const assign = await bytes(executor, 'assignprocessmsg', asked)
  const { processid } = await executor.call<{ processid: string }>('assignprocessmsg', asked) // the same once more
  const close = await bytes(executor, 'closesuccessfulmsg', { processid, out: ['done'] })
  const heartbeat = await bytes(executor, 'heartbeatmsg', beatOf(colony, executor))
  const poll = executor.prepare('assignprocessmsg', asked).length
  colony.close()
  return {
    'life wire bytes': submit + assign + close,
    'heartbeat wire bytes': heartbeat,
    'poll wire bytes': poll,
  }
}

const beatOf = ({ name: colonyname }: BenchColony, { id: instanceid }: Caller) => ({
  colonyname,
  instanceid,
  processids: [],
  attempts: [],
})

async function phasesOf(target: OurTarget, members: number, colonies: number, count: number) {
  const all: BenchColony[] = []
  for (let n = 0; n < colonies; n++) all.push(await makeColony(target, { users: members, executors: members }))
  const spent = await phases(target, all, count)
  const batches = await batchesOf(target.db, all)
  for (const colony of all) colony.close()
  return { spent, batches }
}

function submitBy(user: Caller, colony: BenchColony, turn: number): Promise<number> {
  return user.deliver(user.prepare('submitfuncspecmsg', { spec: { ...specFor(colony.name), args: ['a', turn] } }))
}

function closeBy(executor: Caller, processid: string): Promise<number> {
  return executor.deliver(executor.prepare('closesuccessfulmsg', { processid, out: ['done'] }))
}

/** How many processes one statement submitted, assigned, closed, as their transactions tell. */
async function batchesOf(db: Database, colonies: readonly BenchColony[]): Promise<Parts> {
  const rows = await db.all<{ what: string; size: number }>(sql`
    select case e.state when 0 then 'submit' when 1 then 'assign' else 'close' end as what,
      count(*)::float8 / count(distinct e.xact) as size
    from events e join colonies c on e.colony = c.colony_key
    where c.name = any(${colonies.map(({ name }) => name)}::text[]) and e.state in (0, 1, 2) group by 1`)
  return Object.fromEntries(rows.map(({ what, size }) => [what, size]))
}

/** Executors wait before anything is submitted, as most of a million do: their polls, submits that go straight to one, closes. */
async function dispatches(target: OurTarget, rounds: number) {
  const colony = await makeColony(target, { users: 16, executors: 16 })
  const places = Array.from({ length: HANGING }, (_, n) => (colony.executors[n % 16] as Caller).again())
  const asks = places.map((one) => one.prepare('assignprocessmsg', { colonyname: colony.name, timeout: 60 }))
  const all: Record<'hang' | 'dispatch' | 'close', Spent[]> = { hang: [], dispatch: [], close: [] }
  for (let round = 0; round < rounds; round++) {
    let assigned: Promise<{ processid: string }>[] = []
    all.hang.push(
      await spentBy(target, HANGING, async () => {
        assigned = places.map((one, n) => one.send<{ processid: string }>(asks[n] as Prepared))
        await until(async () => (await metricsOf(target.url)).waiters >= HANGING)
      }),
    )
    let ids: string[] = []
    all.dispatch.push(
      await spentBy(target, HANGING, async () => {
        await rateOf(HANGING, 16, (n, turn) => submitBy(colony.users[n] as Caller, colony, turn))
        ids = (await Promise.all(assigned)).map(({ processid }) => processid)
      }),
    )
    all.close.push(
      await spentBy(target, HANGING, () => Promise.all(ids.map((id, n) => closeBy(places[n] as Caller, id)))),
    )
  }
  const { assign: batch = 1 } = await batchesOf(target.db, [colony])
  for (const place of places) place.close()
  colony.close()
  return { spent: Object.entries(all).map(([what, each]) => [what, meanOf(each)] as const), batch }
}

/** The same identity as a program that runs: a heartbeat each. */
async function heartbeats(target: OurTarget, count: number): Promise<Spent> {
  const colony = await makeColony(target, { executors: 64 })
  const beat = (executor: Caller) => executor.prepare('heartbeatmsg', beatOf(colony, executor))
  await rateOf(64, 64, (n) => (colony.executors[n] as Caller).deliver(beat(colony.executors[n] as Caller)))
  const spent = await spentBy(target, count, () =>
    rateOf(count, 64, (n) => {
      const executor = colony.executors[n] as Caller
      return executor.deliver(beat(executor))
    }),
  )
  colony.close()
  return spent
}

/**
 * Polls that end after a second because nothing came: what each renewal costs. In colonies of their own, as most polls are, so
 * that few of them share a statement.
 */
async function emptyPolls(target: OurTarget, rounds: number): Promise<{ spent: Spent; batch: number }> {
  const colonies: BenchColony[] = []
  for (let n = 0; n < 64; n++) colonies.push(await makeColony(target, { executors: 4 }))
  const places = colonies.flatMap(({ executors, name }) =>
    executors.map((by) => ({ by, ask: by.prepare('assignprocessmsg', { colonyname: name, timeout: 1 }) })),
  )
  const poll = async (n: number) => {
    const { by, ask } = places[n] as (typeof places)[number]
    await by.deliver(ask).catch(() => {}) // a refusal: there is nothing
    // sleeps: so that executors which began together do not stay together
    await new Promise((resolve) => setTimeout(resolve, 200 * Math.random()))
  }
  const total = rounds * places.length
  const { claims } = await metricsOf(target.url)
  const spent = await spentBy(target, total, () => rateOf(total, places.length, poll))
  const batch = total / ((await metricsOf(target.url)).claims - claims)
  for (const colony of colonies) colony.close()
  return { spent, batch }
}

/** Operations that carry a hundred under one signature. */
async function batched(target: OurTarget, rounds: number): Promise<Record<string, Spent>> {
  const colony = await makeColony(target, { users: 4, executors: 4 })
  const { name: colonyname } = colony
  const count = rounds * 400
  const items = Array.from({ length: 100 }, () => ({ spec: specFor(colonyname) }))
  const phase = (work: (connection: number) => Promise<unknown>) =>
    spentBy(target, count, () => rateOf(count / 100, 4, work))
  const submit = await phase(sameOf(colony.users, 'submitbatchmsg', { colonyname, items }))
  const held: { by: Caller; items: { processid: string; out: string[] }[] }[] = []
  const assign = await phase(async (n) => {
    const by = colony.executors[n] as Caller
    const came = await by.call<{ processid: string }[]>('assignbatchmsg', { colonyname, timeout: 10, count: 100 })
    held.push({ by, items: came.map(({ processid }) => ({ processid, out: ['done'] })) })
  })
  const close = await spentBy(target, count, () =>
    Promise.all(held.map(({ by, items }) => by.call('closebatchmsg', { colonyname, items }))),
  )
  const closed = held.reduce((sum, { items }) => sum + items.length, 0)
  if (closed < count) throw new Error(`only ${closed} of ${count} processes were assigned`)
  colony.close()
  return { submit, assign, close }
}

const sumOf = (all: readonly Spent[]) => all.reduce((sum, { server, database }) => sum + server + database, 0)

const cost = { better: 'less', kind: 'own', isAside: true } as const

export const costRows: readonly OwnRow[] = [
  {
    id: 'cost-operations',
    says: 'processor time of server and database for submit, assign and close, 64 colonies at once',
    unit: 'µs',
    ...cost,
    async run(target, size) {
      await phasesOf(target, 16, 1, counts(size, 16)) // until everything is compiled, and pages are in memory
      const parts: Record<string, number> = { ...(await wireBytes(target)) }
      let life = 0
      for (const { name, members, colonies } of SCENES) {
        const { spent, batches } = await phasesOf(target, members, colonies, counts(size, members * colonies))
        for (const [what, one] of Object.entries(spent)) Object.assign(parts, partsOf(`${what} ${name}`, one))
        for (const [what, batch] of Object.entries(batches)) parts[`${what} ${name} batch`] = batch
        life = sumOf(Object.values(spent))
      }
      return { value: life, parts }
    },
  },
  {
    id: 'cost-dispatch',
    says: 'the same where executors hang: poll, submit straight to one, close',
    unit: 'µs',
    ...cost,
    async run(target, size) {
      await dispatches(target, 2)
      const { spent, batch } = await dispatches(target, size === 'short' ? 3 : 16)
      const parts = spent.map(([what, one]) => partsOf(what, one))
      const value = sumOf(spent.map(([, one]) => one))
      return { value, parts: { ...(Object.assign({}, ...parts) as Parts), 'dispatch batch': batch } }
    },
  },
  {
    id: 'cost-batched',
    says: 'the same in operations that carry a hundred under one signature',
    unit: 'µs',
    ...cost,
    async run(target, size) {
      await batched(target, 2)
      const spent = await batched(target, size === 'short' ? 5 : 40)
      const parts = Object.entries(spent).map(([what, one]) => partsOf(what, one))
      return { value: sumOf(Object.values(spent)), parts: Object.assign({}, ...parts) as Parts }
    },
  },
  {
    id: 'cost-heartbeat',
    says: 'processor time of server and database for a heartbeat of a program',
    unit: 'µs',
    ...cost,
    async run(target, size) {
      const spent = await heartbeats(target, size === 'short' ? 1_000 : 10_000)
      return { value: sumOf([spent]), parts: partsOf('heartbeat', spent) }
    },
  },
  {
    id: 'cost-poll',
    says: 'processor time of server and database for a poll that ends with nothing and is asked again',
    unit: 'µs',
    ...cost,
    async run(target, size) {
      await emptyPolls(target, 2)
      const { spent, batch } = await emptyPolls(target, size === 'short' ? 3 : 10)
      return { value: sumOf([spent]), parts: { ...partsOf('poll', spent), 'poll batch': batch } }
    },
  },
]
