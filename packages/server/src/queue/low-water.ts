import type { Claimed, ClaimShape } from '@colonies/database'
import { markAfter, NameMarks } from './name-marks.js'

/** Only claims that take longer are worth the trouble, and only when one after the other does: a machine may be busy for a moment. */
const SLOW_MS = 10
const SLOW_LOOKS = 2
/** How often all of the queue is looked at, at least. */
const ALL_MS = 1_000
/** When that stays slow, it has one of so many parts of the time. */
const ALL_PART = 20

/** So long after the last claim, marks are kept: where there is more to do than executors, nobody may wait between two claims. */
const KEPT_MS = 10_000
/** Shapes with a mark of their own; claims of more look at all of the queue. */
const SHAPES_MAX = 50

/** For claims of one shape. */
interface Mark {
  readonly shape: ClaimShape
  from: bigint | undefined
  readonly names: NameMarks
  /** When all of the queue was looked at last. */
  allAtMs: number
  /** How long that took. */
  allTookMs: number
  /** How long it is not looked at again. */
  restMs: number
  /** Such looks that were slow, without a quick one between them. */
  slow: number
  isAllDue: boolean
}

/**
 * From where claims of a queue look at it. While somebody holds an old snapshot, rows that were claimed since then stay in the
 * index, in front of all that wait, and each claim would walk over them. What was claimed tells how far they reach.
 *
 * It is a hint: what lies before it (it became ready on another replica) is found when all of the queue is looked at again.
 * Nothing of this happens while claims are quick.
 */
export class LowWater {
  readonly #nowMs: () => number
  #marks: Mark[] = []
  /** What became ready during a claim that may not have seen it. */
  #fallenTo: bigint | undefined
  #usedAtMs = Number.NEGATIVE_INFINITY

  constructor(nowMs = () => performance.now()) {
    this.#nowMs = nowMs
  }

  /** Whether it would be missed: claims have been slow, a moment ago. */
  get isOfUse(): boolean {
    return this.#marks.some(({ slow }) => slow > 0) && this.#nowMs() - this.#usedAtMs < KEPT_MS
  }

  /**
   * Runs one claim; no second one may run beside it.
   *
   * @param names of the executors that claim, by their places
   * @param claim gets the priority time from which it is to look, undefined for all of the queue, and then also from where for what
   *   wants an executor by name
   */
  async claim(
    shape: ClaimShape,
    { names, looksAtAll }: { names: readonly string[]; looksAtAll: boolean },
    claim: (from: bigint | undefined, namedFrom: (name: string) => bigint) => Promise<Claimed[]>,
  ): Promise<Claimed[]> {
    const begunMs = this.#nowMs()
    const mark = this.#marks.find((one) => sameShape(one.shape, shape)) ?? this.#newMark(shape)
    const from = looksAtAll ? undefined : startOf(mark, begunMs)
    const isAll = from === undefined
    this.#fallenTo = undefined
    if (isAll) mark.isAllDue = false // what comes during this look may come too late for it
    const claimed = await claim(from, (name) => mark.names.from(name, begunMs)).catch((error: unknown) => {
      if (isAll) failedAtAll(mark, this.#nowMs())
      throw error
    })
    this.#usedAtMs = this.#nowMs()
    // Of PostgreSQL alone, where it tells: a replica that is busy itself makes no claim cheaper by looking at less.
    const tookMs = claimed[0]?.tookMs ?? this.#usedAtMs - begunMs
    if (isAll) lookedAtAll(mark, { begunMs, endedMs: this.#usedAtMs, tookMs })
    else if (tookMs > Math.max(SLOW_MS, 2 * mark.allTookMs)) mark.slow = 0 // it is not worth it
    moveMark(mark, claimed, { asked: names.length, isAll })
    // While claims are quick, all of the queue is looked at for everybody.
    if (mark.slow === 0) mark.names.clear()
    else mark.names.rise(names, claimed, { begunMs, isAll })
    this.#fall()
    return claimed
  }

  /** Something became ready. @param from its priority time; undefined where that is not known */
  fallTo(from: bigint | undefined): void {
    if (from === undefined) {
      for (const mark of this.#marks) mark.isAllDue = true
      return
    }
    this.#fallenTo = least(this.#fallenTo, from)
    this.#fall()
  }

  #newMark(shape: ClaimShape): Mark {
    const never = { allAtMs: Number.NEGATIVE_INFINITY, allTookMs: 0, restMs: 0, slow: 0, isAllDue: false }
    const mark = { shape, from: undefined, names: new NameMarks(), ...never }
    this.#marks = [mark, ...this.#marks.slice(0, SHAPES_MAX - 1)]
    return mark
  }

  #fall(): void {
    const to = this.#fallenTo
    if (to === undefined) return
    for (const mark of this.#marks) {
      if (mark.from !== undefined) mark.from = least(mark.from, to)
      mark.names.fallTo(to)
    }
  }
}

function startOf({ from, allAtMs, restMs, slow, isAllDue }: Mark, nowMs: number): bigint | undefined {
  if (slow < SLOW_LOOKS) return undefined
  return nowMs - allAtMs < Math.max(isAllDue ? 0 : ALL_MS, restMs) ? from : undefined
}

interface Look {
  begunMs: number
  endedMs: number
  /** Without what it waited for. */
  tookMs: number
}

/**
 * Why a look was slow is not known. A database that was busy or away for a moment must not hide for long what was released, so
 * the rest only grows when the look after it is slow again: it is about as long as looks have been slow.
 */
function lookedAtAll(mark: Mark, { begunMs, endedMs, tookMs }: Look): void {
  const hasRested = begunMs - mark.allAtMs >= mark.restMs
  const grownMs = Math.max(ALL_MS, hasRested ? mark.restMs * 2 : mark.restMs)
  mark.slow = tookMs < SLOW_MS ? 0 : mark.slow + 1
  mark.restMs = mark.slow < SLOW_LOOKS ? 0 : Math.min(grownMs, tookMs * ALL_PART)
  mark.allAtMs = endedMs
  mark.allTookMs = tookMs
}

/** Too slow for the time limit of a statement, perhaps: claims go on from the mark, where there is one. */
function failedAtAll(mark: Mark, nowMs: number): void {
  mark.isAllDue = true
  if (mark.slow >= SLOW_LOOKS) mark.allAtMs = nowMs
}

/**
 * All that fit and came before the last that was claimed are taken. When nobody has asked for more than there was, others are left
 * behind it, wherever that is; when somebody has, there are none before the mark either.
 */
function moveMark(mark: Mark, claimed: readonly Claimed[], { asked, isAll }: { asked: number; isAll: boolean }): void {
  const to = markAfter(claimed)
  if (to === undefined) return
  const isAllThere = claimed.length < asked && !claimed.some(({ more }) => more)
  const tellsOfQueue = isAll || claimed.some(({ named, again }) => !named && !again)
  if (mark.from === undefined || to > mark.from || (!isAllThere && tellsOfQueue)) mark.from = to
}

function least(one: bigint | undefined, other: bigint): bigint {
  return one !== undefined && one < other ? one : other
}

export function sameShape(a: ClaimShape, b: ClaimShape): boolean {
  return a.location === b.location && a.cpu === b.cpu && a.memory === b.memory
}
