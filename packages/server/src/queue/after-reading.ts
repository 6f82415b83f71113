/**
 * Calls `work` when all requests have been read that had come by now: those that the event loop is about to read in this turn, and
 * those that came while it did, for which the system is asked once more. Nobody is waited for, so it takes microseconds where
 * nothing came; where much did, it makes one batch of what would have been two.
 */
export function afterReading(work: () => void): void {
  setImmediate(() => setImmediate(work))
}

/** As `afterReading`, for who awaits. */
export const allRead = (): Promise<void> => new Promise(afterReading)
