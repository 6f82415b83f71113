import type { Db } from './db.js'
import type { Held } from './held.js'
import { isLost } from './listening.js'
import { isOverdue, type OverdueOptions } from './overdue.js'
import { type ReadyLine, readyLines } from './ready-lines.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

export interface Released {
  /** Processes that wait again. */
  released: Set<string>
  ready: ReadyLine[]
}

/** Gives processes back that their holder does not want or never got. Not a retry: they keep their place and count. */
export function giveBack(db: Db, colony: ColonyKey, held: readonly Held[]): Promise<Released> {
  return putBack(db, colony, {
    reason: 'unassign',
    countsAsRetry: false,
    asked: sql`
      select a.* from unnest(${held.map((h) => h.processId)}::text[], ${held.map((h) => h.holder)}::text[],
        ${held.map((h) => h.attempt)}::int[]) as a (asked_id, by_holder, of_attempt)`,
    guard: sql`holder = by_holder and (of_attempt = 0 or of_attempt = attempt)`,
  })
}

/**
 * Puts processes of one colony whose exec deadline has passed back into the queue while they have retries left; those
 * without are ended by `failOverdue`. Uses the index `live_deadline`.
 */
export function releaseOverdue(db: Db, colony: ColonyKey, { limit, withinSeconds }: OverdueOptions): Promise<Released> {
  return putBack(db, colony, {
    reason: 'maxexectime',
    countsAsRetry: true,
    asked: sql`
      select l.process_id as asked_id from live l
      where l.colony = ${colony} and ${isOverdue(withinSeconds)} and l.state = 1
        and (l.max_retries < 0 or l.retries < l.max_retries)
      order by l.deadline limit ${limit}`,
    guard: sql`deadline < now() and (max_retries < 0 or retries < max_retries)`,
    skipsLocked: true,
  })
}

/** Releases all that one executor holds; for the transaction that rejects or removes it. */
export async function releaseHeldBy(tx: Db, colony: ColonyKey, executorId: string): Promise<ReadyLine[]> {
  const { ready } = await putBack(tx, colony, {
    reason: 'executor revoked',
    countsAsRetry: false,
    asked: sql`
      select l.process_id as asked_id, l.holder as by_holder from live l
      where l.colony = ${colony} and l.holder = ${executorId}`,
    guard: sql`holder = by_holder`,
  })
  return ready
}

/**
 * Releases what is held by executors that are not approved (any more): a claim of a replica that had not heard of a
 * rejection yet. Also what executors hold that send heartbeats and fell silent.
 *
 * Executors are locked and judged by their newest row, so that one whose heartbeat comes meanwhile keeps what it holds.
 *
 * @param limit most executors, and most processes, in one call
 */
export function releaseFromLost(db: Db, colony: ColonyKey, silentSeconds: number, limit: number): Promise<Released> {
  return putBack(db, colony, {
    reason: 'executor lost',
    countsAsRetry: false,
    asked: sql`
      select l.process_id as asked_id, l.holder as by_holder
      from (select e.executor_id from executors e
            where e.colony = ${colony} and ${isLost(silentSeconds)}
              and exists (select from live h where h.colony = ${colony} and h.holder = e.executor_id)
            limit ${limit} for no key update of e skip locked) lost
      join live l on l.colony = ${colony} and l.holder = lost.executor_id
      limit ${limit}`,
    guard: sql`holder = by_holder`,
    skipsLocked: true,
  })
}

/** How processes are put back into the queue. */
export interface PutBack {
  reason: string
  countsAsRetry: boolean
  /** Rows (asked_id, and what the guard reads). */
  asked: Sql
  /** Over the locked newest version of a running process. */
  guard: Sql
  /** Leaves out what somebody is changing, who may be slow, or frozen: for sweeps, which come again. */
  skipsLocked?: boolean
}

export async function putBack(
  db: Db,
  colony: ColonyKey,
  { reason, countsAsRetry, asked, guard, skipsLocked = false }: PutBack,
): Promise<Released> {
  const rows = await db.all<{ process_id: string; executor_type: string; priority_time: bigint }>(sql`
    with asked as materialized (${asked}), locked as materialized (
      select l.*, a.* from asked a
      join live l on l.colony = ${colony} and l.process_id = a.asked_id
      order by l.process_id for update of l ${skipsLocked ? sql`skip locked` : sql``}
    ), back as (
      update live l set state = 0, retries = l.retries + ${countsAsRetry ? 1 : 0}, holder = null, holder_name = null,
        assign_id = null, list_place = l.priority_time, deadline = now() + make_interval(secs => l.wait_seconds)
      from (select process_id, holder as old_holder from locked where state = 1 and ${guard}) m
      where l.colony = ${colony} and l.process_id = m.process_id
      returning l.*, m.old_holder
    ), wants as (
      insert into wanted (colony, executor_type, name, priority_time, process_id, location, cpu, memory)
      select ${colony}, executor_type, name, priority_time, process_id, location, cpu, memory
      from back, unnest(names) name
    ), history as (
      insert into events (colony, process_id, old_state, state, attempt, holder, reason, executor_type)
      select ${colony}, process_id, 1, 0, attempt, old_holder, ${reason}, executor_type from back
    )
    select process_id, executor_type, priority_time from back`)
  return {
    released: new Set(rows.map((row) => row.process_id)),
    ready: readyLines(rows.map((row) => ({ executorType: row.executor_type, count: 1, from: row.priority_time }))),
  }
}
