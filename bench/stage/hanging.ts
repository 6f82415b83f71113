import { type Caller, type Prepared, Refusal } from '../caller.js'
import { metricsOf } from '../measure/metrics.js'
import { timeOf } from '../measure/statistics.js'
import type { OurTarget, Size } from '../row.js'
import { until } from '../until.js'
import { makeColony } from './colony.js'

export const polls = (size: Size) => (size === 'short' ? 1_000 : 10_000)
const EXECUTORS = 16
const HOLD_SECONDS = 600

export interface Hanging {
  /** Milliseconds until the last one was accepted. */
  acceptMs: number
  /** How often one was sent away or cut until then, and came again. */
  again: number
  /** Until one of them has a process. */
  first(): Promise<{ processid: string }>
  user: Caller
  colonyname: string
}

/** Works while they hang, and hangs up afterwards, also when that failed: what is measured next is measured without them. */
export async function whileHanging<T>(
  target: OurTarget,
  count: number,
  work: (hanging: Hanging) => Promise<T>,
): Promise<T> {
  const { hangUp, ...hanging } = await hang(target, count)
  try {
    return await work(hanging)
  } finally {
    await hangUp()
  }
}

/** Long polls on one replica, each with a connection of its own. */
async function hang(target: OurTarget, count: number): Promise<Hanging & { hangUp(): Promise<void> }> {
  const colony = await makeColony(target, { executors: EXECUTORS })
  const connections = Array.from({ length: count }, (_, n) => (colony.executors[n % EXECUTORS] as Caller).again())
  const waiting: ((process: { processid: string }) => void)[] = []
  // Signed before: executors have machines of their own for that. The same text of the same executor has the same signature each time.
  const requests = colony.executors.map((executor) =>
    executor.prepare('assignprocessmsg', { colonyname: colony.name, timeout: HOLD_SECONDS }),
  )
  let hungUp = false
  let again = 0
  const ask = async (caller: Caller, n: number): Promise<void> => {
    try {
      const process = await caller.send<{ processid: string }>(requests[n % EXECUTORS] as Prepared)
      waiting.shift()?.(process)
    } catch (error) {
      if (hungUp) return
      if (!isForLater(error)) throw error
      again++
      // sleeps: ten thousand at once are more than a replica lets in; who is sent away or cut comes again, as SDKs do
      await new Promise((resolve) => setTimeout(resolve, 100))
      await ask(caller, n)
    }
  }
  let asked: Promise<unknown> = Promise.resolve()
  async function hangUp(): Promise<void> {
    hungUp = true
    for (const caller of connections) caller.close()
    await until(async () => (await metricsOf(target.url)).waiters === 0)
    colony.close()
    await asked
  }
  const accepted = timeOf(async () => {
    asked = Promise.all(connections.map(ask))
    // One that fails will never hang.
    const all = until(async () => (await metricsOf(target.url)).waiters >= count)
    await Promise.race([all, asked.then(() => all)])
  })
  const acceptMs = await accepted.catch(async (error: unknown) => {
    await Promise.allSettled([hangUp()]) // or those who hang would be in the way of all that is measured next
    throw error
  })
  return {
    acceptMs,
    again,
    first: () => new Promise((resolve) => waiting.push(resolve)),
    user: colony.user,
    colonyname: colony.name,
    hangUp,
  }
}

function isForLater(error: unknown): boolean {
  if (error instanceof Refusal) return error.status === 503
  return error instanceof Error && 'code' in error && error.code === 'ECONNRESET'
}
