import { abortedError, type Clock } from './clock.js'

/**
 * @returns what the work gives, or 'silence' when that takes longer; the work goes on
 * @throws what the work throws, AbortedError
 */
export async function within<Result>(ms: number, work: Promise<Result>, signal: AbortSignal | undefined, clock: Clock) {
  // It may fail after this call has ended, when that is nobody's business any more.
  work.catch(() => {})
  if (signal?.aborted) throw abortedError(signal)
  const pause = new AbortController()
  const onAbort = () => pause.abort(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, clock.pause(ms, pause.signal).then(() => 'silence' as const)])
  } finally {
    signal?.removeEventListener('abort', onAbort)
    pause.abort() // so that no timer keeps the program alive
  }
}
