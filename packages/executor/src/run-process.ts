import { type Client, ClientError, type Clock, InvalidError, jitteredMs } from '@colonies/client'
import type { JsonValue } from '@colonies/protocol'
import { argumentsOf } from './arguments.js'
import type { CloseQueue } from './close-queue.js'
import { createContext, noticeLoss } from './context.js'
import type { ExecutorFunction, HandlerResult } from './define-function.js'
import { reasonsOf } from './fail-process.js'
import type { HeldProcess } from './held-process.js'
import { LogQueue } from './log-queue.js'
import type { Slots } from './slots.js'

/** What processes need of the executor that runs them. */
export interface Workplace {
  readonly client: Client
  readonly clock: Clock
  readonly functions: ReadonlyMap<string, ExecutorFunction>
  readonly closes: CloseQueue
  /** For handlers: what was taken in advance waits. */
  readonly slots: Slots
  /** Takes lines for whoever operates the executor. */
  readonly report: (line: string) => void
}

/** How a process ends; `unfinished` ones are given back. */
type Ending = { out: JsonValue[] } | { errors: string[] } | 'unfinished'

/** How long a handler may take to notice that its signal was aborted; after that its slot goes to others. */
export const graceMs = 1_000

const closePauses = { baseMs: 500, maxMs: 15_000 }
/** After so many answers in a row that the server failed, this close meets a bug each time. */
const failuresMax = 20

/** Runs one process when there is room for it, and closes it, unless it is lost on the way. Never rejects. */
export async function runProcess(held: HeldProcess, workplace: Workplace): Promise<void> {
  const { client, report } = workplace
  const { processid, attempt } = held.process
  const logs = new LogQueue(
    (message) => noticeLoss(held, () => client.addLog({ processid, message, attempt })),
    (error) => report(`A log message of process ${processid} is lost: ${messageOf(error)}`),
  )
  const ending = await performInTurn(held, logs, workplace)
  await logs.flush()
  if (held.isLost) report(`Process ${processid} is not ours any more: ${messageOf(held.signal.reason)}`)
  else if (ending === 'unfinished') await giveBack(held, workplace)
  else await close(held, ending, workplace)
}

async function performInTurn(held: HeldProcess, logs: LogQueue, workplace: Workplace): Promise<Ending> {
  if (!(await workplace.slots.enter(held.signal))) return 'unfinished'
  held.isStarted = true
  try {
    return await perform(held, logs, workplace)
  } finally {
    workplace.slots.leave()
  }
}

async function perform(held: HeldProcess, logs: LogQueue, { client, clock, functions }: Workplace): Promise<Ending> {
  const { process, signal } = held
  const definition = functions.get(process.spec.funcname)
  if (!definition) {
    const known = [...functions.keys()].join(', ') || 'none'
    return { errors: [`This executor has no function "${process.spec.funcname}". Its functions: ${known}.`] }
  }
  try {
    const values = argumentsOf(process, definition.args)
    const context = createContext(client, held, logs)
    // `defineFunction` has tied the types of the values to those of the handler.
    const handle = async () => definition.handler(context, ...(values as never[]))
    return { out: outputOf(await untilAbandoned(handle(), signal, clock)) }
  } catch (error) {
    // An interrupted handler may throw whatever it likes. Had it finished in spite of the signal, that would count.
    return signal.aborted ? 'unfinished' : { errors: reasonsOf(error) }
  }
}

function outputOf(result: HandlerResult): JsonValue[] {
  if (result === undefined) return []
  return Array.isArray(result) ? [...result] : [result as JsonValue]
}

/** @throws what the work throws, or the reason of a signal that the work does not heed */
async function untilAbandoned<Result>(work: Promise<Result>, signal: AbortSignal, clock: Clock): Promise<Result> {
  const finished = new AbortController()
  const abandoned = new Promise<never>((_, reject) => {
    const wait = () => {
      clock.pause(graceMs, finished.signal).then(
        () => reject(signal.reason),
        () => {}, // it has finished
      )
    }
    if (signal.aborted) wait()
    else signal.addEventListener('abort', wait, { once: true })
  })
  try {
    return await Promise.race([work, abandoned])
  } finally {
    finished.abort()
  }
}

/**
 * Hands in how a process ended, again and again until it is answered or refused, or the process is lost. An output that the server
 * fails at each time is given up for a failure with that reason, and that in the end, too: the slot is for others.
 */
async function close(held: HeldProcess, first: Exclude<Ending, 'unfinished'>, workplace: Workplace): Promise<void> {
  const { closes, clock, report } = workplace
  const { processid, attempt } = held.process
  let ending = first
  let failures = 0
  for (let pauses = 0; ; ) {
    try {
      return await closes.close({ processid, attempt, ending })
    } catch (error) {
      if ('out' in ending && error instanceof InvalidError && error.code !== 'wrong_state') {
        // No JSON, or too large. Whoever waits for the process has to hear about it.
        ending = { errors: [`The output cannot be handed in: ${error.message}`] }
        continue
      }
      if (!(error instanceof ClientError && error.retryable)) {
        return report(`The close of process ${processid} was refused: ${messageOf(error)}`)
      }
      failures = error.code === 'internal' ? failures + 1 : 0
      if (failures === failuresMax) {
        if (!('out' in ending)) return report(`Process ${processid} could not be closed: ${messageOf(error)}`)
        ending = { errors: [`The output could not be handed in: ${messageOf(error)}`] }
        failures = 0
        continue
      }
      try {
        await clock.pause(jitteredMs(closePauses, pauses++, clock), held.signal)
      } catch {
        return report(`Process ${processid} could not be closed: ${messageOf(error)}`)
      }
    }
  }
}

async function giveBack(held: HeldProcess, { client, report }: Workplace): Promise<void> {
  const { processid, attempt } = held.process
  try {
    await client.unassign({ processid, attempt })
    report(`Process ${processid} was given back.`)
  } catch (error) {
    report(`Process ${processid} could not be given back: ${messageOf(error)}`)
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
