import { type Db, sql } from '@colonies/database'
import { nowMs } from './clock.js'
import type { History, Outcome } from './history.js'
import { type Fault, fault } from './judge/fault.js'
import { findCronFaults, findPackFaults, readPacked, type Served } from './judge/schedules.js'
import { compareSeenAndStored } from './judge/seen-and-stored.js'
import { readColony } from './judge/stored-colony.js'
import { findFaults } from './judge/tables.js'

export type { Fault }

export interface JudgedColony {
  /** In all tables. */
  readonly key: number
  readonly name: string
}

/**
 * Judges what clients saw and what is stored against the invariants of ARCHITECTURE.md, after all work has ended. What no row
 * and no answer can show (12: memory and tables stay bounded) is judged by `judge/growth.ts`.
 *
 * @returns nothing when all holds
 */
export async function judge(history: History, db: Db, colony: JudgedColony): Promise<Fault[]> {
  // After crashes PostgreSQL may know nothing of the tables, and would go through all of one for each row of another.
  await db.run(sql`analyze`)
  const stored = await readColony(db, colony)
  const [tables, crons, packs] = await Promise.all([
    findFaults(db, colony.key, []),
    judgeCrons(history, db, colony),
    judgePacks(history, db, colony),
  ])
  return [...compareSeenAndStored(history, stored), ...tables, ...crons, ...packs]
}

/** Crons of the loads have one second. */
async function judgeCrons(history: History, db: Db, { key, name }: JudgedColony): Promise<Fault[]> {
  const answered = history.records.filter(({ colony, outcome }) => colony === name && outcome === 'ok')
  const added = answered.filter(({ operation }) => operation === 'addCron')
  const row = await db.one<{ count: number }>(sql`select count(*)::int as count from crons where colony = ${key}`)
  const kept = row?.count ?? 0
  const lost = kept < added.length ? [`${added.length} crons were acknowledged, and ${kept} are there`] : []
  const faults = await findCronFaults(db, key, await servedTimes(db, { answered, added }))
  return [...lost, ...faults].map((says) => fault(6, says))
}

type Ended = readonly { readonly ended: number }[]

async function servedTimes(db: Db, { answered, added }: { answered: Ended; added: Ended }): Promise<Served> {
  const row = await db.one<{ now: number }>(sql`select extract(epoch from clock_timestamp())::float8 as now`)
  if (!row) throw new Error('the database does not tell its time')
  const now = nowMs()
  const secondsAt = (ms: number) => row.now - (now - ms) / 1_000
  const lastOf = (records: Ended) => records.reduce((latest, { ended }) => Math.max(latest, ended), 0)
  return { from: secondsAt(lastOf(added.length > 0 ? added : answered)), to: secondsAt(lastOf(answered)) }
}

/** Generators of the loads give their own name to the node that takes the arguments. */
async function judgePacks(history: History, db: Db, { key, name }: JudgedColony): Promise<Fault[]> {
  const generators = await db.all<{ generator_id: string; name: string; trigger_count: number; left: number }>(sql`
    select g.generator_id, g.name, g.trigger_count,
      (select count(*)::int from generator_args a where a.colony = ${key} and a.generator_id = g.generator_id) as left
    from generators g where g.colony = ${key}`)
  const faults: Fault[] = []
  for (const { generator_id, name: node, trigger_count, left } of generators) {
    const packs = history.records.filter(
      ({ colony, ids, labels }) => colony === name && labels.length > 0 && ids[0] === generator_id,
    )
    const args = (outcome: Outcome) =>
      packs.filter((record) => record.outcome === outcome).flatMap(({ labels }) => labels)
    const graphs = await readPacked(db, key, node)
    const handedIn = { acknowledged: args('ok'), unknown: args('unknown'), refused: args('refused') }
    const says = findPackFaults(graphs, trigger_count, handedIn)
    const taken = new Set(graphs.flat())
    const refused = handedIn.refused.filter((arg) => taken.has(arg))
    faults.push(
      ...says.map((sentence) => fault(7, `${node}: ${sentence}`)),
      ...refused.map((arg) => fault(8, `${node}: ${arg} was refused and is in a graph`)),
      ...(left > 0 ? [fault(7, `${node}: ${left} arguments are in no graph yet`)] : []),
    )
  }
  return faults
}
