import { setTimeout as sleep } from 'node:timers/promises'
import { ClientError } from '@colonies/client'

/** About twenty seconds: a server that is started anew is back by then. */
const ATTEMPTS_MAX = 8
const PAUSE_MS = 200
const PAUSE_MS_MAX = 5_000

/** Whether another try may go better. */
export class PassingError extends Error {
  override name = 'PassingError'
}

/** The store does not answer. Other files would fare no better. */
export class UnreachableError extends PassingError {
  override name = 'UnreachableError'
}

/** Tries `work` again after failures that may pass: broken connections, and what the service calls its own fault. */
export async function withRetries<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      signal?.throwIfAborted()
      if (attempt === ATTEMPTS_MAX || !mayPass(error)) throw error
      const pauseMs = Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** attempt) * (0.5 + Math.random() / 2)
      await sleep(pauseMs, undefined, signal && { signal })
    }
  }
}

const passing = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ERR_STREAM_PREMATURE_CLOSE',
])

// Also what the client has tried again by itself: that of a command gives up after two seconds.
function mayPass(error: unknown): boolean {
  return error instanceof PassingError || (error instanceof ClientError && error.retryable) || isBroken(error)
}

/** Whether a connection was not made, or ended before all had come. */
export function isBroken(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return (
    ('code' in error && passing.has(String(error.code))) ||
    error.message === 'aborted' ||
    /was silent/.test(error.message)
  )
}
