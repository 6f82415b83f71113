import { firstRun, joinOutputs, nextRun } from '@colonies/core'
import {
  type ColonyKey,
  type CronOutcome,
  type Db,
  dueCronIds,
  type FiredCron,
  fireCrons,
  isConnectionFailure,
  isMomentary,
  type LockedCron,
} from '@colonies/database'
import { ColoniesError, limits } from '@colonies/protocol'
import type { Replica } from '../handler.js'
import type { Log } from '../log.js'
import { newGraph } from '../submission/new-graph.js'
import { timingOf } from './new-cron.js'
import { readStoredWorkflow } from './stored-workflow.js'
import { tellStarted } from './tell-started.js'

/** Crons of one transaction. */
export const CRONS_MAX = 100
/** Workflows of one transaction; what is larger has one of its own. */
const BATCH_WORKFLOW_BYTES_MAX = 1024 * 1024
/** Crons that get more output than this from their previous graph have a transaction of their own. */
const BATCH_OUTPUT_BYTES_MAX = 128 * 1024

interface Context {
  readonly db: Db
  readonly replica: Pick<Replica, 'hint' | 'changed'>
  readonly log: Log
}

/**
 * Starts crons of one colony that are due. One that cannot be started is set aside until its next planned time, with its error in its
 * row; the others go on.
 *
 * @returns how many were served; `CRONS_MAX` or more when others may be due as well
 */
export async function fireDueCrons(context: Context, colony: ColonyKey): Promise<number> {
  const { db, replica, log } = context
  let fired: FiredCron[]
  try {
    fired = await fireCrons(db, colony, {
      choice: { due: CRONS_MAX },
      workflowBytesMax: BATCH_WORKFLOW_BYTES_MAX,
      outputBytesMax: BATCH_OUTPUT_BYTES_MAX,
      decide: (cron) => (cron.outputs === undefined ? undefined : decidePlanned(cron)),
    })
  } catch (error) {
    if (isConnectionFailure(error)) throw error
    log.warn('crons are started one by one, since they cannot be started together', { colony, error })
    return fireOneByOne(context, colony, await dueCronIds(db, colony, CRONS_MAX))
  }
  tellStarted(replica, colony, started(fired))
  const served = fired.filter(({ outcome }) => outcome !== undefined)
  for (const { cron, outcome } of served) if (outcome?.error) warn(log, colony, cron, outcome.error)
  const others = fired.filter(({ outcome }) => outcome === undefined).map(({ cron }) => cron.cron_id)
  return served.length + (await fireOneByOne(context, colony, others))
}

/** @returns how many were served */
async function fireOneByOne(context: Context, colony: ColonyKey, cronIds: readonly string[]): Promise<number> {
  let served = 0
  for (const id of cronIds) if (await fireAlone(context, colony, id)) served += 1
  return served
}

/** @returns false when it stays as it is */
async function fireAlone({ db, replica, log }: Context, colony: ColonyKey, cronId: string): Promise<boolean> {
  const alone = { choice: { cronId }, workflowBytesMax: 0, outputBytesMax: limits.cronInputBytesMax }
  try {
    const fired = await fireCrons(db, colony, { ...alone, decide: decidePlanned })
    tellStarted(replica, colony, started(fired))
    for (const { cron, outcome } of fired) if (outcome?.error) warn(log, colony, cron, outcome.error)
    return fired.some(({ outcome }) => outcome !== undefined)
  } catch (error) {
    if (isConnectionFailure(error)) throw error
    if (isMomentary(error)) {
      // Its planned time must not be lost because the database was busy or full.
      log.warn('a cron stays due, since the database could not start it now', { colony, cronId, error })
      return false
    }
    const says = 'It could not be stored; the log of the server tells more'
    log.error('a cron cannot be started', { colony, cronId, error })
    await fireCrons(db, colony, {
      ...alone,
      decide: (cron) => (isDue(cron) ? { ...plan(cron), error: says } : undefined),
    })
    return true
  }
}

