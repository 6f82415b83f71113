/** So many are worth a statement of their own, whoever else may come. Nobody has to count further. */
export const ENOUGH = 12
/** Of more callers than that it is half: one half is answered while the other one asks. But half of few is not enough. */
const HALF_MIN = 8
/** With fewer callers, those who wait and those who may come, no statement gets large, whoever waits. */
const CROWD_MIN = 12
/** The same where other replicas use the same database: it pays for the statements of all of them. */
const CROWD_MIN_OF_SEVERAL = 6
/** A wait is at most so many times what the last statement took: those who were answered by it need some time to come back. */
const PATIENCE = 2
/** Nobody waits longer for others. */
const WAIT_MS_MAX = 8
/** Whoever was answered so long ago, or up to twice as long, and has not asked again, is not expected. */
const EXPECTED_MS = 20
/** Of more, each begins anew. */
const PACES_MAX = 10_000

/**
 * When the next statement of a line of calls is sent. To PostgreSQL a statement costs as much as six of its rows, and those who were
 * answered a moment ago ask again soon. So a statement for few waits for them, at most twice as long as the one before took, and no longer
 * than until all are there, or half of a larger crowd. Where callers are few altogether, nobody waits: it would cost them time, and
 * hardly make a statement larger.
 */
export class Pace {
  /** This replica is the only one. */
  readonly #isAlone: () => boolean
  #begunMs = 0
  #tookMs = 0
  /** Who was answered and has not asked again: lately, and in the time before that. */
  #lately = 0
  #before = 0
  #latelySinceMs = Number.NEGATIVE_INFINITY
  #go: (() => void) | undefined

  constructor(isAlone: () => boolean) {
    this.#isAlone = isAlone
  }

  /** Resolves when the next statement is to be sent. @param count that wait for it; `came` tells of more */
  async gathered(count: number): Promise<void> {
    const waitMs = Math.min(WAIT_MS_MAX, Math.floor(PATIENCE * this.#tookMs))
    if (waitMs === 0 || this.#isComplete(count)) return
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#go = resolve
      timer = setTimeout(resolve, waitMs)
    })
    clearTimeout(timer)
    this.#go = undefined
  }

  /** Whether nobody is to be waited for. */
  #isComplete(count: number): boolean {
    if (count >= ENOUGH) return true
    this.#forget(performance.now())
    const callers = count + this.#lately + this.#before
    if (callers === count || callers < (this.#isAlone() ? CROWD_MIN : CROWD_MIN_OF_SEVERAL)) return true
    return callers > ENOUGH && count >= Math.max(HALF_MIN, callers / 2)
  }

  /** Somebody has asked. @param count that wait now; `of` them are new: one call may be for several */
  came(count: number, of = 1): void {
    const lately = Math.max(0, of - this.#before)
    this.#before = Math.max(0, this.#before - of)
    this.#lately = Math.max(0, this.#lately - lately)
    if (this.#go && this.#isComplete(count)) this.#go()
  }

  /** Who waits now is not to wait any longer. */
  hurry(): void {
    this.#go?.()
  }

  begin(): void {
    this.#begunMs = performance.now()
  }

  /** @param answered that may ask again */
  end(answered: number): void {
    const nowMs = performance.now()
    this.#tookMs = nowMs - this.#begunMs
    this.#forget(nowMs)
    this.#lately += answered
  }

  #forget(nowMs: number): void {
    const elapsedMs = nowMs - this.#latelySinceMs
    if (elapsedMs < EXPECTED_MS) return
    this.#before = elapsedMs < 2 * EXPECTED_MS ? this.#lately : 0
    this.#lately = 0
    this.#latelySinceMs = nowMs
  }
}

/** One for each line, also while nobody is in it. */
export class Paces<Key> {
  readonly #isAlone: () => boolean
  readonly #paces = new Map<Key, Pace>()

  /** @param isAlone whether no other replica is known */
  constructor(isAlone: () => boolean) {
    this.#isAlone = isAlone
  }

  of(key: Key): Pace {
    let pace = this.#paces.get(key)
    if (!pace) {
      if (this.#paces.size >= PACES_MAX) this.#paces.clear()
      pace = new Pace(this.#isAlone)
      this.#paces.set(key, pace)
    }
    return pace
  }
}
