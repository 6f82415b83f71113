import { AbortedError } from './errors.js'

/** Time and chance, so that tests need neither. */
export interface Clock {
  /** Milliseconds; only differences mean something. */
  now(): number
  /** From 0 up to, not including, 1. */
  random(): number
  /** @throws AbortedError as soon as the signal is aborted */
  pause(ms: number, signal: AbortSignal | undefined): Promise<void>
}

/** Timers reach no further, and end at once when they are asked to. */
export const timerMsMax = 2 ** 31 - 1

export const systemClock: Clock = { now: () => performance.now(), random: Math.random, pause }

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortedError(signal))
    const stop = () => {
      clearTimeout(timer)
      if (signal) reject(abortedError(signal))
    }
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', stop)
        resolve()
      },
      Math.min(ms, timerMsMax),
    )
    signal?.addEventListener('abort', stop, { once: true })
  })
}

export function abortedError(signal: AbortSignal): AbortedError {
  return new AbortedError('The call was given up by its caller.', { cause: signal.reason })
}

/**
 * Does work that is told to stop by the caller's signal, and after some time.
 *
 * @param onTime makes the error for a time that is over
 * @throws AbortedError, what `onTime` makes, or what the work throws
 */
export async function withDeadline<Result>(
  { ms, signal, onTime }: { ms: number; signal: AbortSignal | undefined; onTime: () => Error },
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  if (signal?.aborted) throw abortedError(signal)
  // Not AbortSignal.any: with a caller's signal that lives long, it keeps a little of every call in memory on older engines.
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(onTime()), Math.min(ms, timerMsMax))
  const onAbort = () => signal && controller.abort(abortedError(signal))
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    return await work(controller.signal)
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}
