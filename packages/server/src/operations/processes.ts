import { checkState } from '@colonies/core'
import {
  type Claimed,
  cancelProcess,
  type Db,
  giveBack,
  type Holder,
  type ListedProcesses,
  listAttributes,
  listByPrefix,
  listLive,
  listSubmittedSince,
  readHistory,
  readProcesses,
  readStandings,
  removeProcess,
  removeProcesses,
  type Standing,
  setOutput,
} from '@colonies/database'
import { ColoniesError, limits, State } from '@colonies/protocol'
import { type Call, type Colony, type Handlers, Rendered } from '../handler.js'
import { claimedFrom } from '../queue/hot-path.js'
import { processText } from '../queue/process-text.js'
import { newSubmission } from '../submission/new-process.js'
import { type KeptCall, waitFor } from './assign-wait.js'

/** Rows of one statement when many are removed. */
const REMOVE_BATCH = 2000

export const processHandlers = {
  async submit(input, { db, caller, colony, replica }) {
    const submission = newSubmission(input, colony.name, caller, 'spec')
    const submitted = await replica.hotPath.submit(colony.key, submission)
    if (!submitted.fresh) return readProcess(db, colony, submitted.process_id)
    // What the submitter is told is the process as submitted, also when an executor has it by now.
    const row = claimedFrom({ ...submission.process, holder: null }, { ...submitted, state: State.waiting })
    return new Rendered(processText({ ...row, started_at: null, exec_deadline: null }, rendering(submission, colony)))
  },

  assign(input, call) {
    return waitFor(call, { ...input, slots: 1 }, assignedText)
  },

  async closeSuccessful(input, call) {
    await closeSuccessful(call, input)
    return {}
  },

  async closeFailed(input, call) {
    await closeFailed(call, input)
    return {}
  },

  async setOutput({ processid, out, attempt }, { db, caller, colony }) {
    const change = { processId: processid, holder: caller.id, attempt, output: out }
    if (!isEmptyList(out) && (await setOutput(db, colony.key, change)) > 0) return {}
    const standing = await standingOf(db, colony, processid)
    if (!isHeldBy(standing, change)) throw notHeld(standing, caller.id)
    return {}
  },

  async unassign({ processid, attempt }, { db, caller, colony, replica }) {
    const { released, ready } = await giveBack(db, colony.key, [{ processId: processid, holder: caller.id, attempt }])
    if (released.size === 0) throw notHeld(await standingOf(db, colony, processid), caller.id)
    replica.changed(colony.key)
    replica.hint(colony.key, ready)
    return {}
  },

  async cancelProcess({ processid }, { db, colony, replica }) {
    const { ended } = await cancelProcess(db, colony.key, processid)
    if (ended.size > 0) {
      replica.changed(colony.key)
      return {}
    }
    const standing = await standingOf(db, colony, processid)
    if (standing.in_graph)
      throw new ColoniesError(
        'wrong_state',
        'Failed to cancel, cannot cancel a process part of a workflow, cancel the entire workflow instead',
      )
    throw new ColoniesError('wrong_state', `Tried to cancel ${stateName(standing.state)} process`)
  },

  async getProcess({ processid }, { db, colony }) {
    return readProcess(db, colony, processid)
  },

  async getProcesses({ count, state, executortype, label, initiator, after, prefix }, { db, colony, replica }) {
    checkCount(count)
    checkState(state)
    const page = { colonyName: colony.name, count, after, bytesMax: limits.listBytesMax }
    const filter = { ...page, state, executorType: executortype, label, user: initiator }
    const listed = await (prefix !== ''
      ? listByPrefix(db, colony.key, { ...page, prefix: idPrefix(prefix) })
      : state <= State.running
        ? listLive(db, colony.key, filter)
        : replica.endedTexts.list(db, colony.key, filter))
    const { found, texts } = listed
    if (texts.length < found)
      throw new ColoniesError(
        'too_large',
        `These ${found} processes have more than ${limits.listBytesMax} bytes: ask for ${texts.length} at once`,
      )
    return listText(listed)
  },

  async getProcessHistory({ executorid, seconds, state, after }, { db, colony }) {
    checkState(state)
    if (seconds < 0) throw new ColoniesError('bad_request', `seconds must not be negative, got ${seconds}`)
    const page = {
      colonyName: colony.name,
      count: limits.historyCountMax,
      after,
      bytesMax: limits.listBytesMax,
    }
    return listText(await listSubmittedSince(db, colony.key, { ...page, state, executorId: executorid, seconds }))
  },

  async getProcessEvents({ processid, count, after }, { db, colony }) {
    if (count < 0 || after < 0) throw new ColoniesError('bad_request', 'count and after must not be negative')
    const page = { after, count: Math.min(count || limits.eventCountMax, limits.eventCountMax) }
    const events = await readHistory(db, colony.key, processid, page)
    if (events.length === 0 && after === 0)
      throw new ColoniesError('not_found', `Process with Id <${processid}> not found`)
    return events.map(({ at, old_state, state, attempt, holder, reason }) => ({
      at,
      oldstate: old_state ?? -1,
      state,
      attempt,
      holder: holder ?? '',
      reason,
    }))
  },

  async removeProcess({ processid }, { db, colony, replica }) {
    if ((await removeProcess(db, colony.key, processid)) > 0) {
      replica.changed(colony.key)
      return {}
    }
    const standing = await standingOf(db, colony, processid)
    throw new ColoniesError(
      'wrong_state',
      standing.in_graph
        ? 'Failed to remove, cannot remove a process part of a workflow, delete the entire workflow instead'
        : 'Failed to remove process, cannot remove a running process',
    )
  },

  async removeAllProcesses({ state }, { db, colony, signal }) {
    if (state === State.running) throw new ColoniesError('bad_request', 'Not possible to remove running processes')
    if (state < -1 || state > State.cancelled)
      throw new ColoniesError('bad_request', 'Invalid state when deleting all processes: use -1, 0, 2, 3 or 4')
    // A batch that is not full was the last: where work goes on, there would always be a few more.
    while (!signal.aborted && (await removeProcesses(db, colony.key, state, REMOVE_BATCH)) >= REMOVE_BATCH);
    return {}
  },
} satisfies Partial<Handlers>

