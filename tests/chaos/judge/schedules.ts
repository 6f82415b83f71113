import { type Db, sql } from '@colonies/database'
import { limits } from '@colonies/protocol'

/**
 * What is wrong with the runs of crons of one second: each planned time has one graph, and none is left out. A cron without
 * catchup may leave out what nobody started in time.
 *
 * @returns one sentence per fault
 */
export async function findCronFaults(db: Db, colony: number): Promise<string[]> {
  const rows = await db.all<{ name: string; planned: number; lateSeconds: number; catchup: boolean }>(sql`
    select c.name, c.catchup, extract(epoch from g.planned_at)::float8 as planned,
      extract(epoch from g.submitted_at - g.planned_at)::float8 as "lateSeconds"
    from crons c join graphs g on g.colony = ${colony} and g.cron_id = c.cron_id
    where c.colony = ${colony} order by c.name, g.planned_at`)
  const faults: string[] = []
  rows.forEach(({ name, planned, lateSeconds, catchup }, at) => {
    const before = rows[at - 1]
    if (lateSeconds < 0) faults.push(`${name} ran ${-lateSeconds} s before its time`)
    if (before?.name !== name) return
    const seconds = planned - before.planned
    if (seconds < 0.999) faults.push(`${name} has ${seconds} s between two runs`)
    const mayLeaveOut = !catchup && before.lateSeconds >= limits.cronLateSeconds - 1
    if (seconds > 1.001 && !mayLeaveOut) faults.push(`${name} left out ${seconds - 1} s after ${before.planned}`)
  })
  return faults
}

/** Arguments of all graphs whose node has this name, in the order in which they were packed. */
export async function readPacked(db: Db, colony: number, nodeName: string): Promise<string[][]> {
  const rows = await db.all<{ args: string }>(sql`
    select (spec || '}')::json ->> 'args' as args from process_specs
    where colony = ${colony} and node_name = ${nodeName} order by submitted_at, priority_time`)
  return rows.map((row) => JSON.parse(row.args) as string[])
}

/** @param trigger of the generator; a graph may have fewer arguments, since its timeout was over */
export function findPackFaults(
  graphs: readonly string[][],
  trigger: number,
  acknowledged: readonly string[],
): string[] {
  const packed = graphs.flat()
  const seen = new Set(packed)
  const lost = acknowledged.filter((arg) => !seen.has(arg)).map((arg) => `${arg} was acknowledged and is in no graph`)
  const large = graphs.filter((args) => args.length > trigger).map((args) => `${args} are more than ${trigger}`)
  const doubled = seen.size < packed.length ? [`${packed.length - seen.size} arguments are in several graphs`] : []
  return [...lost, ...doubled, ...large, ...outOfOrder(packed)]
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
