import { AbortedError, listOf, TimeoutError } from '@colonies/client'
import { type Process, State } from '@colonies/protocol'
import { exitCodeOfState } from './exit-codes.js'
import { followLog, logWriter } from './follow-log.js'
import { formatValue } from './format-json.js'
import { formatDuration } from './format-time.js'
import { tellWhoIsMissing } from './missing-executor.js'
import type { Session } from './session.js'
import { stateName } from './state-names.js'
import { endLine, type View } from './view.js'

export interface WaitOptions {
  /** Show log lines as they come. */
  readonly follow: boolean
  /** The result is the output of the process. */
  readonly out: boolean
  /** Seconds after which waiting ends; the process stays. 0: as long as it takes. */
  readonly timeout: number
}

/**
 * Waits until a process has ended.
 *
 * @throws TimeoutError
 */
export async function waitForProcess(processid: string, options: WaitOptions, session: Session): Promise<View> {
  const { patientMember: client, out } = session
  const ended = new AbortController()
  const writeLog = logWriter(options.out, out)
  const following = options.follow ? followLog(processid, { session, writeLog, signal: ended.signal }) : undefined
  following?.catch(() => {}) // told when it is waited for, below
  void tellWhoIsMissing(processid, session, ended.signal).catch(() => {}) // only a hint; waiting tells what is wrong
  try {
    const signal = options.timeout > 0 ? AbortSignal.timeout(options.timeout * 1_000) : undefined
    const process = await client.waitFor(processid, { signal })
    ended.abort()
    await following
    return viewOf(process, options)
  } catch (error) {
    if (!(error instanceof AbortedError)) throw error
    throw new TimeoutError(`Process ${processid} has not ended within ${options.timeout} s; it was not cancelled.`, {
      cause: error,
    })
  } finally {
    ended.abort()
  }
}

function viewOf(process: Process, { out }: WaitOptions): View {
  const output = outputView(process)
  return {
    ...output,
    data: out ? output.data : process,
    ids: [process.processid],
    text: (style) => (out ? output.text(style) : ''),
    note: sentenceOf(process),
    exitCode: exitCodeOfState(process.state),
  }
}

/** The output values of a process: for people on one line, for programs as a list. */
export function outputView({ processid, out }: Process): View {
  const values = listOf(out)
  return {
    data: values,
    ids: [processid],
    text: () => (values.length === 0 ? '' : endLine(values.map(formatValue).join(' '))),
  }
}

function sentenceOf({ state, spec, errors, starttime, endtime }: Process): string | undefined {
  if (state === State.success) return undefined
  const reasons = errors.length > 0 ? `: ${errors.join('; ')}` : ''
  const after = formatDuration(starttime, endtime)
  return `${spec.funcname}: ${stateName(state)}${after && ` after ${after}`}${reasons}`
}
