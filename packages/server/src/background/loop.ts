import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '@colonies/database'
import type { Activity } from '../activity.js'
import type { Replica } from '../handler.js'
import type { Log } from '../log.js'

/** What a run of a loop may use. */
export interface LoopContext {
  readonly db: Db
  readonly replica: Replica
  readonly log: Log
  /** Aborted when the replica stops: a long run ends early, after the batch that it is in. */
  readonly signal: AbortSignal
}

/** Work that comes back. Safe on any number of replicas at once, and to be killed at any line. */
export interface Loop {
  readonly name: string
  readonly everyMs: number
  /**
   * From one run to the next while the replica is quiet; as always when left out. When somebody comes, it runs within a second, or
   * within `everyMs` if that is less.
   */
  readonly quietMs?: number | undefined
  /**
   * For a loop that may have to look through much to find little: it rests 50 times as long as its last run took, up to this
   * from the beginning of one run to the next.
   * While somebody holds an old snapshot, indexes grow, and loops would take the database from those who work.
   */
  readonly restMsMax?: number
  /** Ends the rest between two runs early. */
  readonly alarm?: Alarm
  /** Whether somebody looks for it at present and rings the alarm; as long as that is so, it need not look for itself. */
  readonly isWatched?: () => boolean
  /** One bounded piece of work. @returns `again` when there is more to do at once */
  runOnce(context: LoopContext): Promise<'again' | 'rest'>
}

/** Calls a loop back from its rest, for those who know that there is something to do. */
export class Alarm {
  #rung = false
  #wake: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined

  /** While the loop runs, this makes it run once more. */
  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  /** The last call counts. */
  ringIn(milliseconds: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.ring(), milliseconds).unref()
  }

  /** Resolves after this time, or when the alarm rings, or when the signal is aborted. */
  async rest(milliseconds: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController()
    const wake = () => woken.abort()
    this.#wake = wake
    signal.addEventListener('abort', wake)
    if (!this.#rung && !signal.aborted) await pause(milliseconds, woken.signal)
    signal.removeEventListener('abort', wake)
    this.#wake = undefined
    this.#rung = false
  }
}

/** Longest pause after failures: so long after the database is back, at most, deadlines, crons and readiness are late. */
const BACKOFF_MS_MAX = 1_000
/** A loop that is watched looks for itself as seldom: that somebody looks for it makes it cheap, this makes it sure. */
const WATCHED_MS = 30_000
/** Within so long, loops that rest in quiet are back when somebody comes. */
const ROUSED_MS = 1_000
/** How long `stop` waits for runs that do not look at their signal. */
const STOP_MS_MAX = 1_000

/**
 * Runs loops side by side until they are stopped; each one never overlaps itself. A run that throws is logged and tried
 * again, with growing pauses while it keeps failing; only the first failure of a row is logged, and the recovery.
 *
 * @param activity tells when loops may rest for longer; never when left out
 * @returns stops them all: resolves when the last run has ended, at the latest after a second
 */
export function runLoops(
  loops: readonly Loop[],
  context: Omit<LoopContext, 'signal'>,
  activity?: Pick<Activity, 'isQuiet' | 'follow'>,
): () => Promise<void> {
  const stopped = new AbortController()
  setMaxListeners(0, stopped.signal) // each loop that rests listens
  const all = Promise.all(loops.map((loop) => keepRunning(loop, { ...context, signal: stopped.signal }, activity)))
  return async () => {
    stopped.abort()
    await Promise.race([all, sleep(STOP_MS_MAX)])
  }
}

async function keepRunning(
  loop: Loop,
  context: LoopContext,
  activity: Pick<Activity, 'isQuiet' | 'follow'> | undefined,
): Promise<void> {
  const { log, signal } = context
  const alarm = loop.alarm ?? new Alarm()
  let failures = 0
  const rest = (milliseconds: number) =>
    failures === 0 ? alarm.rest(milliseconds, signal) : pause(milliseconds, signal)
  let restsInQuiet = false
  activity?.follow((isQuiet) => {
    // Random, so that replicas that hear of the same thing do not all knock at the same moment.
    if (restsInQuiet && !isQuiet) alarm.ringIn(Math.random() * Math.min(loop.everyMs, ROUSED_MS))
  })
  // Random, so that the loops of replicas started together do not all knock at the same moment.
  await rest(Math.random() * loop.everyMs)
  while (!signal.aborted) {
    let outcome: 'again' | 'rest' = 'rest'
    const begunMs = performance.now()
    try {
      outcome = await loop.runOnce(context)
      if (failures > 0) log.info('a loop works again', { loop: loop.name, failures })
      failures = 0
    } catch (error) {
      if (signal.aborted) return
      failures++
      if (failures === 1)
        log.error('a loop failed; it goes on, and is quiet until it works again', { loop: loop.name, error })
    }
    restsInQuiet = activity?.isQuiet === true && loop.quietMs !== undefined
    // A run that failed, as without a database, tells nothing of how much there is to look through.
    const restMs =
      failures > 0
        ? Math.max(loop.everyMs, backoffMs(failures))
        : restOf(loop, performance.now() - begunMs, restsInQuiet)
    await rest(outcome === 'again' ? 0 : restMs * (0.9 + Math.random() * 0.2))
  }
}

/** Of a loop with `restMsMax`: it has one of so many parts of the time. */
const PART = 50

/** @returns how long a loop rests after a run that took so long */
export function restOf(
  { everyMs, quietMs = everyMs, restMsMax = everyMs, isWatched }: Omit<Loop, 'name' | 'alarm' | 'runOnce'>,
  tookMs: number,
  isQuiet = false,
): number {
  if (isWatched?.()) return WATCHED_MS
  return Math.max(isQuiet ? quietMs : everyMs, Math.min(restMsMax - tookMs, tookMs * PART))
}

/** @returns how long a loop rests after so many failures in a row, even when it comes more often */
export function backoffMs(failures: number): number {
  return failures > 0 ? Math.min(BACKOFF_MS_MAX, 250 * 2 ** failures) : 0
}

/** Ends early when the loop is to stop. Even no time at all lets requests run in between. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {})
}
