import { type ColonyKey, coloniesWithDeadlines, coloniesWithOverdue, type Db, overdueAmong } from '@colonies/database'

/** Only looks that take longer are worth the trouble. */
const SLOW_MS = 25
/** How far back a quick look goes: further than from one run to the next. */
const QUICK_SECONDS = 15
/** With a longer pause since the last run, what passed meanwhile is looked for everywhere. */
const PAUSE_MS_MAX = 5_000
/** How often everything is looked at, at least. */
const ALL_MS = 10_000
/** When that is slow, it has one of so many parts of the time. */
const ALL_PART = 20
/** Colonies that a quick look goes through. */
const KNOWN_MAX = 1_000

/** What one look has found. */
export interface Overdue {
  colonies: ColonyKey[]
  /** How far back it went; undefined: to the beginning. */
  withinSeconds: number | undefined
}

/**
 * Where to look for processes whose deadline has passed. While somebody holds an old snapshot, rows that were closed since then
 * stay in the index, in front of all others, and each look would walk over them. Then most looks go back for some seconds
 * only, in the colonies that had deadlines a moment ago; what these miss, a look at everything finds. Nothing of this happens
 * while looks are quick.
 */
export class OverdueLooks {
  readonly #nowMs: () => number
  #known: ColonyKey[] = []
  #allMs = 0
  #allAtMs = Number.NEGATIVE_INFINITY
  #runAtMs = Number.NEGATIVE_INFINITY

  constructor(nowMs = () => performance.now()) {
    this.#nowMs = nowMs
  }

  async look(db: Db): Promise<Overdue> {
    const begunMs = this.#nowMs()
    const isQuick = this.#mayBeQuick(begunMs)
    const colonies = isQuick ? await overdueAmong(db, this.#known, QUICK_SECONDS) : await this.#lookAtAll(db, begunMs)
    this.#runAtMs = begunMs
    return { colonies, withinSeconds: isQuick ? QUICK_SECONDS : undefined }
  }

  #mayBeQuick(nowMs: number): boolean {
    const restMs = Math.max(ALL_MS, this.#allMs * ALL_PART)
    return this.#allMs >= SLOW_MS && nowMs - this.#runAtMs < PAUSE_MS_MAX && nowMs - this.#allAtMs < restMs
  }

  async #lookAtAll(db: Db, begunMs: number): Promise<ColonyKey[]> {
    const overdue = await coloniesWithOverdue(db)
    if (this.#nowMs() - begunMs >= SLOW_MS) this.#known = await coloniesWithDeadlines(db, KNOWN_MAX)
    this.#allAtMs = this.#nowMs()
    this.#allMs = this.#allAtMs - begunMs
    return overdue
  }
}
