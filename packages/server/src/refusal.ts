import { isConnectionFailure, isMomentary } from '@colonies/database'
import { SignatureError } from '@colonies/identity'
import { ColoniesError, type ErrorCode, errors } from '@colonies/protocol'
import { type Log, limitLines } from './log.js'

/** Characters of a sentence that callers get: it may quote what they sent. */
const MESSAGE_LENGTH_MAX = 1_000
const LOGGED_LENGTH_MAX = 200

/** What a caller is told when the request is not carried out. */
export interface Refusal {
  readonly status: number
  readonly message: string
  /** For programs, which should not have to read the message. */
  readonly code: ErrorCode
  /** Whether the sender made a mistake that is worth a line in the log, or the server failed, which is worth a long one. */
  readonly kind: 'expected' | 'malformed' | 'database away' | 'failure'
}

/** Refusals whose cause is a broken client, or somebody who tries things out. */
const malformed = new Set(['bad_request', 'bad_signature', 'unknown_operation', 'too_large'])

/** Turns whatever was thrown while a request was answered into what its sender may know. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof ColoniesError) {
    const message = error.message.slice(0, MESSAGE_LENGTH_MAX)
    const { status, code } = error
    return { status, message, code, kind: malformed.has(code) ? 'malformed' : 'expected' }
  }
  if (error instanceof SignatureError) {
    const { status } = errors.bad_signature
    return { status, message: error.message, code: 'bad_signature', kind: 'malformed' }
  }
  if (isConnectionFailure(error)) {
    const message = 'The server cannot reach its database now; try again in a moment'
    return { status: errors.unavailable.status, message, code: 'unavailable', kind: 'database away' }
  }
  if (isMomentary(error)) {
    const message = 'The database has no room or no time for this now; try again in a moment'
    return { status: errors.unavailable.status, message, code: 'unavailable', kind: 'database away' }
  }
  return { status: errors.internal.status, message: errors.internal.says, code: 'internal', kind: 'failure' }
}

/** Seconds after which asking again makes sense; undefined where it does not by itself. */
export function retryAfterSeconds(status: number): number | undefined {
  return status === errors.unavailable.status || status === errors.too_many.status ? 1 : undefined
}

/** Logs what deserves it. @returns what the caller is told */
export type Report = (error: unknown, payloadtype: string) => Refusal

/**
 * Lines about what callers send are limited, so that nobody can fill the log; what a healthy system refuses (nothing to
 * assign, not found) is seen only with the level `debug`.
 */
export function createReporter(log: Log): Report {
  const refused = limitLines(log.info, { linesPerSecondMax: 10 })
  const away = limitLines(log.warn, { linesPerSecondMax: 1 })
  const failed = limitLines(log.error, { linesPerSecondMax: 20 })
  return (error, payloadtype) => {
    const refusal = refusalOf(error)
    const { status, message, kind } = refusal
    if (kind === 'malformed') refused('refused a malformed request', { payloadtype, status, reason: shorten(message) })
    else if (kind === 'database away') away('the database could not be used', { payloadtype, error })
    else if (kind === 'failure') failed('a request failed', { payloadtype, error })
    else log.debug('refused a request', { payloadtype, status, reason: shorten(message) })
    return refusal
  }
}

function shorten(message: string): string {
  return message.length > LOGGED_LENGTH_MAX ? `${message.slice(0, LOGGED_LENGTH_MAX)}...` : message
}