interface WishedClose {
  processid: string
  attempt: number
}

/** @param out a JSON list; an empty one keeps the output set before */
export async function closeSuccessful(
  { db, caller, colony, replica }: Call,
  { processid, attempt, out }: WishedClose & { out: string },
): Promise<void> {
  const close = { processId: processid, holder: caller.id, attempt, output: isEmptyList(out) ? null : out }
  if (await replica.hotPath.closeSuccessful(colony.key, close)) return
  explainMissedClose(await standingOf(db, colony, processid), { holder: caller.id, attempt, as: State.success })
}

export async function closeFailed(
  { db, caller, colony, replica }: Call,
  { processid, attempt, errors }: WishedClose & { errors: string[] },
): Promise<void> {
  const failure = { processId: processid, holder: caller.id, attempt, errors }
  if (await replica.hotPath.closeFailed(colony.key, failure)) return
  explainMissedClose(await standingOf(db, colony, processid), { holder: caller.id, attempt, as: State.failed })
}

async function assignedText(call: KeptCall, [claimed]: readonly Claimed[], timeout: number): Promise<Rendered> {
  if (!claimed) throw new ColoniesError(noneCode(call.colony, timeout))
  return claimedText(call, [claimed], (texts) => texts[0] ?? '')
}

/** The reply of an assign. Should it not reach the executor, the processes go back to the queue at once. */
export async function claimedText(
  { db, colony, replica }: KeptCall,
  claimed: readonly Claimed[],
  join: (texts: string[]) => string,
): Promise<Rendered> {
  const giveBack = () => replica.hotPath.giveBack(colony.key, claimed)
  try {
    // Others have none: it spares a look for each.
    const ids = claimed.filter((p) => p.env !== '{}' || p.attempt > 1 || p.hasAttributes).map((p) => p.process_id)
    const attributes = ids.length === 0 ? [] : await listAttributes(db, colony.key, ids)
    const texts = claimed.map((row) =>
      processText(row, {
        colonyName: colony.name,
        attributes: attributes.filter((attribute) => attribute.process_id === row.process_id),
        assigned: true,
      }),
    )
    return new Rendered(join(texts), giveBack)
  } catch (error) {
    giveBack()
    throw error
  }
}

