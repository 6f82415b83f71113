import { DeniedError, eachAtOnce, jitteredMs } from '@colonies/client'
import { newId } from '@colonies/identity'
import { limits, type Process } from '@colonies/protocol'
import { HeldProcess, type HeldProcesses } from './held-process.js'
import { enterColony, type Place } from './registration.js'
import { messageOf, runProcess, type Workplace } from './run-process.js'

export interface Asking {
  readonly place: Place
  readonly workplace: Workplace
  readonly held: HeldProcesses
  /** A random id of this run of the program: what it gets is told apart from what others of the same identity hold. */
  readonly instanceid: string
  /** How many processes run at a time, and how many more are taken in advance. */
  readonly concurrency: number
  readonly prefetch: number
  /** undefined: what it has free does not matter. */
  readonly free: (() => { cpu?: string; mem?: string }) | undefined
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
  const { workplace, held, concurrency, prefetch } = asking
  // Half of what is taken in advance may be used up first, so that several are taken at once.
  const fewEnough = concurrency + Math.ceil(prefetch / 2)
  const { clock, report } = workplace
  // Kept until a process comes, also after an answer that there was none: should one have been assigned without anybody
  // hearing of it, the next request gets that.
  const newAssignId = () => `instance:${asking.instanceid}.${newId()}`
  let assignid = newAssignId()
  let count = 0
  for (let failures = 0; !signal.aborted; ) {
    await held.below(fewEnough)
    if (signal.aborted) return
    const askedAtMs = clock.now()
    try {
      count = roomOf(asking, held.count)
      const processes = await ask(asking, { assignid, timeout: pollSeconds, count, signal })
      // The stop has been through those that are held: these would wait until its time is over.
      if (signal.aborted) return giveBack(processes, asking)
      failures = 0
      if (processes.length > 0) {
        assignid = newAssignId()
        for (const process of processes) take(new HeldProcess(process), asking)
      } else if (clock.now() - askedAtMs < quickAnswerMs) await clock.pause(clock.random() * quickAnswerMs, signal)
    } catch (error) {
      if (signal.aborted) return giveBackUnanswered({ assignid, count }, asking)
      report(`Asking for a process failed: ${messageOf(error)}`)
      await recover(error, asking, failures++, signal)
    }
  }
}

interface Question {
  assignid: string
  /** Seconds; negative: answer at once. */
  timeout: number
  /** How many may come at most. */
  count: number
  signal: AbortSignal
}

async function ask({ place, workplace, free }: Asking, question: Question): Promise<Process[]> {
  const { assignid, timeout, count, signal } = question
  const { cpu = '', mem = '' } = free?.() ?? {}
  const input = { colonyname: place.colonyname, timeout, availablecpu: cpu, availablemem: mem, assignid }
  if (count > 1) return workplace.client.waitForProcesses({ ...input, count }, { signal })
  const process = await workplace.client.waitForProcess(input, { signal })
  return process ? [process] : []
}

/** Where each takes a part of what is free, they come one by one. */
function roomOf({ concurrency, prefetch, free }: Asking, heldCount: number): number {
  return free ? 1 : Math.min(concurrency + prefetch - heldCount, limits.assignBatchMax)
}

function take(held: HeldProcess, { workplace, held: all }: Asking): void {
  const { process } = held
  const ended = new AbortController()
  const after = (ms: number, act: () => void) => {
    workplace.clock.pause(ms, ended.signal).then(act, () => {}) // rejected: it ended before
  }
  // By the own clock since the arrival, so that it need not agree with the server's.
  const leaseMs = process.spec.maxexectime * 1_000
  if (leaseMs > 0 && leaseMs <= timerMsMax) {
    // Too little time would be left for its work, and a lease that ends counts as a retry. Given back, it has all of its time.
    after(leaseMs / 2, () => {
      if (!held.isStarted) held.stop()
    })
    after(leaseMs, () => held.lose('Its maxexectime is over.'))
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

/**
 * The server may have answered the request that was given up. What it gave goes back, so that nobody waits for a lease.
 *
 * @param lost is asked again for as many as before: where it got none, what is new comes, and goes back, too
 */
async function giveBackUnanswered(lost: Pick<Question, 'assignid' | 'count'>, asking: Asking): Promise<void> {
  try {
    const signal = AbortSignal.timeout(giveBackMs)
    await giveBack(await ask(asking, { ...lost, timeout: -1, signal }), asking)
  } catch (error) {
    asking.workplace.report(`Whether a process was assigned at the last moment is not known: ${messageOf(error)}`)
  }
}

/** Never rejects. */
async function giveBack(processes: readonly Process[], { workplace }: Asking): Promise<void> {
  const { client, report } = workplace
  const signal = AbortSignal.timeout(giveBackMs)
  await eachAtOnce(processes, async ({ processid, attempt }) => {
    try {
      await client.unassign({ processid, attempt }, { signal })
    } catch (error) {
      report(`Process ${processid} could not be given back: ${messageOf(error)}`)
    }
  })
}
