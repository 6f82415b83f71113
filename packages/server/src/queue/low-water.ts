import type { Claimed, ClaimShape } from '@colonies/database'

/** Only claims that take longer are worth the trouble, and only when one after the other does: a machine may be busy for a moment. */
const SLOW_MS = 10
const SLOW_LOOKS = 2
/** Nanoseconds that a process may be stored later than its priority time says: others, later ones, may be claimed before it. */
const MARGIN_NS = 2_000_000_000n
/** How often all of the queue is looked at, at least. */
const ALL_MS = 1_000
/** When that stays slow, it has one of so many parts of the time. */
const ALL_PART = 20

/** So long after the last claim, marks are kept: where there is more to do than executors, nobody may wait between two claims. */
const KEPT_MS = 10_000
/** Shapes with a mark of their own; claims of more look at all of the queue. */
const SHAPES_MAX = 50
/** Executors of one shape with a mark of their own; more begin anew. */
const NAMES_MAX = 10_000
const LOWEST = -(2n ** 63n)

/** For claims of one shape. */
interface Mark {
  readonly shape: ClaimShape
  from: bigint | undefined
  /**
   * From where processes that want an executor by name are left, for each for whom all was looked at once. An executor may be
   * busy for longer than others, and leaves what wants it behind.
   */
  readonly byName: Map<string, bigint>
  /** None of these is higher. */
  highest: bigint
  /** When all of the queue was looked at last. */
  allAtMs: number
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
   * @param claim gets the priority time from which it is to look; undefined: at all of the queue
   */
  async claim(
    shape: ClaimShape,
    { names, looksAtAll }: { names: readonly string[]; looksAtAll: boolean },
    claim: (from: bigint | undefined) => Promise<Claimed[]>,
  ): Promise<Claimed[]> {
    const begunMs = this.#nowMs()
    const mark = this.#marks.find((one) => sameShape(one.shape, shape)) ?? this.#newMark(shape)
    const from = looksAtAll ? undefined : startOf(mark, names, begunMs)
    this.#fallenTo = undefined
    const claimed = await claim(from)
    this.#usedAtMs = this.#nowMs()
    if (from === undefined) lookedAtAll(mark, begunMs, this.#usedAtMs)
    // What is given again was not looked for in the queue.
    const fresh = claimed.filter(({ again }) => !again)
    rise(mark, fresh)
    // While claims are quick, all of the queue is looked at for everybody.
    if (mark.slow === 0) mark.byName.clear()
    else riseByName(mark, sharesOf(names, claimed), { ofAll: markAfter(fresh), isAll: from === undefined })
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
    const never = { allAtMs: Number.NEGATIVE_INFINITY, restMs: 0, slow: 0, isAllDue: false }
    const mark = { shape, from: undefined, byName: new Map(), highest: LOWEST, ...never }
    this.#marks = [mark, ...this.#marks.slice(0, SHAPES_MAX - 1)]
    return mark
  }

  #fall(): void {
    const to = this.#fallenTo
    if (to === undefined) return
    for (const mark of this.#marks) {
      if (mark.from !== undefined) mark.from = least(mark.from, to)
      if (mark.highest <= to) continue
      for (const [name, from] of mark.byName) if (from > to) mark.byName.set(name, to)
      mark.highest = to
    }
  }
}

function startOf(mark: Mark, names: readonly string[], nowMs: number): bigint | undefined {
  const { from, byName, allAtMs, restMs, slow, isAllDue } = mark
  if (slow < SLOW_LOOKS) return undefined
  const isDue = isAllDue || names.some((name) => !byName.has(name))
  if (nowMs - allAtMs >= Math.max(isDue ? 0 : ALL_MS, restMs) || from === undefined) return undefined
  return names.reduce((first, name) => least(byName.get(name), first), from)
}

/**
 * Why a look was slow is not known. A database that was busy or away for a moment must not hide for long what was released, so
 * the rest only grows when the look after it is slow again: it is about as long as looks have been slow.
 */
function lookedAtAll(mark: Mark, begunMs: number, endedMs: number): void {
  const tookMs = endedMs - begunMs
  const hasRested = begunMs - mark.allAtMs >= mark.restMs
  const grownMs = Math.max(ALL_MS, hasRested ? mark.restMs * 2 : mark.restMs)
  mark.slow = tookMs < SLOW_MS ? 0 : mark.slow + 1
  mark.restMs = mark.slow < SLOW_LOOKS ? 0 : Math.min(grownMs, tookMs * ALL_PART)
  mark.allAtMs = endedMs
  mark.isAllDue = false
}

/** All that fit and came before the last that was claimed are taken. */
function rise(mark: Mark, claimed: readonly Claimed[]): void {
  const to = markAfter(claimed)
  if (to !== undefined && (mark.from === undefined || to > mark.from)) mark.from = to
}

interface Share {
  /** How many processes it asked for. */
  asked: number
  /** Those that it got by its name. */
  own: Claimed[]
}

/**
 * For an executor that got fewer by its name than it had asked for, all of these are taken that came before the last one of the
 * claim; for others, those before the last of its own.
 *
 * @param shares without what was given again, as it was not looked for in the queue
 */
function riseByName(mark: Mark, shares: ReadonlyMap<string, Share>, to: { ofAll: bigint | undefined; isAll: boolean }) {
  const { byName } = mark
  if (byName.size > NAMES_MAX) byName.clear()
  for (const [name, { asked, own }] of shares) {
    const before = byName.get(name)
    if (!to.isAll && before === undefined) continue // nobody knows what was left for it before
    const after = (own.length < asked ? to.ofAll : markAfter(own)) ?? mark.from ?? LOWEST
    if (before === undefined || after > before) byName.set(name, after)
    if (after > mark.highest) mark.highest = after
  }
}

function sharesOf(names: readonly string[], claimed: readonly Claimed[]): Map<string, Share> {
  const again = new Set(claimed.flatMap((one) => (one.again ? one.place : [])))
  const shares = new Map<string, Share>()
  for (const [place, name] of names.entries()) {
    if (again.has(place)) continue
    const share = shares.get(name) ?? { asked: 0, own: [] }
    share.asked += 1
    shares.set(name, share)
  }
  for (const one of claimed) if (one.named && !one.again) shares.get(names[one.place] ?? '')?.own.push(one)
  return shares
}

/** @returns a little before the last of them */
function markAfter(claimed: readonly Pick<Claimed, 'priority_time'>[]): bigint | undefined {
  let last: bigint | undefined
  for (const { priority_time } of claimed) if (last === undefined || priority_time > last) last = priority_time
  return last === undefined ? undefined : last - MARGIN_NS
}

function least(one: bigint | undefined, other: bigint): bigint {
  return one !== undefined && one < other ? one : other
}

export function sameShape(a: ClaimShape, b: ClaimShape): boolean {
  return a.location === b.location && a.cpu === b.cpu && a.memory === b.memory
}
