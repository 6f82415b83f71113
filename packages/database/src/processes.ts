import type { Db } from './db.js'
import { type Held, heldAs, heldBy } from './held.js'
import { type ProcessRow, specColumns, textBytes } from './process-row.js'
import { sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

/** Reads processes in any state, in the order of `processIds`; unknown ones are missing. */
export function readProcesses(db: Db, colony: ColonyKey, processIds: readonly string[]): Promise<ProcessRow[]> {
  return db.all<ProcessRow>(sql`
    select coalesce(l.state, r.state) as state, coalesce(l.holder, r.holder) as holder,
      coalesce(l.started_at, r.started_at) as started_at, r.ended_at,
      case when l.state = 0 then l.deadline
        else coalesce(r.wait_deadline, s.submitted_at + make_interval(secs => s.wait_seconds)) end as wait_deadline,
      case when l.state = 1 then l.deadline else r.exec_deadline end as exec_deadline,
      coalesce(l.retries, r.retries, 0) as retries, coalesce(l.attempt, r.attempt, 0) as attempt,
      coalesce(l.open_parents, 0) as open_parents, coalesce(l.output, r.output) as output, r.errors,
      ${specColumns(colony)}
    from unnest(${processIds}::text[]) with ordinality as asked (process_id, place)
    join process_specs s on s.colony = ${colony} and s.process_id = asked.process_id
    left join live l on l.colony = ${colony} and l.process_id = asked.process_id
    left join results r on r.colony = ${colony} and r.process_id = asked.process_id
    where coalesce(l.state, r.state) is not null
    order by asked.place`)
}

/**
 * Of processes that are to be read, those that come before their texts have more than so many bytes; one at least.
 */
export async function thoseThatFit(
  db: Db,
  colony: ColonyKey,
  processIds: readonly string[],
  bytesMax: number,
): Promise<readonly string[]> {
  const rows = await db.all<{ bytes: number | null }>(sql`
    select (${textBytes(colony)} + coalesce(octet_length(coalesce(l.output, r.output)), 0)
        + coalesce(octet_length(array_to_string(r.errors, '')), 0))::float8 as bytes
    from unnest(${processIds}::text[]) with ordinality as asked (process_id, place)
    left join process_specs s on s.colony = ${colony} and s.process_id = asked.process_id
    left join live l on l.colony = ${colony} and l.process_id = asked.process_id
    left join results r on r.colony = ${colony} and r.process_id = asked.process_id
    order by asked.place`)
  let bytes = 0
  const end = rows.findIndex((row) => (bytes += row.bytes ?? 0) > bytesMax)
  return end < 0 ? processIds : processIds.slice(0, Math.max(1, end))
}

/** Where a process stands: enough to say why it cannot be changed. */
export interface Standing {
  process_id: string
  state: number
  holder: string | null
  attempt: number
  in_graph: boolean
}

export function readStandings(db: Db, colony: ColonyKey, processIds: readonly string[]): Promise<Standing[]> {
  return db.all<Standing>(sql`
    select asked.process_id, coalesce(l.state, r.state) as state, coalesce(l.holder, r.holder) as holder,
      coalesce(l.attempt, r.attempt) as attempt, coalesce(l.graph_id, r.graph_id) is not null as in_graph
    from unnest(${processIds}::text[]) as asked (process_id)
    left join live l on l.colony = ${colony} and l.process_id = asked.process_id
    left join results r on r.colony = ${colony} and r.process_id = asked.process_id
    where coalesce(l.state, r.state) is not null`)
}

/** Replaces the output of a process that its holder still runs. */
export function setOutput(db: Db, colony: ColonyKey, { output, ...held }: Held & { output: string }): Promise<number> {
  return db.run(sql`
    with asked as materialized (select ${held.processId}::text as process_id)
    update live l set output = ${output} from asked a
    where l.colony = ${colony} and l.process_id = a.process_id and ${heldBy(held)}`)
}

/**
 * Of the processes that an executor believes to hold, those that it does not.
 *
 * @param attempts which attempt of each it runs, in the same order; 0: not checked
 */
export async function lostBy(
  db: Db,
  colony: ColonyKey,
  executorId: string,
  { processIds, attempts }: { processIds: readonly string[]; attempts: readonly number[] },
): Promise<string[]> {
  const rows = await db.all<{ process_id: string }>(sql`
    select asked.process_id
    from unnest(${processIds}::text[], ${attempts}::int[]) as asked (process_id, of_attempt)
    where not exists (select 1 from live l where l.colony = ${colony} and l.process_id = asked.process_id
      and ${heldAs(sql`${executorId}::text`, sql`coalesce(asked.of_attempt, 0)`)})`)
  return rows.map((row) => row.process_id)
}
