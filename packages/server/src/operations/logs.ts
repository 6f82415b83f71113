import { findExecutor, findLogs, type LogRow, listExecutorLogs, listProcessLogs } from '@colonies/database'
import { ColoniesError, limits } from '@colonies/protocol'
import type { Colony, Handlers } from '../handler.js'
import { notHeld, standingOf } from './processes.js'

/** Later than every line, in ns. */
const FOREVER = 2n ** 63n - 1n

export const logHandlers = {
  async addLog({ processid, message, attempt }, { db, caller, colony, replica }) {
    checkMessage(message)
    const line = { processId: processid, holder: caller.id, attempt, message }
    if (await replica.hotPath.addLog(colony.key, line)) return {}
    throw notHeld(await standingOf(db, colony, processid), caller.id)
  },

  async addExecutorLog({ executorname, message }, { caller, colony, replica }) {
    checkMessage(message)
    if (caller.executor?.name !== executorname)
      throw new ColoniesError('not_allowed', 'Access denied, an executor can only add logs of itself')
    await replica.hotPath.addLog(colony.key, { executorName: executorname, message })
    return {}
  },

  async getLogs({ processid, executorname, count, since, latest }, { db, colony }) {
    checkCount(count, limits.logCountMax)
    const range = { since, count, latest }
    if (executorname === '') {
      if (processid === '') throw new ColoniesError('bad_request', 'Whose logs? Fill in processid or executorname')
      await standingOf(db, colony, processid)
      return (await listProcessLogs(db, colony.key, processid, range)).map((row) => entryOf(row, colony))
    }
    if (!(await findExecutor(db, colony.key, executorname)))
      throw new ColoniesError('not_found', `Failed to get logs, executor with name <${executorname}> not found`)
    return (await listExecutorLogs(db, colony.key, executorname, range)).map((row) => entryOf(row, colony))
  },

  async searchLogs({ text, days, count, before }, { db, colony }) {
    checkCount(count, limits.logSearchCountMax)
    if (days > limits.logSearchDaysMax)
      throw new ColoniesError(
        'bad_request',
        `Count exceeds max day count (${limits.logSearchDaysMax}): days is ${days}`,
      )
    const search = { text, days: Math.max(0, days), before: before > 0n ? before : FOREVER, count }
    return (await findLogs(db, colony.key, search)).map((row) => entryOf(row, colony))
  },
} satisfies Partial<Handlers>

function checkMessage(message: string): void {
  if (Buffer.byteLength(message) > limits.logBytesMax)
    throw new ColoniesError('too_large', `message must have at most ${limits.logBytesMax} bytes; split it`)
}

function checkCount(count: number, most: number): void {
  if (count < 0) throw new ColoniesError('bad_request', `count must not be negative, got ${count}`)
  if (count > most) throw new ColoniesError('bad_request', `Count exceeds max log count (${most})`)
}

function entryOf(row: LogRow, colony: Colony) {
  return {
    processid: row.process_id,
    colonyname: colony.name,
    executorname: row.executor_name,
    message: row.message,
    timestamp: row.added_ns,
  }
}
