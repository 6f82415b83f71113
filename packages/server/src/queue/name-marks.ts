import type { Claimed } from '@colonies/database'

/** Executors with a mark of their own; more begin anew. */
const NAMES_MAX = 10_000
/** How often all that wants an executor by name is looked at, at least, when it asks. */
const ALL_MS = 1_000
/** Nanoseconds that a process may be stored later than its priority time says: others, later ones, may be claimed before it. */
const MARGIN_NS = 2_000_000_000n
export const LOWEST = -(2n ** 63n)

/** What one executor asked for in a claim, and what it got by its name. */
interface Share {
  asked: number
  own: Claimed[]
}

/**
 * From where processes that want an executor by name are left, for each executor: it may be busy for longer than others, and leaves
 * what wants it behind.
 */
export class NameMarks {
  readonly #marks = new Map<string, { from: bigint; allAtMs: number }>()
  /** None is higher. */
  #highest = LOWEST

  /** @returns from where to look for what wants an executor, LOWEST for everywhere */
  from(name: string, nowMs: number): bigint {
    const mark = this.#marks.get(name)
    return mark && nowMs - mark.allAtMs < ALL_MS ? mark.from : LOWEST
  }

  /** After a claim: for whom less was there than was asked for, all is taken up to the last of the claim. */
  rise(
    names: readonly string[],
    claimed: readonly Claimed[],
    { begunMs, isAll }: { begunMs: number; isAll: boolean },
  ): void {
    if (this.#marks.size > NAMES_MAX) this.clear()
    const ofAll = markAfter(claimed)
    for (const [name, { asked, own }] of sharesOf(names, claimed)) {
      const before = this.#marks.get(name)
      const looked = isAll || this.from(name, begunMs) === LOWEST
      const left = own.length < asked ? highest(before?.from, ofAll) : markAfter(own)
      const from = left ?? LOWEST
      this.#marks.set(name, { from, allAtMs: looked || !before ? begunMs : before.allAtMs })
      if (from > this.#highest) this.#highest = from
    }
  }

  fallTo(to: bigint): void {
    if (this.#highest <= to) return
    for (const mark of this.#marks.values()) if (mark.from > to) mark.from = to
    this.#highest = to
  }

  clear(): void {
    this.#marks.clear()
    this.#highest = LOWEST
  }
}

/** @returns a little before the last of these; undefined when what was given again is all there is: it was not looked for */
export function markAfter(claimed: readonly Claimed[]): bigint | undefined {
  let last: bigint | undefined
  for (const { priority_time, again } of claimed) {
    if (!again && (last === undefined || priority_time > last)) last = priority_time
  }
  return last === undefined ? undefined : last - MARGIN_NS
}

/** Without those that were given something again, as nothing was looked for on their behalf. */
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

function highest(one: bigint | undefined, other: bigint | undefined): bigint | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return one > other ? one : other
}
