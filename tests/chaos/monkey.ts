import { between, pick, type Random } from './random.js'

/** One way to break something. It is whole again, or will be by itself, when `strike` returns. */
export interface Blow {
  readonly name: string
  /** How often it comes, against the others; 1 when left out. */
  readonly weight?: number
  /** @returns when it began, by `nowMs`; undefined when there was nothing to break */
  strike(random: Random): Promise<number | undefined>
}

export interface Struck {
  readonly name: string
  readonly at: number
}

export interface MonkeyOptions {
  readonly random: Random
  readonly blows: readonly Blow[]
  /** Random between these. */
  readonly pauseMs: readonly [least: number, most: number]
  /** @returns whether it has done enough */
  until(struck: readonly Struck[]): boolean
  /** Hears of each blow. */
  note?(struck: Struck): void
}

// sleeps: not by itself; each caller gives its reason, as here
export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/**
 * Breaks one thing after the other. The same seed gives the same blows after the same pauses; what the system is doing at that
 * moment is not repeated.
 */
export async function monkey({ random, blows, pauseMs, until, note }: MonkeyOptions): Promise<Struck[]> {
  const struck: Struck[] = []
  const drawn = blows.flatMap((blow) => Array<Blow>(blow.weight ?? 1).fill(blow))
  while (!until(struck)) {
    // sleeps: faults at random moments are what all this is about
    await pause(between(random, pauseMs))
    const blow = pick(random, drawn)
    const at = await blow?.strike(random)
    if (!blow || at === undefined) continue
    struck.push({ name: blow.name, at })
    note?.({ name: blow.name, at })
  }
  return struck
}
