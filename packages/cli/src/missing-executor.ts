import { setTimeout as pause } from 'node:timers/promises'
import type { Output } from '@colonies/client'
import { ExecutorState, type Process, State } from '@colonies/protocol'
import type { Session } from './session.js'

/** Executors that are there take a process within this time, unless they are busy. */
const assignMsUsual = 3_000

/** Says so when a process still waits after a while, and no executor could take it. */
export async function tellWhoIsMissing(processid: string, session: Session, signal: AbortSignal): Promise<void> {
  const { patientMember: client, colonyname, out } = session
  await pause(assignMsUsual, undefined, { signal })
  const { state, spec } = await client.getProcess({ processid }, { signal })
  if (state !== State.waiting) return
  const missing = whoIsMissing(spec, await client.getExecutors({ colonyname }, { signal }))
  if (missing) out.say(`Still waiting: ${missing}`)
}

/** @returns what keeps a process in the queue for lack of executors, and what to do about it; undefined when nothing does */
export function whoIsMissing(
  { conditions: { colonyname, executortype, executornames } }: Process['spec'],
  executors: readonly Pick<Output<'getExecutors'>[number], 'executorname' | 'executortype' | 'state'>[],
): string | undefined {
  const wanted = executornames ?? []
  const fitting = executors.filter(
    ({ executorname, executortype: type }) =>
      type === executortype && (wanted.length === 0 || wanted.includes(executorname)),
  )
  if (fitting.some(({ state }) => state === ExecutorState.approved)) return undefined
  const pending = fitting.find(({ state }) => state === ExecutorState.pending)
  if (pending)
    return `executor ${pending.executorname} is not approved: colonies executor approve ${pending.executorname}`
  const named = wanted.length > 0 ? ` named ${wanted.join(' or ')}` : ''
  return `colony ${colonyname} has no executor of type ${executortype}${named}: colonies executor ls`
}
