import type { Claimed, ClaimShape } from '@colonies/database'

/** Only claims that take longer are worth the trouble. */
const SLOW_MS = 10
/** Nanoseconds that a process may be stored later than its priority time says: others, later ones, may be claimed before it. */
const MARGIN_NS = 2_000_000_000n
/** How often all of the queue is looked at, at least. */
const ALL_MS = 1_000
/** When that stays slow, it has one of so many parts of the time. */
const ALL_PART = 20

/**
 * From where claims of a queue look at it. While somebody holds an old snapshot, rows that were claimed since then stay in the
 * index, in front of all that wait, and each claim would walk over them. What was claimed tells how far they reach.
 *
 * It is a hint: what lies before it (it was released, or became ready on another replica) is found when all of the queue is
 * looked at again. Nothing of this happens while claims are quick.
 */
export class LowWater {
  readonly #nowMs: () => number
  #shape: ClaimShape | undefined
  #from: bigint | undefined
  /** What became ready during a claim that may not have seen it. */
  #fallenTo: bigint | undefined
  #allAtMs = Number.NEGATIVE_INFINITY
  /** How long all of the queue is not looked at again; 0 while that is quick. */
  #restMs = 0
  #isAllDue = false

  constructor(nowMs = () => performance.now()) {
    this.#nowMs = nowMs
  }

  /**
   * Runs one claim; no second one may run beside it.
   *
   * @param claim gets the priority time from which it is to look; undefined: at all of the queue
   */
  async claim(
    shape: ClaimShape,
    looksAtAll: boolean,
    claim: (from: bigint | undefined) => Promise<Claimed[]>,
  ): Promise<Claimed[]> {
    const begun = this.#nowMs()
    const from = looksAtAll || !this.#shape || !sameShape(shape, this.#shape) ? undefined : this.#start(begun)
    this.#fallenTo = undefined
    const claimed = await claim(from)
    if (from === undefined) {
      if (!this.#shape || !sameShape(shape, this.#shape)) this.#from = undefined
      this.#shape = shape
      this.#lookedAtAll(begun)
    }
    this.#riseTo(claimed)
    return claimed
  }

  /** Something became ready. @param from its priority time; undefined where that is not known */
  fallTo(from: bigint | undefined): void {
    if (from === undefined) {
      this.#isAllDue = true
      return
    }
    this.#fallenTo = least(this.#fallenTo, from)
    this.#fall()
  }

  #start(nowMs: number): bigint | undefined {
    if (this.#restMs === 0) return undefined
    const restMs = Math.max(this.#isAllDue ? 0 : ALL_MS, this.#restMs)
    return nowMs - this.#allAtMs < restMs ? this.#from : undefined
  }

  /**
   * Why a look was slow is not known. A database that was busy or away for a moment must not hide for long what was released, so
   * the rest only grows when the look after it is slow again: it is about as long as looks have been slow.
   */
  #lookedAtAll(begunMs: number): void {
    const hasRested = begunMs - this.#allAtMs >= this.#restMs
    const grownMs = Math.max(ALL_MS, hasRested ? this.#restMs * 2 : this.#restMs)
    this.#allAtMs = this.#nowMs()
    this.#isAllDue = false
    const tookMs = this.#allAtMs - begunMs
    this.#restMs = tookMs < SLOW_MS ? 0 : Math.min(grownMs, tookMs * ALL_PART)
  }

  /** All that fit and came before the last that was claimed are taken. */
  #riseTo(claimed: readonly Claimed[]): void {
    for (const { priority_time } of claimed) {
      const to = priority_time - MARGIN_NS
      if (this.#from === undefined || to > this.#from) this.#from = to
    }
    this.#fall()
  }

  #fall(): void {
    if (this.#from !== undefined && this.#fallenTo !== undefined) this.#from = least(this.#from, this.#fallenTo)
  }
}

function least(one: bigint | undefined, other: bigint): bigint {
  return one !== undefined && one < other ? one : other
}

export function sameShape(a: ClaimShape, b: ClaimShape): boolean {
  return a.location === b.location && a.cpu === b.cpu && a.memory === b.memory
}
