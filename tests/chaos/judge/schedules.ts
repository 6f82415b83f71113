import { type Db, sql } from '@colonies/database'
import { limits } from '@colonies/protocol'

/** Seconds of Unix time on the clock of the database. */
export interface Served {
  /** All crons had been added. */
  readonly from: number
  /** A client had its last answer: until then at least, replicas served. */
  readonly to: number
}

interface Cron {
  readonly name: string
  readonly catchup: boolean
  /** Seconds of Unix time; null: never again. */
  readonly next: number | null
}

interface Run {
  readonly planned: number
  readonly lateSeconds: number
}

/** Of two clocks that are compared. */
const NOISE_SECONDS = 0.5
/** A time that has passed for less is not left behind; scenarios wait until none is (`untilOnTime`). */
const OWED_SECONDS = limits.cronLateSeconds

/**
 * What is wrong with the runs of crons of one second: each planned time, from the first second to the end, has one graph, and none
 * is left out. A cron without catchup may leave out what nobody started in time.
 *
 * @returns one sentence per fault
 */
export async function findCronFaults(db: Db, colony: number, served: Served): Promise<string[]> {
  const rows = await db.all<Cron & { planned: number | null; lateSeconds: number }>(sql`
    select c.name, c.catchup, extract(epoch from c.next_run)::float8 as next,
      extract(epoch from g.planned_at)::float8 as planned,
      extract(epoch from g.submitted_at - g.planned_at)::float8 as "lateSeconds"
    from crons c left join graphs g on g.colony = ${colony} and g.cron_id = c.cron_id and g.planned_at is not null
    where c.colony = ${colony} order by c.name, g.planned_at`)
  const crons = new Map<string, { cron: Cron; runs: Run[] }>()
  for (const { planned, lateSeconds, ...cron } of rows) {
    const runs: Run[] = crons.get(cron.name)?.runs ?? []
    if (planned !== null) runs.push({ planned, lateSeconds })
    crons.set(cron.name, { cron, runs })
  }
  return [...crons.values()].flatMap(({ cron, runs }) => [
    ...boundFaults(cron, runs, served),
    ...gapFaults(cron, runs).map((says) => `${cron.name} ${says}`),
  ])
}

/** It began in the second after it was added, and it still goes on. */
function boundFaults({ name, next }: Cron, runs: readonly Run[], { from, to }: Served): string[] {
  const first = runs[0]?.planned ?? next ?? Number.POSITIVE_INFINITY
  const owed = next === null ? 0 : to - next
  return [
    ...(runs.length === 0 && to - from > 1 + OWED_SECONDS ? [`${name} has never run`] : []),
    ...(first > from + 1 + NOISE_SECONDS ? [`${name} left out what came before its first run`] : []),
    ...(next === null ? [`${name} is planned for no time any more`] : []),
    ...(owed > OWED_SECONDS ? [`${name} was still to run at a time that had passed ${owed.toFixed(1)} s ago`] : []),
  ]
}

function gapFaults({ catchup, next }: Cron, runs: readonly Run[]): string[] {
  // What is planned next follows the last run, as each run follows the one before.
  const coming = next === null ? [] : [{ planned: next, lateSeconds: 0 }]
  return [...runs, ...coming].flatMap(({ planned, lateSeconds }, at) => {
    const early = lateSeconds < 0 ? [`ran ${-lateSeconds} s before its time`] : []
    const before = runs[at - 1]
    if (!before) return early
    const seconds = planned - before.planned
    const doubled = seconds < 0.999 ? [`has ${seconds} s between two runs`] : []
    // What passed until the late run started, and nothing after it.
    const isLate = before.lateSeconds >= limits.cronLateSeconds - 1
    const mayLeaveOut = !catchup && isLate ? before.lateSeconds : 0
    const leftOut = seconds > 1.001 + mayLeaveOut ? [`left out ${seconds - 1} s after ${before.planned}`] : []
    return [...early, ...doubled, ...leftOut]
  })
}

/** Arguments of all graphs whose node has this name, in the order in which they were packed. */
export async function readPacked(db: Db, colony: number, nodeName: string): Promise<string[][]> {
  const rows = await db.all<{ args: string }>(sql`
    select (spec || '}')::json ->> 'args' as args from process_specs
    where colony = ${colony} and node_name = ${nodeName} order by submitted_at, priority_time`)
  return rows.map((row) => JSON.parse(row.args) as string[])
}

/** Arguments that were handed in. */
export interface Packs {
  readonly acknowledged: readonly string[]
  /** Whose outcome nobody knows: they may be in a graph. */
  readonly unknown: readonly string[]
  readonly refused: readonly string[]
}

/** @param trigger of the generator; a graph may have fewer arguments, since its timeout was over */
export function findPackFaults(
  graphs: readonly string[][],
  trigger: number,
  { acknowledged, unknown, refused }: Packs,
): string[] {
  const packed = graphs.flat()
  const seen = new Set(packed)
  const handedIn = new Set([...acknowledged, ...unknown, ...refused])
  const lost = acknowledged.filter((arg) => !seen.has(arg)).map((arg) => `${arg} was acknowledged and is in no graph`)
  const strange = [...seen]
    .filter((arg) => !handedIn.has(arg))
    .map((arg) => `${arg} is in a graph, and nobody packed it`)
  const large = graphs.filter((args) => args.length > trigger).map((args) => `${args} are more than ${trigger}`)
  const doubled = seen.size < packed.length ? [`${packed.length - seen.size} arguments are in several graphs`] : []
  return [...lost, ...strange, ...doubled, ...large, ...outOfOrder(packed)]
}

/** Arguments are `packer:number`; a packer hands in one after the other. */
function outOfOrder(packed: readonly string[]): string[] {
  const last = new Map<string, number>()
  return packed.flatMap((arg) => {
    const [packer = '', number] = arg.split(':')
    const before = last.get(packer) ?? -1
    last.set(packer, Number(number))
    return Number(number) > before ? [] : [`${arg} came after ${packer}:${before}`]
  })
}