export function noneCode(colony: Colony, timeout: number) {
  if (!colony.paused) return 'none_available'
  return timeout > 0 ? 'assignments_paused' : 'assignments_paused_now'
}

/** @returns the beginning of an id as ids are stored */
export function idPrefix(text: string): string {
  const prefix = text.toLowerCase()
  if (/^[0-9a-f]{4,64}$/.test(prefix)) return prefix
  throw new ColoniesError('bad_request', `prefix must be the first 4 or more hex digits of an id, got "${text}"`)
}

export function checkCount(count: number): void {
  if (count < 0) throw new ColoniesError('bad_request', `count must not be negative, got ${count}`)
  if (count > limits.listCountMax)
    throw new ColoniesError('bad_request', `Count is larger than MaxCount limit <${limits.listCountMax}>`)
}

export async function readProcess(db: Db, colony: Colony, processId: string): Promise<Rendered> {
  const [row] = await readProcesses(db, colony.key, [processId])
  if (!row) throw new ColoniesError('not_found', `Process with Id <${processId}> not found`)
  const attributes = await listAttributes(db, colony.key, [processId])
  return new Rendered(processText(row, { colonyName: colony.name, attributes }))
}

function listText({ texts }: ListedProcesses): Rendered {
  if (texts.length === 0) return new Rendered('null')
  const separated = texts.flatMap((text) => [',', text])
  separated[0] = '['
  return new Rendered([...separated, ']'])
}

function rendering({ attributes }: ReturnType<typeof newSubmission>, colony: Colony) {
  return {
    colonyName: colony.name,
    attributes: attributes.map((attribute) => ({
      attribute_id: attribute.attributeId,
      process_id: attribute.processId,
      graph_id: null,
      attribute_type: attribute.type,
      key: attribute.key,
      value: attribute.value,
      state: State.waiting,
    })),
  }
}

export async function standingOf(db: Db, colony: Colony, processId: string): Promise<Standing> {
  const [standing] = await readStandings(db, colony.key, [processId])
  if (!standing) throw new ColoniesError('not_found', `Process with Id <${processId}> not found`)
  return standing
}

interface MissedClose {
  holder: string
  attempt: number
  as: typeof State.success | typeof State.failed
}

/**
 * Says why a close changed nothing. A close that its holder repeats answers as the first did.
 *
 * @throws ColoniesError `not_running` (waiting), `lease_lost` (of somebody else, or a later attempt), `wrong_state`
 */
function explainMissedClose(standing: Standing, { holder, attempt, as }: MissedClose): void {
  const mine = standing.holder === holder && (attempt === 0 || standing.attempt === attempt)
  if (mine && standing.state === as) return
  const verb = as === State.success ? 'successful' : 'failed'
  if (standing.state === State.waiting)
    throw new ColoniesError('not_running', `Failed to close process as ${verb}, process is not assigned`)
  if (!mine) {
    const whose = standing.holder === holder ? 'yours' : 'another executor'
    throw new ColoniesError(
      'lease_lost',
      `Failed to close process as ${verb}, not allowed to close process as ${verb}: it is attempt ${standing.attempt} of ${whose} now`,
    )
  }
  throw new ColoniesError('wrong_state', `Tried to set ${stateName(standing.state)} process as ${verb}`)
}

export function isHeldBy(standing: Standing, { holder, attempt }: Holder): boolean {
  return (
    standing.state === State.running && standing.holder === holder && (attempt === 0 || standing.attempt === attempt)
  )
}

/** Why a change that only the holder of a running process may make was refused. */
export function notHeld(standing: Standing, holder: string): ColoniesError {
  if (standing.state !== State.running)
    return new ColoniesError('not_running', `The process is not running, it is ${stateName(standing.state)}`)
  return new ColoniesError(
    'lease_lost',
    standing.holder === holder
      ? `The process is yours again, but as attempt ${standing.attempt}; this was an earlier one`
      : `Only executor with Id <${standing.holder}>, to which the process is assigned, may do that`,
  )
}

function stateName(state: number): string {
  return ['waiting', 'running', 'successful', 'failed', 'cancelled'][state] ?? String(state)
}

function isEmptyList(json: string): boolean {
  return /^\[\s*\]$/.test(json)
}
