import type { Asking } from './ask-for-processes.js'
import { messageOf } from './run-process.js'

/** A quarter of the silence after which a server releases what an executor holds. */
export const heartbeatMs = 15_000

/**
 * Tells the server again and again that this executor lives, and tells handlers when the server has taken their process
 * away. Runs beside the assigning, so that neither waits for the other.
 *
 * @param heard called when the server has heard of this executor, each time
 * @returns when the signal is aborted
 */
export async function keepBeating(
  { place: { colonyname }, workplace: { client, clock, report }, held: { all }, instanceid }: Asking,
  heard: () => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const held = [...all].filter(({ isLost }) => !isLost)
      const processids = held.map(({ process }) => process.processid)
      const attempts = held.map(({ process }) => process.attempt)
      const input = { colonyname, processids, attempts, instanceid }
      const reply = await client.heartbeat(input, { signal, timeoutMs: heartbeatMs })
      heard()
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
