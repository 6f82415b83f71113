import { mayMove } from '@colonies/core'
import { countColony, type Db, sql } from '@colonies/database'
import { State } from '@colonies/protocol'
import { findEarlyLosses } from './early.js'
import { type Fault, fault } from './fault.js'

/**
 * What is wrong in the tables of one colony after all its work has ended: the invariants of ARCHITECTURE.md as far as rows can
 * show them.
 *
 * @param acknowledged ids of processes whose submit was answered
 * @returns nothing when all holds
 */
export async function findFaults(db: Db, colony: number, acknowledged: readonly string[]): Promise<Fault[]> {
  const checks = [
    lostOrDoubled,
    withoutSpec,
    histories,
    attempts,
    counters,
    graphs,
    wantedRows,
    requests,
    inputs,
    strangers,
  ]
  const faults = await Promise.all([...checks, findEarlyLosses].map((check) => check(db, colony)))
  return [...(await missing(db, colony, acknowledged)), ...faults.flat()]
}

/** An acknowledged submit is there, and ended well, once. */
async function missing(db: Db, colony: number, acknowledged: readonly string[]): Promise<Fault[]> {
  const rows = await db.all<{ process_id: string; state: number | null }>(sql`
    select a.process_id, r.state from unnest(${acknowledged}::text[]) as a (process_id)
    left join results r on r.colony = ${colony} and r.process_id = a.process_id
    where r.state is null or r.state <> ${State.success}`)
  return rows.map(({ process_id, state }) =>
    fault(1, `${process_id} was acknowledged and is ${state === null ? 'gone' : `in state ${state}`}`),
  )
}

async function lostOrDoubled(db: Db, colony: number): Promise<Fault[]> {
  const rows = await db.all<{ process_id: string; places: number }>(sql`
    select s.process_id, ((l.process_id is not null)::int + (r.process_id is not null)::int) as places
    from process_specs s
    left join live l on l.colony = ${colony} and l.process_id = s.process_id
    left join results r on r.colony = ${colony} and r.process_id = s.process_id
    where s.colony = ${colony} and (l.process_id is null) = (r.process_id is null)`)
  return rows.map(({ process_id, places }) => fault(1, `${process_id} is in ${places} of live and results`))
}

/** What nobody has submitted is neither live nor ended. */
async function withoutSpec(db: Db, colony: number): Promise<Fault[]> {
  const rows = await db.all<{ process_id: string; place: string }>(sql`
    select r.process_id, r.place from (
      select process_id, 'live' as place from live where colony = ${colony}
      union all select process_id, 'results' from results where colony = ${colony}) r
    left join process_specs s on s.colony = ${colony} and s.process_id = r.process_id
    where s.process_id is null`)
  return rows.map(({ process_id, place }) => fault(1, `${process_id} is in ${place}, and has no spec`))
}

interface EventRow {
  process_id: string
  old_state: number | null
  state: number
}

/** Each event is an arrow that is drawn, and together they are one way from the submit to the end. */
async function histories(db: Db, colony: number): Promise<Fault[]> {
  const events = await db.all<EventRow>(sql`
    select process_id, old_state, state from events where colony = ${colony} order by process_id`)
  const ends = new Map(
    (
      await db.all<{ process_id: string; state: number }>(sql`
        select process_id, state from results where colony = ${colony}
        union all select process_id, state from live where colony = ${colony}`)
    ).map((row) => [row.process_id, row.state]),
  )
  const faults: Fault[] = []
  const balance = new Map<string, number[]>()
  for (const { process_id, old_state, state } of events) {
    if (!mayMove((old_state ?? undefined) as State | undefined, state as State))
      faults.push(fault(3, `${process_id} went from ${old_state} to ${state}`))
    const counts = balance.get(process_id) ?? [0, 0, 0, 0, 0]
    balance.set(process_id, counts)
    counts[state] = (counts[state] ?? 0) + 1
    if (old_state !== null) counts[old_state] = (counts[old_state] ?? 0) - 1
  }
  for (const [process_id, end] of ends) {
    const counts = balance.get(process_id) ?? []
    if (!counts.every((count, state) => count === (state === end ? 1 : 0)) || counts.length === 0)
      faults.push(
        fault(3, `the events of ${process_id} add up to ${JSON.stringify(counts)}, and it is in state ${end}`),
      )
  }
  return faults
}

/** Whoever holds a process later has a higher attempt number: no number comes twice. */
async function attempts(db: Db, colony: number): Promise<Fault[]> {
  const rows = await db.all<{ process_id: string; attempt: number }>(sql`
    select process_id, attempt from events where colony = ${colony} and state = ${State.running}
    group by process_id, attempt having count(*) > 1`)
  return rows.map(({ process_id, attempt }) => fault(2, `attempt ${attempt} of ${process_id} was given away twice`))
}

