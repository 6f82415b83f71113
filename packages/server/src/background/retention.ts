import {
  type ColonyKey,
  coloniesWithOld,
  colonyKeys,
  type Db,
  databaseTimeMs,
  dropChannelsWithin,
  dropPartition,
  idAt,
  isNeeded,
  listPartitions,
  type PartitionRange,
  removeAttributesWithin,
  removeOldGraphs,
  removeOldLogs,
  removeOldResults,
} from '@colonies/database'
import { eachColony } from './each-colony.js'
import type { Loop, LoopContext } from './loop.js'

const DAY_SECONDS = 86_400
/** Rows of one statement: few, so that nobody waits for their locks. */
const BATCH = 500

/** A graph and its processes get their ids one after the other, on either side of midnight perhaps. */
const MADE_MS = 60_000

const beforeDrop = eachColony('retention before a drop')
const inEachColony = eachColony('retention')

/**
 * Forgets what ended longer ago than the policy says: whole partitions where it can, rows where it must. What a live
 * process or graph still needs stays, and a graph goes as a whole.
 *
 * @param leads whether this replica leads: any may do this at any time, but several do not get done sooner
 */
export function retention(leads: () => boolean): Loop {
  return {
    name: 'retention',
    everyMs: 60_000,
    async runOnce(context) {
      const { retentionSeconds } = context.replica.config
      if (retentionSeconds === undefined || !leads()) return 'rest'
      if ((await dropOldest(context, retentionSeconds)) === 'again') return 'again'
      return deleteOld(context, retentionSeconds)
    },
  }
}

/** Drops the oldest partition that nothing needs. */
async function dropOldest(context: LoopContext, olderThanSeconds: number): Promise<'again' | 'rest'> {
  const { db, log } = context
  const range = await findUnneeded(db, olderThanSeconds)
  if (!range) return 'rest'
  // What belongs to its processes and is in other tables has to go before: afterwards nobody would know of it.
  const left = await beforeDrop(await colonyKeys(db), context, async (colony) => {
    const options = {
      olderThanSeconds,
      before: idAt(Number.parseInt(range.high, 16) + MADE_MS),
      spared: range,
      limit: BATCH,
    }
    const graphs = await removeOldGraphs(db, colony, options)
    const attributes = await removeAttributesWithin(db, colony, range, BATCH)
    const channels = await dropChannelsWithin(db, colony, range, BATCH)
    return graphs >= BATCH || attributes >= BATCH || channels >= BATCH
  })
  if (left === 'again' || context.signal.aborted) return 'again'
  for (const table of range.tables) {
    if (await dropPartition(db, table, range.suffix)) log.info('dropped a partition', { table, suffix: range.suffix })
    else return 'rest' // in use; the next run tries again
  }
  return 'again'
}

async function findUnneeded(db: Db, olderThanSeconds: number): Promise<PartitionRange | undefined> {
  const oldest = idAt((await databaseTimeMs(db)) - olderThanSeconds * 1000)
  for (const range of await listPartitions(db)) {
    if (range.high > oldest) return undefined
    if (!(await isNeeded(db, range, olderThanSeconds))) return range
  }
  return undefined
}

/** Deletes old rows of partitions that are still needed, or that came to the default one. */
async function deleteOld(context: LoopContext, policySeconds: number): Promise<'again' | 'rest'> {
  const { db } = context
  const olderThanSeconds = policySeconds + (await graceSeconds(db, policySeconds))
  const before = idAt((await databaseTimeMs(db)) - olderThanSeconds * 1000)
  const colonies = await coloniesWithOld(db, { logSeconds: policySeconds, olderThanSeconds, before })
  return inEachColony(colonies, context, async (colony) => {
    const counts = [
      await removeOldLogs(db, colony, policySeconds, BATCH),
      await removeOldGraphs(db, colony, { olderThanSeconds, before, spared: undefined, limit: BATCH }),
      ...(await removeEnded(db, colony, olderThanSeconds)),
    ]
    return counts.some((count) => count >= BATCH)
  })
}

async function removeEnded(db: Db, colony: ColonyKey, olderThanSeconds: number): Promise<number[]> {
  const counts: number[] = []
  for (const state of [2, 3, 4] as const) {
    counts.push(await removeOldResults(db, colony, { state, olderThanSeconds, limit: BATCH }))
  }
  return counts
}

/**
 * How much longer rows stay when a policy is long: as long as a partition spans, so that it can go as a whole before its
 * rows are deleted one by one.
 */
async function graceSeconds(db: Db, policySeconds: number): Promise<number> {
  if (policySeconds < 7 * DAY_SECONDS) return 0
  const spans = (await listPartitions(db)).map(({ low, high }) => Number.parseInt(high, 16) - Number.parseInt(low, 16))
  return Math.ceil(Math.min(policySeconds / 7, Math.max(0, ...spans) / 1000))
}
