import { type Db, sql } from '@colonies/database'
import { State } from '@colonies/protocol'
import { type Fault, fault } from './fault.js'

/** What a server waits for an executor that sends heartbeats is more than this. */
const SILENT_SECONDS_MIN = 30

/** Processes that were taken from their holder, or given up, before it was time, as far as rows can show it. */
export async function findEarlyLosses(db: Db, colony: number): Promise<Fault[]> {
  const checks = [execDeadlines, waitDeadlines, lostExecutors]
  return (await Promise.all(checks.map((check) => check(db, colony)))).flat()
}

/** Events `lost`, each with the one, `given`, at which its attempt began. */
const lossesWithTheirBeginning = (colony: number) => sql`
  events lost join events given on given.colony = ${colony} and given.process_id = lost.process_id
    and given.state = ${State.running} and given.attempt = lost.attempt`

/** Whose time was over had all of it, by the one clock that counts. */
async function execDeadlines(db: Db, colony: number): Promise<Fault[]> {
  const rows = await db.all<{ process_id: string; attempt: number; held: number; exec_seconds: number }>(sql`
    select s.process_id, lost.attempt, s.exec_seconds, extract(epoch from lost.at - given.at)::float8 as held
    from ${lossesWithTheirBeginning(colony)}
    join process_specs s on s.colony = ${colony} and s.process_id = lost.process_id
    where lost.colony = ${colony} and lost.reason = 'maxexectime' and lost.at < given.at + make_interval(secs => s.exec_seconds)`)
  return rows.map(({ process_id, attempt, held, exec_seconds }) =>
    fault(2, `attempt ${attempt} of ${process_id} was ended after ${held} of its ${exec_seconds} s`),
  )
}

/** What waited too long did so, since it began to wait the last time. */
async function waitDeadlines(db: Db, colony: number): Promise<Fault[]> {
  const rows = await db.all<{ process_id: string; waited: number; wait_seconds: number | null }>(sql`
    select s.process_id, s.wait_seconds, extract(epoch from ended.at - began.at)::float8 as waited
    from events ended
    cross join lateral (
      select max(at) as at from events w
      where w.colony = ${colony} and w.process_id = ended.process_id and w.state = ${State.waiting} and w.at <= ended.at) began
    join process_specs s on s.colony = ${colony} and s.process_id = ended.process_id
    where ended.colony = ${colony} and ended.reason = 'maxwaittime'
      and (s.wait_seconds is null or ended.at < began.at + make_interval(secs => s.wait_seconds))`)
  return rows.map(({ process_id, waited, wait_seconds }) =>
    fault(4, `${process_id} was given up after ${waited} of ${wait_seconds ?? 'endless'} s of waiting`),
  )
}

/** An executor that the colony still approves was neither revoked, nor silent for long when it had just got a process. */
async function lostExecutors(db: Db, colony: number): Promise<Fault[]> {
  const rows = await db.all<{ process_id: string; attempt: number; reason: string; held: number }>(sql`
    select lost.process_id, lost.attempt, lost.reason, extract(epoch from lost.at - given.at)::float8 as held
    from ${lossesWithTheirBeginning(colony)}
    join executors e on e.colony = ${colony} and e.executor_id = lost.holder and e.state = 1
    where lost.colony = ${colony} and (lost.reason = 'executor revoked'
      or (lost.reason = 'executor lost' and lost.at < given.at + make_interval(secs => ${SILENT_SECONDS_MIN}::int)))`)
  return rows.map(({ process_id, attempt, reason, held }) =>
    fault(4, `attempt ${attempt} of ${process_id} was ended after ${held} s (${reason}), and its executor is approved`),
  )
}
