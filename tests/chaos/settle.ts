import { type Db, sql } from '@colonies/database'
import { nowMs } from './clock.js'
import { NOBODY } from './load/schedules.js'
import { pause } from './monkey.js'

const LOOK_MS = 200

/** Waits until nothing of a colony waits for an executor or runs. @returns how many were left when the time was over */
export async function untilDrained(db: Db, colony: number, seconds: number): Promise<number> {
  let left = 0
  // sleeps: the end of work has no event that could be awaited from outside
  for (const end = nowMs() + seconds * 1000; nowMs() < end; await pause(LOOK_MS)) {
    const row = await db.one<{ left: number }>(sql`
      select count(*)::int as left from live where colony = ${colony} and executor_type <> ${NOBODY}`)
    left = row?.left ?? 0
    if (left === 0) break
  }
  return left
}

/** Waits until every generator is empty and no planned time of a cron is left behind. @returns whether that came */
export async function untilOnTime(db: Db, colony: number, seconds: number): Promise<boolean> {
  // sleeps: as above
  for (const end = nowMs() + seconds * 1000; nowMs() < end; await pause(LOOK_MS)) {
    const row = await db.one<{ left: number }>(sql`
      select (select count(*) from generators where colony = ${colony} and packed > taken)::int
        + (select count(*) from crons where colony = ${colony} and next_run < now() - interval '2 seconds')::int as left`)
    if (row?.left === 0) return true
  }
  return false
}
