import { type Db, sql } from '@colonies/database'
import { pause } from './monkey.js'

const LOOK_MS = 200

/** Waits until nothing of a colony waits or runs. @returns how many were left when the time was over */
export async function untilDrained(db: Db, colony: number, seconds: number): Promise<number> {
  let left = 0
  // sleeps: the end of work has no event that could be awaited from outside
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await pause(LOOK_MS)) {
    const row = await db.one<{ left: number }>(sql`select count(*)::int as left from live where colony = ${colony}`)
    left = row?.left ?? 0
    if (left === 0) break
  }
  return left
}
