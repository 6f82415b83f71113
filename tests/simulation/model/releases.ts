import type { OverdueOptions, Released } from '@colonies/database'
import { isSilentSince, type Silence } from './listening.js'
import { statement, type Transaction } from './model-database.js'
import { addEvent, isHeldBy, isLockedBy, isOverdue, readyFrom, rowOf } from './rows.js'
import { after, type ColonyTables, type Executor, type Live } from './tables.js'

export const giveBack = statement('giveBack', {
  locks({ tables }, colonyKey, held) {
    const { live } = tables.of(colonyKey)
    return { waits: held.flatMap(({ processId }) => (live.has(processId) ? rowOf.process(processId) : [])) }
  },
  apply(tx, colonyKey, held) {
    const colony = tx.tables.of(colonyKey)
    const rows = held.flatMap((one) => {
      const row = colony.live.get(one.processId)
      return isHeldBy(row, one) ? [row] : []
    })
    return putBack(tx, colony, rows, { reason: 'unassign', countsAsRetry: false })
  },
})

function overdue(colony: ColonyTables, now: number, { limit, withinSeconds }: OverdueOptions): Live[] {
  return [...colony.live.values()]
    .filter((row) => row.state === 1 && isOverdue(row, now, withinSeconds))
    .filter(({ maxRetries, retries }) => maxRetries < 0 || retries < maxRetries)
    .sort((a, b) => (a.deadline ?? 0) - (b.deadline ?? 0))
    .slice(0, limit)
}

export const releaseOverdue = statement('releaseOverdue', {
  // A sweep leaves out what somebody is changing: it comes again.
  locks({ tables, now, isFree }, colonyKey, options) {
    const rows = overdue(tables.of(colonyKey), now, options).map(({ processId }) => rowOf.process(processId))
    return { skips: rows.filter(isFree) }
  },
  apply(tx, colonyKey, options) {
    const colony = tx.tables.of(colonyKey)
    const rows = overdue(colony, tx.now, options).filter(isLockedBy(tx))
    return putBack(tx, colony, rows, { reason: 'maxexectime', countsAsRetry: true })
  },
})

/** Not approved, or sends heartbeats and fell silent. */
const isLost = ({ state, leased, heartbeatAt }: Executor, silence: Silence) =>
  state !== 1 || (leased && isSilentSince(heartbeatAt, silence))

export function heldByLost(colony: ColonyTables, silence: Silence): Live[] {
  return [...colony.live.values()].filter(({ holder }) => {
    const executor = holder === null ? undefined : colony.executors.get(holder)
    return executor !== undefined && isLost(executor, silence)
  })
}

export const releaseFromLost = statement('releaseFromLost', {
  // Executors are judged by their locked rows, so one that is just changed is left out with all that it holds.
  locks({ tables, now, isFree }, colonyKey, silentSeconds, limit) {
    const executor = ({ holder }: Live) => rowOf.executor(holder ?? '')
    const held = heldByLost(tables.of(colonyKey), { tables, now, silentSeconds }).filter((row) => isFree(executor(row)))
    const processes = held.slice(0, limit).map(({ processId }) => rowOf.process(processId))
    return { skips: [...held.map(executor), ...processes.filter(isFree)] }
  },
  apply(tx, colonyKey, silentSeconds, limit) {
    const colony = tx.tables.of(colonyKey)
    const rows = heldByLost(colony, { ...tx, silentSeconds })
      .slice(0, limit)
      .filter(isLockedBy(tx))
    return putBack(tx, colony, rows, { reason: 'executor lost', countsAsRetry: false })
  },
})

export const heldBy = (colony: ColonyTables, executorId: string) =>
  [...colony.live.values()].filter(({ holder }) => holder === executorId)

/** Puts running processes back into the queue. */
export function putBack(
  tx: Transaction,
  colony: ColonyTables,
  rows: readonly Live[],
  { reason, countsAsRetry }: { reason: string; countsAsRetry: boolean },
): Released {
  const back = [...new Set(rows)]
  for (const row of back) {
    const { holder } = row
    row.state = 0
    row.retries += countsAsRetry ? 1 : 0
    row.holder = null
    row.holderName = null
    row.assignId = null
    row.deadline = after(tx.now, row.waitSeconds)
    addEvent(tx, colony, row, { oldState: 1, state: 0, holder, reason })
  }
  return { released: new Set(back.map(({ processId }) => processId)), ready: readyFrom(back) }
}
