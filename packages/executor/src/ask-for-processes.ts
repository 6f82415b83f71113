import { DeniedError, jitteredMs } from '@colonies/client'
import { newId } from '@colonies/identity'
import { HeldProcess, type HeldProcesses } from './held-process.js'
import { enterColony, type Place } from './registration.js'
import { messageOf, runProcess, type Workplace } from './run-process.js'

export interface Asking {
  readonly place: Place
  readonly workplace: Workplace
  readonly held: HeldProcesses
  /** A random id of this run of the program: what it gets is told apart from what others of the same identity hold. */
  readonly instanceid: string
  /** How many processes run at a time. */
  readonly concurrency: number
  readonly free: () => { cpu?: string; mem?: string }
}

/** Seconds for which one request waits: less than the time after which proxies close silent connections. */
const pollSeconds = 30
/** A server that answers at once that there is nothing is not asked again at once. */
const quickAnswerMs = 1_000
const pauses = { baseMs: 500, maxMs: 15_000 }
const giveBackMs = 3_000
/** Timers reach no further. */
const timerMsMax = 2 ** 31 - 1

/**
 * Takes processes whenever there is room for one, and starts them.
 *
 * @returns when the signal is aborted; processes may still run then
 */
export async function askForProcesses(asking: Asking, signal: AbortSignal): Promise<void> {
  const { place, workplace, held, concurrency, free } = asking
  const { client, clock, report } = workplace
  // Kept until a process comes, also after an answer that there was none: should one have been assigned without anybody
  // hearing of it, the next request gets that.
  const newAssignId = () => `instance:${asking.instanceid}.${newId()}`
  let assignid = newAssignId()
  for (let failures = 0; !signal.aborted; ) {
    await held.below(concurrency)
    if (signal.aborted) return
    const askedAtMs = clock.now()
    try {
      const { cpu = '', mem = '' } = free()
      const input = {
        colonyname: place.colonyname,
        timeout: pollSeconds,
        availablecpu: cpu,
        availablemem: mem,
        assignid,
      }
      const process = await client.waitForProcess(input, { signal })
      failures = 0
      if (process) {
        assignid = newAssignId()
        take(new HeldProcess(process), asking)
      } else if (clock.now() - askedAtMs < quickAnswerMs) await clock.pause(clock.random() * quickAnswerMs, signal)
    } catch (error) {
      if (signal.aborted) return giveBackUnanswered(asking, assignid)
      report(`Asking for a process failed: ${messageOf(error)}`)
      await recover(error, asking, failures++, signal)
    }
  }
}

function take(held: HeldProcess, { workplace, held: all }: Asking): void {
  const { process } = held
  const ended = new AbortController()
  // By the own clock since the arrival, so that it need not agree with the server's.
  const leaseMs = process.spec.maxexectime * 1_000
  if (leaseMs > 0 && leaseMs <= timerMsMax) {
    workplace.clock.pause(leaseMs, ended.signal).then(
      () => held.lose('Its maxexectime is over.'),
      () => {}, // it ended before
    )
  }
  void all.add(held, async () => {
    await runProcess(held, workplace)
    ended.abort()
  })
}

/** Waits until it makes sense to ask again. Never rejects. */
async function recover(error: unknown, asking: Asking, failures: number, signal: AbortSignal): Promise<void> {
  const { place, workplace } = asking
  const { clock, report } = workplace
  try {
    // Rejected or removed meanwhile, or never let in.
    if (error instanceof DeniedError) await enterColony(place, workplace, signal)
    await clock.pause(jitteredMs(pauses, failures, clock), signal)
  } catch (reason) {
    if (signal.aborted) return
    report(`Entering the colony failed: ${messageOf(reason)}`)
    await clock.pause(jitteredMs(pauses, failures, clock), signal).catch(() => {})
  }
}

/** The server may have answered the request that was given up. What it gave goes back, so that nobody waits for a lease. */
async function giveBackUnanswered({ place, workplace }: Asking, assignid: string): Promise<void> {
  const { client, report } = workplace
  const options = { signal: AbortSignal.timeout(giveBackMs) }
  try {
    const input = { colonyname: place.colonyname, timeout: -1, assignid }
    const process = await client.waitForProcess(input, options)
    if (process) await client.unassign({ processid: process.processid, attempt: process.attempt }, options)
  } catch (error) {
    report(`Whether a process was assigned at the last moment is not known: ${messageOf(error)}`)
  }
}
