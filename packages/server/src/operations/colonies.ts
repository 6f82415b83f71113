import { checkId, checkName } from '@colonies/core'
import {
  type Counts,
  countColony,
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
    const counts = await countColony(db, colony.key)
    return { ...statisticsOf(counts), ...executorsOf(counts.executors), colonies: 1 }
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

export function statisticsOf({ processes, graphs }: Pick<Counts, 'processes' | 'graphs'>) {
  return {
    waitingprocesses: processes.waiting,
    runningprocesses: processes.running,
    successfulprocesses: processes.success,
    failedprocesses: processes.failed,
    cancelledprocesses: processes.cancelled,
    waitingworkflows: graphs.waiting,
    runningworkflows: graphs.running,
    successfulworkflows: graphs.success,
    failedworkflows: graphs.failed,
    cancelledworkflows: graphs.cancelled,
  }
}

export function executorsOf({ all, active, unregistered }: Counts['executors']) {
  return { executors: all, activeexecutors: active, unregisteredexecutors: unregistered }
}
