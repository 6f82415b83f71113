import { setTimeout as pause } from 'node:timers/promises'
import type { Output } from '@colonies/client'
import { ExecutorState, type Process, State, zeroTime } from '@colonies/protocol'
import { formatTime } from './format-time.js'
import type { Session } from './session.js'
import { allExecutors } from './whole-lists.js'

/**
 * When to look, and how long an executor may have been silent by the time of the submit. One that is idle takes the process
 * at once, and one that is busy is heard from now and then; so the longer the wait, the less silence there has to be.
 */
const looks = [
  { afterMs: 3_000, silentMs: 60_000 },
  { afterMs: 30_000, silentMs: 0 },
] as const

/** Says so when a process still waits after a while, and no executor is there that may take it. */
export async function tellWhoIsMissing(processid: string, session: Session, signal: AbortSignal): Promise<void> {
  const { patientMember: client, colonyname, out } = session
  let waitedMs = 0
  for (const { afterMs, silentMs } of looks) {
    await pause(afterMs - waitedMs, undefined, { signal })
    waitedMs = afterMs
    const { state, spec, submissiontime } = await client.getProcess({ processid }, { signal })
    if (state !== State.waiting) return
    const { ispaused } = await client.getPauseStatus({ colonyname }, { signal })
    if (ispaused)
      return out.say(
        `Still waiting: colony ${colonyname} is paused. Its owner ends that: colonies colony resume ${colonyname}`,
      )
    const executors = await allExecutors({ member: client, colonyname }, signal)
    const missing = whoIsMissing(spec, executors, Date.parse(submissiontime) - silentMs)
    if (missing) return out.say(`Still waiting: ${missing}`)
  }
}

type Executor = Pick<Output<'getExecutors'>[number], 'executorname' | 'executortype' | 'state' | 'lastheardfromtime'>

/**
 * @param sinceMs Unix time; executors that were not heard from since seem not to run
 * @returns what keeps a process in the queue for lack of executors, and what to do about it; undefined when nothing does
 */
export function whoIsMissing(
  { conditions: { colonyname, executortype, executornames } }: Process['spec'],
  executors: readonly Executor[],
  sinceMs: number,
): string | undefined {
  const wanted = executornames ?? []
  const fitting = executors.filter(
    ({ executorname, executortype: type }) =>
      type === executortype && (wanted.length === 0 || wanted.includes(executorname)),
  )
  const approved = fitting.filter(({ state }) => state === ExecutorState.approved)
  if (approved.length > 0) return whoIsSilent(approved, sinceMs)
  const pending = fitting.find(({ state }) => state === ExecutorState.pending)
  if (pending)
    return `executor ${pending.executorname} is not approved: colonies executor approve ${pending.executorname}`
  const named = wanted.length > 0 ? ` named ${wanted.join(' or ')}` : ''
  return `colony ${colonyname} has no executor of type ${executortype}${named}: colonies executor ls`
}

function whoIsSilent(executors: readonly Executor[], sinceMs: number): string | undefined {
  const heardMs = ({ lastheardfromtime }: Executor) => Date.parse(lastheardfromtime)
  const last = executors.reduce((left, right) => (heardMs(right) > heardMs(left) ? right : left))
  if (heardMs(last) >= sinceMs) return undefined
  const { executorname, lastheardfromtime } = last
  const heard =
    lastheardfromtime === zeroTime
      ? 'has never been heard from'
      : `was last heard from at ${formatTime(lastheardfromtime)}`
  if (executors.length === 1) return `executor ${executorname} ${heard}. Does it run?`
  return `none of ${executors.length} executors is heard from; the last one, ${executorname}, ${heard}. Do they run?`
}
