import type { Executor } from './executor.js'

/** What is used of Node's `process`; named here, so that the rest of the package works in browsers too. */
export interface SignalSource {
  once(signal: string, listener: () => void): unknown
  off(signal: string, listener: () => void): unknown
}

const signals = ['SIGTERM', 'SIGINT']

/**
 * Lets SIGTERM and SIGINT stop an executor in order. A second signal ends the program at once, as always.
 *
 * @param source Node's `process`
 * @returns when the executor has stopped, for whatever reason; the program then ends by itself unless there is other work
 */
export async function stopOnSignals(executor: Executor, source: SignalSource): Promise<void> {
  const stop = () => {
    forget()
    void executor.stop()
  }
  const forget = () => {
    for (const signal of signals) source.off(signal, stop)
  }
  for (const signal of signals) source.once(signal, stop)
  await executor.stopped
  forget()
}
