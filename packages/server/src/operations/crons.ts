import { type CronRow, databaseTime, deleteCron, findCron, insertCron, listCrons } from '@colonies/database'
import { ColoniesError, type Cron, limits, zeroTime } from '@colonies/protocol'
import type { Colony, Handlers } from '../handler.js'
import { runCronNow } from '../schedules/cron-runs.js'
import { newCron } from '../schedules/new-cron.js'
import { checkRequestId } from '../submission/new-process.js'

export const cronHandlers = {
  async addCron({ cron }, { db, caller, colony, replica }) {
    const nowMs = await databaseTime(db)
    const serverTimeZone = replica.config.timeZone
    const wanted = newCron(cron, { colonyName: colony.name, initiator: caller, nowMs, serverTimeZone })
    const row = await insertCron(db, colony.key, wanted)
    if (!row)
      throw new ColoniesError(
        'already_exists',
        `Cron with name <${cron.name}> in Colony <${colony.name}> already exists`,
      )
    return cronOf(row, colony)
  },

  async getCron({ cronid }, { db, colony, replica }) {
    const row = await findCron(db, colony.key, cronid)
    if (!row) throw unknownCron(cronid)
    return { ...cronOf(row, colony), checkerperiod: replica.config.cronPeriodMs }
  },

  async getCrons({ count, after }, { db, colony }) {
    if (count < 0) throw new ColoniesError('bad_request', `count must not be negative, got ${count}`)
    const page = { after, count: Math.min(count, limits.directoryCountMax), bytesMax: limits.workflowListBytesMax }
    return (await listCrons(db, colony.key, page)).map((row) => cronOf(row, colony))
  },

  async runCron({ cronid, requestid }, { db, caller, colony, replica }) {
    checkRequestId(requestid)
    // A graph is a request of who added the cron, and here it is somebody else's wish, for this cron alone.
    const ofCaller = requestid === '' ? '' : `${caller.id} ${cronid} ${requestid}`
    const ran = await runCronNow({ db, replica }, colony.key, { cronId: cronid, requestid: ofCaller })
    if (!ran) throw unknownCron(cronid)
    const row = await findCron(db, colony.key, cronid)
    if (!row) throw unknownCron(cronid)
    return cronOf(row, colony)
  },

  async removeCron({ cronid }, { db, colony }) {
    if ((await deleteCron(db, colony.key, cronid)) === 0) throw unknownCron(cronid)
    return {}
  },
} satisfies Partial<Handlers>

function unknownCron(id: string): ColoniesError {
  return new ColoniesError('not_found', `Cron with Id <${id}> not found`)
}

function cronOf(row: CronRow, colony: Colony): Cron {
  return {
    cronid: row.cron_id,
    initiatorid: row.initiator_id,
    initiatorname: row.initiator_name,
    colonyname: colony.name,
    name: row.name,
    cronexpression: row.expression,
    interval: row.interval_seconds,
    random: row.random,
    nextrun: row.next_run ?? zeroTime,
    lastrun: row.last_run ?? zeroTime,
    workflowspec: row.workflow,
    prevprocessgraphid: row.previous_graph_id ?? '',
    waitforprevprocessgraph: row.waits,
    checkerperiod: 0,
    timezone: row.time_zone,
    catchup: row.catchup,
    overlap: row.overlap,
    lasterror: row.last_error,
  }
}
