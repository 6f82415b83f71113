/** So many are worth a statement of their own. */
const ENOUGH = 8
/** Nobody waits longer for others. */
const WAIT_MS_MAX = 8
/** Whoever was answered so long ago, and has not asked again, is not expected. */
const EXPECTED_MS = 30
/** Of more, each begins anew. */
const PACES_MAX = 10_000

/**
 * When the next statement of a line of calls is sent. To PostgreSQL a statement costs as much as six of its rows, and those who were
 * answered together a moment ago ask again at about the same time. So a statement for few of them waits for the others, at most as
 * long as the one before took. A client that asks one thing after the other waits for nobody, and where a line was idle nobody waits.
 */
export class Pace {
  #begunMs = 0
  #endedMs = Number.NEGATIVE_INFINITY
  #tookMs = 0
  /** That the last statement was for. */
  #count = 0
  #go: (() => void) | undefined

  /** Resolves when the next statement is to be sent. @param count that wait for it; `came` tells of more */
  async gathered(count: number): Promise<void> {
    const waitMs = this.#waitMs(count)
    if (waitMs === 0) return
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#go = resolve
      timer = setTimeout(resolve, waitMs)
    })
    clearTimeout(timer)
    this.#go = undefined
  }

  #waitMs(count: number): number {
    if (this.#count < 2 || count >= ENOUGH || performance.now() - this.#endedMs > EXPECTED_MS) return 0
    return Math.min(WAIT_MS_MAX, Math.floor(this.#tookMs))
  }

  /** There are now so many that wait. */
  came(count: number): void {
    if (count >= ENOUGH) this.#go?.()
  }

  begin(count: number): void {
    this.#count = count
    this.#begunMs = performance.now()
  }

  end(): void {
    this.#endedMs = performance.now()
    this.#tookMs = this.#endedMs - this.#begunMs
  }
}

/** One for each line, also while nobody is in it. */
export class Paces<Key> {
  readonly #paces = new Map<Key, Pace>()

  of(key: Key): Pace {
    let pace = this.#paces.get(key)
    if (!pace) {
      if (this.#paces.size >= PACES_MAX) this.#paces.clear()
      pace = new Pace()
      this.#paces.set(key, pace)
    }
    return pace
  }
}
