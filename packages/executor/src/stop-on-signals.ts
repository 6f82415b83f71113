import type { Executor } from './executor.js'

/** What is used of Node's `process`; named here, so that the rest of the package works in browsers too. */
export interface SignalSource {
  on(signal: string, listener: () => void): unknown
  off(signal: string, listener: () => void): unknown
}

const signals = ['SIGTERM', 'SIGINT']
/** A second signal so soon is the first once more: npm hands on what the terminal has sent to everybody. */
const sameSignalMs = 300

/**
 * Lets SIGTERM and SIGINT stop an executor in order. A second signal, unless it comes with the first, ends the program at
 * once, as always.
 *
 * @param source Node's `process`
 * @returns when the executor has stopped, for whatever reason; the program then ends by itself unless there is other work
 */
export async function stopOnSignals(executor: Executor, source: SignalSource): Promise<void> {
  let asked = false
  const stop = () => {
    if (asked) return
    asked = true
    setTimeout(forget, sameSignalMs)
    void executor.stop()
  }
  const forget = () => {
    for (const signal of signals) source.off(signal, stop)
  }
  for (const signal of signals) source.on(signal, stop)
  await executor.stopped
  if (!asked) forget()
}
