import { checkId, checkName } from '@colonies/core'
import {
  countExecutors,
  countProcesses,
  deleteColony,
  insertColony,
  isPaused,
  listColonies,
  readyTypes,
  setPaused,
} from '@colonies/database'
import { ColoniesError, limits } from '@colonies/protocol'
import type { Handlers } from '../handler.js'

/** Executor types that hear of the end of a pause at once. */
const READY_TYPES_MAX = 100

export const colonyHandlers = {
  async addColony({ colony }, { db, replica }) {
    checkId(colony.colonyid, 'colony.colonyid')
    checkName(colony.name, 'colony.name')
    const row = await insertColony(db, colony.name, colony.colonyid)
    if (!row) throw new ColoniesError('already_exists', `A Colony with name <${colony.name}> already exists`)
    replica.directoryChanged()
    return { colonyid: row.colony_id, name: row.name }
  },

  async removeColony({ colonyname }, { db, replica }) {
    if (!(await deleteColony(db, colonyname)))
      throw new ColoniesError('not_found', `Colony with name <${colonyname}> not found`)
    replica.directoryChanged()
    return {}
  },

  async getColonies({ after }, { db }) {
    const rows = await listColonies(db, { after, count: limits.directoryCountMax })
    return rows.map((row) => ({ colonyid: row.colony_id, name: row.name }))
  },

  async getColony(_input, { colony }) {
    return { colonyid: colony.ownerId, name: colony.name }
  },

  async getColonyStatistics(_input, { db, colony }) {
    const executors = await countExecutors(db, colony.key)
    return { ...statisticsOf(await countProcesses(db, colony.key)), ...executorsOf(executors), colonies: 1 }
  },

  async pauseAssignments(_input, { db, colony, replica }) {
    await setPaused(db, colony.key, true)
    replica.directoryChanged()
    return {}
  },

  async resumeAssignments(_input, { db, colony, replica }) {
    await setPaused(db, colony.key, false)
    replica.directoryChanged()
    // Whatever became ready during the pause. Should there be more types, the poll of those who wait finds them.
    const types = await readyTypes(db, colony.key, READY_TYPES_MAX)
    replica.hint(
      colony.key,
      types.map((executorType) => ({ executorType, count: limits.listCountMax })),
    )
    return {}
  },

  async getPauseStatus(_input, { db, colony }) {
    return {
      msgtype: 'pausestatusreplymsg',
      colonyname: colony.name,
      ispaused: await isPaused(db, colony.key),
    }
  },
} satisfies Partial<Handlers>

type Counts = Awaited<ReturnType<typeof countProcesses>>

export function statisticsOf(counts: Counts) {
  return {
    waitingprocesses: counts.waiting,
    runningprocesses: counts.running,
    successfulprocesses: counts.success,
    failedprocesses: counts.failed,
    cancelledprocesses: counts.cancelled,
    waitingworkflows: counts.waitingGraphs,
    runningworkflows: counts.runningGraphs,
    successfulworkflows: counts.successGraphs,
    failedworkflows: counts.failedGraphs,
    cancelledworkflows: counts.cancelledGraphs,
  }
}

export function executorsOf({ all, active, unregistered }: { all: number; active: number; unregistered: number }) {
  return { executors: all, activeexecutors: active, unregisteredexecutors: unregistered }
}
