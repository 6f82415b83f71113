import type { Db } from './db.js'
import type { Held } from './held.js'
import { sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

export interface NewLog extends Held {
  message: string
}

export interface LogRow {
  process_id: string
  executor_name: string
  message: string
  added_ns: bigint
}

const columns = sql`process_id, executor_name, message, added_ns`

// The clock has microseconds; the rest of the digits number the lines of one statement, whose time does not move.
const nowNs = sql`(extract(epoch from statement_timestamp()) * 1000000)::bigint * 1000`

/**
 * Adds lines to the logs of processes that their writers hold. Their times grow in the order of the batch, so that
 * reading on from the time of one line gives the next.
 *
 * @returns indexes of the lines that were added; the others' writers do not hold their process
 */
export async function insertProcessLogs(db: Db, colony: ColonyKey, logs: readonly NewLog[]): Promise<Set<number>> {
  const rows = await db.all<{ place: number }>(sql`
    with asked as materialized (
      select * from unnest(${logs.map((l) => l.processId)}::text[], ${logs.map((l) => l.holder)}::text[],
        ${logs.map((l) => l.attempt)}::int[], ${logs.map((l) => l.message)}::text[])
        with ordinality as a (process_id, by_holder, of_attempt, message, place)
    ), held as materialized (
      select a.*, l.holder_name from asked a
      join live l on l.colony = ${colony} and l.process_id = a.process_id and l.state = 1 and l.holder = a.by_holder
        and (a.of_attempt = 0 or l.attempt = a.of_attempt)
    ), added as (
      insert into logs (colony, process_id, executor_name, message, added_ns)
      select ${colony}, process_id, holder_name, message, ${nowNs} + place - 1 from held
    )
    select (place - 1)::int as place from held`)
  return new Set(rows.map((row) => row.place))
}

export function insertExecutorLog(db: Db, colony: ColonyKey, executorName: string, message: string): Promise<number> {
  return db.run(sql`
    insert into logs (colony, process_id, executor_name, message, added_ns)
    values (${colony}, '', ${executorName}, ${message}, ${nowNs})`)
}

export interface LogRange {
  /** Only lines later than this, in ns. */
  since: bigint
  count: number
  /** The newest `count` lines instead of the oldest. */
  latest: boolean
}

/** Lines of a process, oldest first. Uses the index `logs_process`. */
export function listProcessLogs(db: Db, colony: ColonyKey, processId: string, range: LogRange): Promise<LogRow[]> {
  return ordered(
    range,
    range.latest
      ? db.all<LogRow>(sql`
          select ${columns} from logs where colony = ${colony} and process_id = ${processId}
          order by added_ns desc limit ${range.count}`)
      : db.all<LogRow>(sql`
          select ${columns} from logs where colony = ${colony} and process_id = ${processId} and added_ns > ${range.since}
          order by added_ns limit ${range.count}`),
  )
}

/** Lines that an executor wrote, about any process or itself, oldest first. Uses the index `logs_executor`. */
export function listExecutorLogs(db: Db, colony: ColonyKey, executorName: string, range: LogRange): Promise<LogRow[]> {
  return ordered(
    range,
    range.latest
      ? db.all<LogRow>(sql`
          select ${columns} from logs where colony = ${colony} and executor_name = ${executorName}
          order by added_ns desc limit ${range.count}`)
      : db.all<LogRow>(sql`
          select ${columns} from logs
          where colony = ${colony} and executor_name = ${executorName} and added_ns > ${range.since}
          order by added_ns limit ${range.count}`),
  )
}

async function ordered({ latest }: LogRange, rows: Promise<LogRow[]>): Promise<LogRow[]> {
  return latest ? (await rows).reverse() : rows
}

/** Lines of the last days that contain `text` as it stands, newest first. Uses the index `logs_added`. */
export function findLogs(
  db: Db,
  colony: ColonyKey,
  { text, days, count }: { text: string; days: number; count: number },
): Promise<LogRow[]> {
  return db.all<LogRow>(sql`
    select ${columns} from logs
    where colony = ${colony}
      and added_ns > ((extract(epoch from now()) - ${days}::int * 86400) * 1000000)::bigint * 1000
      and position(${text}::text in message) > 0
    order by added_ns desc limit ${count}`)
}
