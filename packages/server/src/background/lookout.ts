import { type Agenda, LEASE_SECONDS, readAgenda } from '@colonies/database'
import type { Activity } from '../activity.js'
import { Alarm, type Loop, type LoopContext } from './loop.js'

/** From one look to the next. Crons and generators look as far ahead. */
export const LOOK_MS = 1_000
/** With an answer that takes longer there is much to look through, or the database is busy or away. */
const SLOW_MS = 50
const REST_MS_MAX = 10_000
/** From one look to the next while the replica is quiet and nothing comes before. */
const QUIET_MS = 4_000
/** So far ahead it looks then: a rest may be a tenth longer than said, and an answer takes its time. */
const AHEAD_MS = 5_000

/**
 * Looks for several loops at once whether there is anything to do, and calls those that have something: on an idle server a
 * statement costs what it costs to send it, so one takes the place of many.
 *
 * Only a look that was answered quickly lets loops rest. As soon as one is late or fails they are called, and each comes by its
 * own period until one is quick again. So nothing is found later than if each loop looked for itself.
 *
 * In a quiet replica it looks further ahead, and more seldom as long as nothing comes within that time. Whoever changes something is
 * not quiet and looks for itself. So only what a replica did that died at once, before another one heard of it, is found later.
 */
export class Lookout implements Loop {
  readonly name = 'lookout'
  readonly everyMs = LOOK_MS
  readonly #watched: { what: keyof Agenda; alarm: Alarm }[] = []
  readonly #activity: Pick<Activity, 'isQuiet'>
  #isQuick = false
  /** Within `AHEAD_MS`, unless somebody changes something. */
  #nothingComes = false

  constructor(activity: Pick<Activity, 'isQuiet'>) {
    this.#activity = activity
  }

  /** @returns the loop, which is called when there is something for it */
  watch(what: keyof Agenda, loop: Loop): Loop {
    const alarm = loop.alarm ?? new Alarm()
    this.#watched.push({ what, alarm })
    return { ...loop, alarm, isWatched: () => this.#isQuick }
  }

  get quietMs(): number | undefined {
    return this.#isQuick && this.#nothingComes ? QUIET_MS : undefined
  }

  /** It comes each second as long as others rely on it, and seldom when it has to look through much. */
  get restMsMax(): number {
    return this.#isQuick ? LOOK_MS : REST_MS_MAX
  }

  async runOnce({ db }: Pick<LoopContext, 'db'>): Promise<'rest'> {
    const begunMs = performance.now()
    const aheadMs = this.#activity.isQuiet ? AHEAD_MS : 0
    const late = setTimeout(() => this.#leaveItToThem(), SLOW_MS)
    try {
      const agenda = await readAgenda(db, { withinMs: LOOK_MS, silentSeconds: LEASE_SECONDS, aheadMs })
      const called = this.#watched.filter(({ what }) => agenda[what])
      for (const { alarm } of called) alarm.ring()
      this.#nothingComes = aheadMs > 0 && called.length === 0
      if (performance.now() - begunMs < SLOW_MS) this.#isQuick = true
      else this.#leaveItToThem()
    } catch (error) {
      this.#leaveItToThem()
      throw error
    } finally {
      clearTimeout(late)
    }
    return 'rest'
  }

  #leaveItToThem(): void {
    if (!this.#isQuick) return
    this.#isQuick = false
    for (const { alarm } of this.#watched) alarm.ring()
  }
}
