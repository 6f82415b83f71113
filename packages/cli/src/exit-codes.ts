import { ClientError, ConnectionError, DeniedError, InvalidError, NotFoundError, TimeoutError } from '@colonies/client'
import { PrivateKeyError } from '@colonies/identity'
import { ColoniesError, State } from '@colonies/protocol'
import { CommanderError } from 'commander'

/** What scripts can tell from the status of the command. */
export const ExitCode = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  denied: 4,
  timeout: 5,
  processFailed: 6,
  processCancelled: 7,
  connection: 8,
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** For people, by the code. */
export const exitCodeMeanings: Readonly<Record<keyof typeof ExitCode, string>> = {
  ok: 'done; empty lists too',
  failure: 'refused or failed for another reason',
  usage: 'not used as it should be, or the request makes no sense',
  notFound: 'no such thing; for `process assign`: no process came',
  denied: 'this key may not do that',
  timeout: 'not in time',
  processFailed: 'with --wait or --follow: the process or workflow failed',
  processCancelled: 'the same: it was cancelled',
  connection: 'no server answers',
}

/** The command was used in a way that cannot work. The sentence names the way out. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** Work on many things came to an end before they did. The cause tells why; the sentence, what was done and how to go on. */
export class StoppedError extends Error {
  override name = 'StoppedError'
}

/** The exit code for whatever a command threw. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof StoppedError) return exitCodeOf(error.cause)
  if (error instanceof UsageError || error instanceof CommanderError || error instanceof PrivateKeyError) {
    return ExitCode.usage
  }
  if (error instanceof NotFoundError) return ExitCode.notFound
  if (error instanceof DeniedError) return ExitCode.denied
  if (error instanceof TimeoutError) return ExitCode.timeout
  if (error instanceof ConnectionError) return ExitCode.connection
  if (error instanceof InvalidError || isBadInput(error) || isConfigError(error)) return ExitCode.usage
  return ExitCode.failure
}

/** How a command ends that waited for a process or workflow; undefined when that went well. */
export function exitCodeOfState(state: number): ExitCode | undefined {
  if (state === State.failed) return ExitCode.processFailed
  return state === State.cancelled ? ExitCode.processCancelled : undefined
}

/** What a rule refused here, before the server could. */
function isBadInput(error: unknown): boolean {
  return error instanceof ColoniesError && error.code === 'bad_request'
}

/** Told by its name: the package that has the class is the server's, which is not loaded for other commands. */
function isConfigError(error: unknown): boolean {
  return error instanceof Error && error.name === 'ConfigError'
}

/** The name of an error for programs: that of the server, else that of the exit code. */
export function errorName(error: unknown): string {
  if (error instanceof StoppedError) return errorName(error.cause)
  if (error instanceof ClientError && error.code) return error.code
  const code = exitCodeOf(error)
  return Object.keys(ExitCode).find((name) => ExitCode[name as keyof typeof ExitCode] === code) ?? 'failure'
}
