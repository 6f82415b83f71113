import { type ColonyKey, coloniesWithOverdue, type Db } from '@colonies/database'

/** Only looks that take longer are worth the trouble. */
const SLOW_MS = 25
/** How far back a quick look goes: further than from one run to the next. */
const QUICK_SECONDS = 15
/** With a longer pause since the last run, what passed meanwhile is looked for everywhere. A run has looked at all, perhaps, and slowly. */
const PAUSE_MS_MAX = 12_000
/** How often everything is looked at, at least. */
const ALL_MS = 10_000
/** When that stays slow, it has one of so many parts of the time. */
const ALL_PART = 20

/** What one look has found. */
export interface Overdue {
  colonies: ColonyKey[]
  /** How far back it went; undefined: to the beginning. */
  withinSeconds: number | undefined
}

/**
 * Where to look for processes whose deadline has passed. While somebody holds an old snapshot, rows that were closed since then
 * stay in the index, in front of all others, and each look would walk over them. Then most looks go back for some seconds
 * only. What these miss (it was locked for longer, or the clock was set), a look at everything finds. Nothing of this happens
 * while looks are quick.
 */
export class OverdueLooks {
  readonly #nowMs: () => number
  /** Everything is not looked at again for so long; 0 while that is quick. */
  #restMs = 0
  #allAtMs = Number.NEGATIVE_INFINITY
  #begunMs = Number.NEGATIVE_INFINITY
  #isFinished = false

  constructor(nowMs = () => performance.now()) {
    this.#nowMs = nowMs
  }

  async look(db: Db): Promise<Overdue> {
    const begunMs = this.#nowMs()
    const withinSeconds = this.#mayBeQuick(begunMs) ? QUICK_SECONDS : undefined
    this.#isFinished = false
    const colonies = await coloniesWithOverdue(db, withinSeconds)
    if (withinSeconds === undefined) this.#lookedAtAll(begunMs)
    this.#begunMs = begunMs
    return { colonies, withinSeconds }
  }

  /** The run has come to its end. After one that has not (it failed, or left some for the next), everything is looked at. */
  finish(): void {
    this.#isFinished = true
  }

  #mayBeQuick(nowMs: number): boolean {
    return this.#isFinished && nowMs - this.#begunMs < PAUSE_MS_MAX && nowMs - this.#allAtMs < this.#restMs
  }

  /** As of claims (`low-water.ts`): one slow look may be a busy database, so the rest only grows while looks stay slow. */
  #lookedAtAll(begunMs: number): void {
    const endedMs = this.#nowMs()
    const tookMs = endedMs - begunMs
    const hasRested = begunMs - this.#allAtMs >= this.#restMs
    const grownMs = hasRested ? this.#restMs * 2 : this.#restMs
    this.#restMs = tookMs < SLOW_MS ? 0 : Math.max(ALL_MS, Math.min(grownMs, tookMs * ALL_PART))
    this.#allAtMs = endedMs
  }
}
