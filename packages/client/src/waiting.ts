import { isTerminal } from '@colonies/core'
import { newId } from '@colonies/identity'
import { type FunctionSpec, type JsonValue, type Process, State, zeroTime } from '@colonies/protocol'
import type { Caller, CallOptions } from './call.js'
import { ClientError, NotFoundError } from './errors.js'
import type { Input, Methods } from './methods.js'
import { ProcessNews } from './process-news.js'

export interface WaitingMethods {
  /**
   * Waits until a process has ended, in whatever state, for as long as it takes. Where there is a WebSocket the server tells;
   * without one, or when it drops, the process is asked for again and again, at last every two seconds.
   *
   * @throws NotFoundError, DeniedError, AbortedError; an abort does not cancel the process
   */
  waitFor(processid: string, options?: CallOptions): Promise<Process>

  /** Submits a function spec and waits as `waitFor` does. @returns the process in the state it ended in */
  run(spec: FunctionSpec, options?: CallOptions): Promise<Process>

  /**
   * Submits a function spec and waits for its output.
   *
   * @throws ProcessFailedError, ProcessCancelledError, and what `run` throws
   */
  result(spec: FunctionSpec, options?: CallOptions): Promise<JsonValue[]>

  /**
   * Asks for a process to execute, as `assign` does, except that none is no error, and that a `timeout` of any length is kept:
   * it is asked again every four minutes.
   *
   * @returns the process, in state running; undefined when none came, or the colony is paused
   */
  waitForProcess(input: Input<'assign'>, options?: CallOptions): Promise<Process | undefined>

  /** Asks as `waitForProcess` does, for up to `count`: it waits for the first, and takes what is there then. @returns those that came */
  waitForProcesses(input: Input<'assignBatch'>, options?: CallOptions): Promise<Process[]>
}

/** `fetch` in Node, and many a proxy, gives up on a reply after 300 seconds. */
const pollSecondsMax = 240

/** The process ended, but not well. */
export class ProcessFailedError extends ClientError {
  override name = 'ProcessFailedError'
  readonly process: Process

  constructor(process: Process) {
    super(`${process.spec.funcname} failed: ${process.errors.join('; ') || 'no reason given'}`)
    this.process = process
  }
}

export class ProcessCancelledError extends ClientError {
  override name = 'ProcessCancelledError'
  readonly process: Process

  constructor(process: Process) {
    super(`${process.spec.funcname} was cancelled.`)
    this.process = process
  }
}

export function createWaitingMethods(caller: Caller, methods: Methods): WaitingMethods {
  const newsOf = (processid: string) => new ProcessNews(caller.connection, methods, processid)
  const run = async (spec: FunctionSpec, options: CallOptions = {}) => {
    const submitted = await methods.submit({ spec }, options)
    return waitForEnd(methods, newsOf(submitted.processid), options, submitted)
  }
  return {
    waitFor: (processid, options = {}) => waitForEnd(methods, newsOf(processid), options),
    run,
    result: async (spec, options) => outputOf(await run(spec, options)),
    waitForProcess: (input, options) => inPolls(input, (poll) => methods.assign({ ...input, ...poll }, options)),
    async waitForProcesses(input, options) {
      const some = async (poll: Poll) => {
        const processes = await methods.assignBatch({ ...input, ...poll }, options)
        return processes.length > 0 ? processes : undefined
      }
      return (await inPolls(input, some)) ?? []
    },
  }
}

type Poll = Required<Pick<Input<'assign'>, 'assignid' | 'timeout'>>

/** @returns what the first poll gave that found something; undefined when none did, or the colony is paused */
async function inPolls<Reply>(
  { assignid: given, timeout }: Pick<Input<'assign'>, 'assignid' | 'timeout'>,
  ask: (poll: Poll) => Promise<Reply | undefined>,
): Promise<Reply | undefined> {
  // One id for all polls: what an earlier one was given without hearing of it comes with the next.
  const assignid = given || newId()
  for (let left = timeout; ; left -= pollSecondsMax) {
    try {
      const found = await ask({ assignid, timeout: Math.min(left, pollSecondsMax) })
      if (found !== undefined) return found
    } catch (error) {
      if (!isNoneAvailable(error)) throw error
      if (isPaused(error)) return undefined
    }
    if (left <= pollSecondsMax) return undefined
  }
}

/** @throws ProcessFailedError, ProcessCancelledError */
export function outputOf(process: Process): JsonValue[] {
  if (process.state === State.failed) throw new ProcessFailedError(process)
  if (process.state === State.cancelled) throw new ProcessCancelledError(process)
  return listOf(process.out)
}

/** The list in a field for user JSON, whose type allows any JSON but which the server keeps to be a list. */
export function listOf(value: JsonValue): JsonValue[] {
  return Array.isArray(value) ? [...value] : []
}

function isNoneAvailable(error: unknown): error is ClientError {
  if (!(error instanceof ClientError)) return false
  // Servers that tell no codes mean with this status, from this operation, that none came.
  return isPaused(error) || (error instanceof NotFoundError && error.code !== 'not_found')
}

/** Which is answered at once, however long one would wait. */
function isPaused(error: ClientError): boolean {
  return error.code === 'assignments_paused_now' || error.status === 408
}

/** @param known the process as it is known to have been a moment ago, if at all */
async function waitForEnd(methods: Methods, news: ProcessNews, options: CallOptions, known?: Process) {
  const { processid } = news
  let process = known ?? (await methods.getProcess({ processid }, options))
  try {
    for (let reads = 0; !hasEnded(process); reads++) {
      // A subscription tells of a state that was passed before it began, too, so that nothing falls between.
      const frame = await news.next(reads, options.signal)
      // The original server shows a process in its last frame as it was before its close, without an end.
      const complete = frame !== undefined && frame.endtime !== zeroTime
      process = complete ? frame : await methods.getProcess({ processid }, options)
    }
    return process
  } finally {
    news.close()
  }
}

/** Whether a process or graph is in a state that it will never leave. */
export function hasEnded({ state }: { state: number }): boolean {
  return isTerminal(state)
}
