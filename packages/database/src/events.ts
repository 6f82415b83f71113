import type { Db } from './db.js'
import { sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

/** One change of state, as readers on any replica see it. */
export interface EventRow {
  process_id: string
  at: string
  old_state: number | null
  state: number
  attempt: number
  holder: string | null
  reason: string
  executor_type: string
  xact: bigint
}

export interface EventPage {
  events: EventRow[]
  /** Where to read on: everything before it has been seen. */
  next: bigint
}

/**
 * Reads the events of a colony from a position on. A transaction that is still running when this is read has an id at or
 * above pg_snapshot_xmin(), so reading stops below it and no late commit is ever skipped. Uses the index `events_xact`.
 */
export async function readEvents(db: Db, colony: ColonyKey, from: bigint): Promise<EventPage> {
  const rows = await db.all<EventRow & { horizon: bigint }>(sql`
    with horizon as materialized (select pg_snapshot_xmin(pg_current_snapshot()) as xact)
    select e.process_id, e.at, e.old_state, e.state, e.attempt, e.holder, e.reason, e.executor_type,
      e.xact::text::bigint as xact, h.xact::text::bigint as horizon
    from horizon h left join lateral (
      select * from events e
      where e.colony = ${colony} and e.xact >= ${String(from)}::text::xid8 and e.xact < h.xact
      order by e.xact fetch first 5000 rows with ties) e on true
    order by e.xact`)
  const events = rows.filter((row) => row.process_id !== null)
  const last = events.at(-1)
  // Below `from` where this is another copy of the database, restored or failed over to: its ids go on from there.
  const next = last && events.length >= 5000 ? last.xact + 1n : (rows[0]?.horizon ?? from)
  return { events, next }
}

/** The position after all that has been committed by now of what is about a colony; where that is, ids of transactions count. */
export async function currentPosition(db: Db, colony: ColonyKey): Promise<bigint> {
  const row = await db.one<{ xact: bigint }>(sql`
    select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xact from (select ${colony}::int as colony) asked`)
  return row?.xact ?? 0n
}

/**
 * The history of one process, oldest first, without the first `after` events. What is added later comes later: each change of
 * a process waits for the one before. Uses the index `events_process`.
 */
export function readHistory(
  db: Db,
  colony: ColonyKey,
  processId: string,
  { after, count }: { after: number; count: number },
): Promise<EventRow[]> {
  return db.all<EventRow>(sql`
    select process_id, at, old_state, state, attempt, holder, reason, executor_type, xact::text::bigint as xact
    from events where colony = ${colony} and process_id = ${processId}
    order by xact, at, state limit ${count} offset ${after}`)
}