async function counters(db: Db, colony: number): Promise<Fault[]> {
  const counted = await countColony(db, colony)
  const tables = {
    processes: sql`select state from live where colony = ${colony} union all select state from results where colony = ${colony}`,
    graphs: sql`select state from graphs where colony = ${colony}`,
  }
  const names = ['waiting', 'running', 'success', 'failed', 'cancelled'] as const
  const faults: Fault[] = []
  for (const what of ['processes', 'graphs'] as const) {
    const real = await db.all<{ state: number; count: number }>(sql`
      select state, count(*)::int as count from (${tables[what]}) s group by state`)
    for (const [state, name] of names.entries()) {
      const count = real.find((row) => row.state === state)?.count ?? 0
      if (counted[what][name] !== count)
        faults.push(fault(10, `${name} ${what} are counted as ${counted[what][name]} and are ${count}`))
    }
  }
  return faults
}

async function graphs(db: Db, colony: number): Promise<Fault[]> {
  const rows = await db.all<{ graph_id: string }>(sql`
    select g.graph_id from graphs g
    join (select n.graph_id, count(*) as total, count(*) filter (where r.state = 2) as success,
            count(*) filter (where r.state = 3) as failed, count(*) filter (where r.state = 4) as cancelled
          from graph_nodes n left join results r on r.colony = ${colony} and r.process_id = n.process_id
          where n.colony = ${colony} group by n.graph_id) n on n.graph_id = g.graph_id
    where g.colony = ${colony}
      and (g.total, g.success, g.failed, g.cancelled) is distinct from (n.total, n.success, n.failed, n.cancelled)`)
  return rows.map(({ graph_id }) => fault(10, `the counters of graph ${graph_id} are not its nodes`))
}

async function wantedRows(db: Db, colony: number): Promise<Fault[]> {
  const rows = await db.all<{ process_id: string }>(sql`
    select w.process_id from wanted w
    left join live l on l.colony = ${colony} and l.process_id = w.process_id
    where w.colony = ${colony} and (l.process_id is null or l.state <> 0 or l.open_parents > 0)
    union
    select l.process_id from live l
    where l.colony = ${colony} and l.state = 0 and l.open_parents = 0 and l.names is not null
      and (select count(*) from wanted w where w.colony = ${colony} and w.process_id = l.process_id) <> cardinality(l.names)`)
  return rows.map(({ process_id }) => fault(10, `the wanted names of ${process_id} are not those of a ready process`))
}

/** What a request has made is there. That it made nothing else is seen by labels (`compareSeenAndStored`). */
async function requests(db: Db, colony: number): Promise<Fault[]> {
  const rows = await db.all<{ made_id: string }>(sql`
    select q.made_id from requests q
    where q.colony = ${colony}
      and not exists (select 1 from process_specs s where s.colony = ${colony} and s.process_id = q.made_id)
      and not exists (select 1 from graphs g where g.colony = ${colony} and g.graph_id = q.made_id)
      and not exists (select 1 from generators g where g.colony = ${colony} and g.generator_id = q.made_id)`)
  return rows.map(({ made_id }) => fault(1, `a request made ${made_id}, which is not there`))
}

/**
 * A child begins after its parents have succeeded. By the order of transactions, not by times: now() is when a statement
 * arrived, and one that arrived earlier may take its snapshot later.
 */
async function inputs(db: Db, colony: number): Promise<Fault[]> {
  const rows = await db.all<{ child_id: string; parent_id: string }>(sql`
    select e.child_id, e.parent_id from edges e
    join events c on c.colony = ${colony} and c.process_id = e.child_id and c.state = 1
    left join events p on p.colony = ${colony} and p.process_id = e.parent_id and p.state = 2
    where e.colony = ${colony} and (p.xact is null or p.xact >= c.xact)`)
  return rows.map(({ child_id, parent_id }) =>
    fault(5, `${child_id} began before its parent ${parent_id} had succeeded`),
  )
}

/** Nobody who is an executor of another colony alone has ever held a process of this one. */
async function strangers(db: Db, colony: number): Promise<Fault[]> {
  const rows = await db.all<{ process_id: string; holder: string }>(sql`
    select distinct h.process_id, h.holder from (
      select process_id, holder from events where colony = ${colony} and holder is not null
      union all select process_id, holder from results where colony = ${colony} and holder is not null
      union all select process_id, holder from live where colony = ${colony} and holder is not null) h
    where exists (select 1 from executors e where e.colony <> ${colony} and e.executor_id = h.holder)
      and not exists (select 1 from executors e where e.colony = ${colony} and e.executor_id = h.holder)`)
  return rows.map(({ process_id, holder }) => fault(9, `${process_id} was held by ${holder}, of another colony`))
}
