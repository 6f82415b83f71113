import { type CronTiming, checkLabel, findTimeZone, firstRun, namesTimeZone } from '@colonies/core'
import type { NewCron } from '@colonies/database'
import { newId } from '@colonies/identity'
import { ColoniesError, type Cron, zeroTime } from '@colonies/protocol'
import type { Initiator } from '../submission/initiator.js'
import { checkStoredWorkflow } from './stored-workflow.js'

/** What may happen while the graph of the run before has not ended. */
const overlaps = ['allow', 'wait', 'skip', 'cancel']

interface CronOptions {
  colonyName: string
  initiator: Initiator
  /** The clock of the database: Unix time in ms. */
  nowMs: number
  /** Of expressions that name no zone. */
  serverTimeZone: string
}

/** Checks a cron whole, its workflow included, and makes its row. @throws ColoniesError `bad_request` */
export function newCron(cron: Cron, { colonyName, initiator, nowMs, serverTimeZone }: CronOptions): NewCron {
  if (cron.name === '') throw new ColoniesError('bad_request', 'cron.name must not be empty')
  checkLabel(cron.name, 'cron.name')
  checkStoredWorkflow(cron.workflowspec, colonyName)
  checkTiming(cron)
  const row = {
    cron_id: newId(),
    name: cron.name,
    initiator_id: initiator.id,
    initiator_name: initiator.name,
    initiator_is_user: initiator.kind === 'user',
    interval_seconds: cron.interval,
    expression: cron.cronexpression,
    random: cron.random,
    time_zone: cron.timezone,
    server_time_zone: serverTimeZone,
    catchup: cron.catchup,
    waits: cron.waitforprevprocessgraph,
    overlap: cron.overlap,
    workflow: cron.workflowspec,
  }
  const first = firstRun(timingOf(row), nowMs)
  const planned = first === undefined ? null : new Date(first).toISOString()
  return { ...row, next_run: cron.nextrun === zeroTime ? planned : cron.nextrun }
}

function checkTiming({ interval, random, cronexpression, timezone, overlap, waitforprevprocessgraph }: Cron): void {
  if (interval === 0) throw new ColoniesError('bad_request', 'Cron interval must be -1 (disabled) or larger than 0')
  if (interval < 0 && random)
    throw new ColoniesError('bad_request', 'Random cron is only supported when specifying intervals')
  if (!findTimeZone(timezone))
    throw new ColoniesError('bad_request', `cron.timezone is no IANA time zone: ${timezone}; one is Europe/Stockholm`)
  if (timezone !== '' && namesTimeZone(cronexpression))
    throw new ColoniesError('bad_request', 'The time zone is given twice: in cron.timezone and in cron.cronexpression')
  if (overlap === '') return
  if (!overlaps.includes(overlap))
    throw new ColoniesError('bad_request', `cron.overlap must be one of ${overlaps.join(', ')}; it is ${overlap}`)
  if (overlap === 'allow' && waitforprevprocessgraph)
    throw new ColoniesError(
      'bad_request',
      'cron.overlap "allow" and cron.waitforprevprocessgraph contradict each other',
    )
}

/** When a cron of the table runs. */
export function timingOf(
  row: Pick<NewCron, 'expression' | 'time_zone' | 'server_time_zone' | 'interval_seconds' | 'random' | 'catchup'>,
): CronTiming {
  return {
    expression: row.expression,
    timeZone: row.time_zone === '' ? row.server_time_zone : row.time_zone,
    interval: row.interval_seconds,
    random: row.random,
    catchup: row.catchup,
  }
}
