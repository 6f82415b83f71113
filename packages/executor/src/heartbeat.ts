import type { HeldProcesses } from './held-process.js'
import { messageOf, type Workplace } from './run-process.js'

/** A quarter of the silence after which a server releases what an executor holds. */
export const heartbeatMs = 15_000

/**
 * Tells the server again and again that this executor lives, and tells handlers when the server has taken their process
 * away. Runs beside the assigning, so that neither waits for the other.
 *
 * @returns when the signal is aborted
 */
export async function keepBeating(
  colonyname: string,
  { all }: HeldProcesses,
  { client, clock, report }: Workplace,
  signal: AbortSignal,
): Promise<void> {
  // The first at once, since a server releases what a silent executor holds only if it ever heard a heartbeat of it.
  while (!signal.aborted) {
    try {
      const held = [...all].filter(({ isLost }) => !isLost)
      const processids = held.map(({ process }) => process.processid)
      const attempts = held.map(({ process }) => process.attempt)
      const reply = await client.heartbeat({ colonyname, processids, attempts }, { signal, timeoutMs: heartbeatMs })
      const lost = new Set(reply.lost)
      for (const one of held)
        if (lost.has(one.process.processid)) one.lose('It was cancelled or taken away, or its time was over.')
    } catch (error) {
      if (signal.aborted) return
      report(`A heartbeat was not answered: ${messageOf(error)}`)
    }
    await clock.pause(heartbeatMs, signal).catch(() => {}) // ends early when the signal is aborted
  }
}
