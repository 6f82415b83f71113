import { type Db, databaseTimeMs, idAt, listPartitions, makePartitions } from '@colonies/database'
import type { Log } from '../log.js'
import type { Loop } from './loop.js'

const DAY_MS = 86_400_000
/** Partitions are there this long before their first row. */
const AHEAD_MS = 2 * DAY_MS
/** A statement locks and plans for each partition: 20 cost it a fifth, 120 four times as much. */
const PARTITIONS_MAX = 16
/** Without a policy nothing is dropped; should there be one later, it finds pieces. */
const DAYS_WITHOUT_POLICY = 90

/** Makes partitions for the ids to come. */
export const partitions: Loop = {
  name: 'partitions',
  everyMs: 600_000,
  async runOnce({ db, replica, log }) {
    await makePartitionsAhead(db, replica.config.retentionSeconds, log)
    return 'rest'
  },
}

/**
 * Makes the partitions for the next days, if they are missing. To be called before the first request: rows for which
 * there is no partition yet go to the default one, and as long as they are there their day cannot have another. It is
 * left out then; its rows are deleted one by one when they are too old.
 */
export async function makePartitionsAhead(db: Db, retentionSeconds: number | undefined, log: Log): Promise<void> {
  const nowMs = await databaseTimeMs(db)
  const days = partitionDays(retentionSeconds)
  const newest = (await listPartitions(db)).at(-1)
  const todayMs = Math.floor(nowMs / DAY_MS) * DAY_MS
  let startMs = Math.max(todayMs, newest ? Number.parseInt(newest.high, 16) : 0)
  while (startMs < nowMs + AHEAD_MS) {
    const endMs = startMs + days * DAY_MS
    const suffix = new Date(startMs).toISOString().slice(0, 10).replaceAll('-', '')
    const outcome = await makePartitions(db, { suffix, low: idAt(startMs), high: idAt(endMs) })
    if (outcome === 'busy') return
    if (outcome === 'made') log.info('made partitions', { suffix, days })
    startMs = outcome === 'made' ? endMs : startMs + DAY_MS
  }
}

/** Days in one partition: a policy keeps about as many partitions as statements do not notice. */
function partitionDays(retentionSeconds: number | undefined): number {
  if (retentionSeconds === undefined) return DAYS_WITHOUT_POLICY
  const days = Math.ceil((retentionSeconds * 1000) / DAY_MS / PARTITIONS_MAX)
  return Math.min(DAYS_WITHOUT_POLICY, days)
}
