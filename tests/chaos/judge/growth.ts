import { spreadOf } from './back.js'
import { type Fault, fault } from './fault.js'

/** One look at something that may not grow for ever. */
export interface Sample {
  /** Such as `heap of replica 1`. */
  readonly what: string
  readonly value: number
}

/** By which a value may be larger in the end than it was: a share, and so much that is noise. */
export interface Allowance {
  readonly share: number
  readonly noise: number
}

/** Of the looks, this share comes before everything is warm. */
const WARM_UP = 0.25

/**
 * What is larger at the end of a run than after its warm-up, beyond what is allowed: the median of its last quarter against
 * that of the quarter after the warm-up, since single looks jump.
 *
 * @param looks one after the other, at equal distances
 */
export function findGrowth(looks: readonly (readonly Sample[])[], allowanceOf: (what: string) => Allowance): Fault[] {
  const warm = looks.slice(Math.floor(looks.length * WARM_UP))
  const quarter = Math.max(1, Math.floor(looks.length * WARM_UP))
  const names = new Set(warm.flatMap((look) => look.map(({ what }) => what)))
  return [...names].flatMap((what) => {
    const values = warm.flatMap((look) => look.filter((one) => one.what === what).map(({ value }) => value))
    const [first, last] = [spreadOf(values.slice(0, quarter)).median, spreadOf(values.slice(-quarter)).median]
    const { share, noise } = allowanceOf(what)
    if (last <= first * (1 + share) + noise) return []
    return [fault(12, `${what} has grown from ${Math.round(first)} to ${Math.round(last)}`, values)]
  })
}