/**
 * Starts one cron by command, on top of its plan.
 *
 * @returns undefined when there is no such cron
 * @throws ColoniesError `bad_request` when it cannot be started
 */
export async function runCronNow(
  { db, replica }: Pick<Context, 'db' | 'replica'>,
  colony: ColonyKey,
  { cronId, requestid }: { cronId: string; requestid: string },
): Promise<FiredCron | undefined> {
  const fired = await fireCrons(db, colony, {
    choice: { cronId },
    workflowBytesMax: 0,
    outputBytesMax: limits.cronInputBytesMax,
    decide(cron) {
      if (!mayStart(cron)) return undefined
      const planned = cron.next_run === null ? undefined : Date.parse(cron.next_run)
      // A time that is due by now is left to the loop; others move, as in the original.
      const nextMs = isDue(cron) ? planned : firstRun(timingOf(cron), cron.now_ms)
      return { nextMs, ...start(cron, { plannedAt: null, requestid }) }
    },
  })
  tellStarted(replica, colony, started(fired))
  return fired[0]
}

function decidePlanned(cron: LockedCron): CronOutcome | undefined {
  if (!isDue(cron) || (overlapOf(cron) === 'wait' && !cron.previous_ended)) return undefined
  const planned = plan(cron)
  if (planned.error !== undefined || !mayStart(cron)) return planned
  try {
    return { ...planned, ...start(cron, { plannedAt: cron.next_run, requestid: '' }) }
  } catch (error) {
    if (error instanceof ColoniesError) return { ...planned, error: error.message }
    throw error
  }
}

/** The planned time that follows. */
function plan(cron: LockedCron): CronOutcome {
  try {
    return { nextMs: nextRun(timingOf(cron), { plannedMs: Date.parse(cron.next_run ?? ''), nowMs: cron.now_ms }) }
  } catch (error) {
    if (error instanceof ColoniesError) return { nextMs: undefined, error: error.message }
    throw error
  }
}

/** @throws ColoniesError `bad_request` */
function start(cron: LockedCron, { plannedAt, requestid }: { plannedAt: string | null; requestid: string }) {
  const { initiator_id, initiator_name, initiator_is_user, colony_name, workflow, outputs } = cron
  if (!cron.initiator_is_member)
    throw new ColoniesError(
      'bad_request',
      `${initiator_name}, who added this cron, is no approved member of the colony any more: add it again as a member`,
    )
  if (outputs === undefined) throw tooMuchInput()
  const input = joinOutputs(outputs)
  const { graph, rootIds } = newGraph(
    {
      spec: readStoredWorkflow(workflow, colony_name),
      requestid,
      roots: { input },
      cron: { cronId: cron.cron_id, plannedAt },
    },
    colony_name,
    { id: initiator_id, name: initiator_name, kind: initiator_is_user ? 'user' : 'executor' },
  )
  if (input.length * rootIds.length > limits.cronInputBytesMax) throw tooMuchInput()
  return { graph }
}

function tooMuchInput(): ColoniesError {
  return new ColoniesError(
    'bad_request',
    `The leaves of the graph before put out more than the ${limits.cronInputBytesMax} bytes that all roots together may get`,
  )
}

function isDue({ next_run, now_ms }: LockedCron): boolean {
  return next_run !== null && Date.parse(next_run) <= now_ms
}

/** Whether the graph before leaves room for a new one. With `cancel`, that one ends it. */
function mayStart(cron: LockedCron): boolean {
  return cron.previous_ended || ['allow', 'cancel'].includes(overlapOf(cron))
}

function overlapOf({ overlap, waits }: LockedCron): string {
  return overlap === '' ? (waits ? 'wait' : 'allow') : overlap
}

function started(fired: readonly FiredCron[]) {
  return fired.flatMap(({ ready }) => (ready.length > 0 ? [ready] : []))
}

function warn(log: Log, colony: ColonyKey, { cron_id, name }: LockedCron, why: string): void {
  log.warn('a cron was not started; it is tried again at its next planned time', { colony, cron_id, name, why })
}
