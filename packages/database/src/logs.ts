import { limits } from '@colonies/protocol'
import type { Db } from './db.js'
import { endedByBytes } from './ended-by-bytes.js'
import { type Held, heldAs } from './held.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

/** A line about a process, by its holder. */
export interface ProcessLine extends Held {
  message: string
}

/** A line of an executor about itself. */
export interface ExecutorLine {
  executorName: string
  message: string
}

export type LogLine = ProcessLine | ExecutorLine

export interface LogRow {
  process_id: string
  executor_name: string
  message: string
  added_ns: bigint
}

const columns = sql`process_id, executor_name, message, added_ns`

const nowNs = sql`(extract(epoch from clock_timestamp()) * 1000000)::bigint * 1000`

/**
 * Adds lines of one colony: those of executors, and those about processes that their writers hold.
 *
 * Processes are locked first, in order: what is written while one ends, or goes to another executor, comes before that or is
 * refused.
 *
 * Each line has a time of its own, later than that of every line before it. The row of `log_clocks` is locked from then on
 * until the commit, so no line appears whose time is earlier than that of a line which could be read already: whoever reads
 * on from the time of the last line misses none. The price is that batches of one colony wait for each other.
 *
 * @returns indexes of the lines that were added; the others' writers do not hold their process
 */
export async function insertLogs(db: Db, colony: ColonyKey, lines: readonly LogLine[]): Promise<Set<number>> {
  const [processes, executors] = [lines.map(processOf), lines.map(executorOf)]
  const rows = await db.all<{ place: number }>(sql`
    with asked as materialized (
      select * from unnest(${processes.map((p) => p.processId)}::text[], ${processes.map((p) => p.holder)}::text[],
        ${processes.map((p) => p.attempt)}::int[], ${executors}::text[], ${lines.map((l) => l.message)}::text[])
        with ordinality as a (process_id, by_holder, of_attempt, by_executor, message, place)
    ), held as materialized (
      select a.place, a.process_id, l.holder_name as executor_name, a.message from asked a
      join live l on l.colony = ${colony} and l.process_id = a.process_id
        and ${heldAs(sql`a.by_holder`, sql`a.of_attempt`)}
      order by a.process_id for share of l
    ), allowed as materialized (
      select * from held
      union all
      select place, '', by_executor, message from asked where process_id = ''
    ), numbered as (
      select *, row_number() over (order by place) as number, count(*) over () as lines from allowed
    ), clock as (
      insert into log_clocks as c (colony, last_ns)
      select ${colony}, ${nowNs} + count(*) from allowed having count(*) > 0
      on conflict (colony) do update
        set last_ns = greatest(c.last_ns, ${nowNs}) + (select count(*) from allowed)
      returning last_ns
    ), added as (
      insert into logs (colony, process_id, executor_name, message, added_ns)
      select ${colony}, process_id, executor_name, message, last_ns - lines + number from clock, numbered order by number
    )
    select (place - 1)::int as place from allowed`)
  return new Set(rows.map((row) => row.place))
}

const nobody: Held = { processId: '', holder: '', attempt: 0 }

const processOf = (line: LogLine): Held => ('processId' in line ? line : nobody)
const executorOf = (line: LogLine): string => ('processId' in line ? '' : line.executorName)

export interface LogRange {
  /** Only lines later than this, in ns. */
  since: bigint
  count: number
  /** The newest `count` lines instead of the oldest. */
  latest: boolean
}

/** Lines of a process, oldest first. Uses the index `logs_process`. */
export function listProcessLogs(db: Db, colony: ColonyKey, processId: string, range: LogRange): Promise<LogRow[]> {
  return listLogs(db, sql`colony = ${colony} and process_id = ${processId}`, range)
}

/** Lines that an executor wrote, about any process or itself, oldest first. Uses the index `logs_executor`. */
export function listExecutorLogs(db: Db, colony: ColonyKey, executorName: string, range: LogRange): Promise<LogRow[]> {
  return listLogs(db, sql`colony = ${colony} and executor_name = ${executorName}`, range)
}

async function listLogs(db: Db, which: Sql, { since, count, latest }: LogRange): Promise<LogRow[]> {
  if (!latest)
    return db.all<LogRow>(
      ended(
        sql`
        select ${columns} from logs where ${which} and added_ns > ${since} order by added_ns limit ${count}`,
        sql`added_ns`,
      ),
    )
  const newest = sql`select ${columns} from logs where ${which} order by added_ns desc limit ${count}`
  return (await db.all<LogRow>(ended(newest, sql`added_ns desc`))).reverse()
}

/** Lines of the last days that contain `text` as it stands, before a time in ns, newest first. Uses the index `logs_added`. */
export function findLogs(
  db: Db,
  colony: ColonyKey,
  { text, days, before, count }: { text: string; days: number; before: bigint; count: number },
): Promise<LogRow[]> {
  const page = sql`
    select ${columns} from logs
    where colony = ${colony} and added_ns < ${before}
      and added_ns > ((extract(epoch from now()) - ${days}::int * 86400) * 1000000)::bigint * 1000
      and position(${text}::text in message) > 0
    order by added_ns desc limit ${count}`
  return db.all<LogRow>(ended(page, sql`added_ns desc`))
}

function ended(page: Sql, order: Sql): Sql {
  return endedByBytes(page, { columns, bytes: sql`octet_length(message)`, order, bytesMax: limits.listBytesMax })
}
