/** After so long without a sign, and up to twice that, it is quiet. */
const QUIET_AFTER_MS = 10_000

/**
 * Whether somebody is there. While no request comes to a replica, it writes no events and hears of none, it is quiet: nobody waits
 * for what it looks up, so it looks more seldom. The first sign ends that.
 */
export class Activity {
  readonly #followers = new Set<(isQuiet: boolean) => void>()
  #isQuiet = false
  #timer: NodeJS.Timeout | undefined
  /** Since the timer was set. A mark and no time: there is a sign with each request. */
  #isTouched = false

  constructor() {
    this.#watch()
  }

  get isQuiet(): boolean {
    return this.#isQuiet
  }

  /** A sign that somebody is there. */
  touch(): void {
    this.#isTouched = true
    if (!this.#isQuiet) return
    this.#watch()
    this.#turn(false)
  }

  /** @param changed called each time it becomes quiet, and each time that ends */
  follow(changed: (isQuiet: boolean) => void): void {
    this.#followers.add(changed)
  }

  /** Nobody hears of changes any more. */
  close(): void {
    this.#followers.clear()
    clearTimeout(this.#timer)
  }

  #watch(): void {
    this.#timer = setTimeout(() => {
      if (this.#isTouched) this.#watch()
      else this.#turn(true)
      this.#isTouched = false
    }, QUIET_AFTER_MS).unref()
  }

  #turn(isQuiet: boolean): void {
    this.#isQuiet = isQuiet
    for (const changed of this.#followers) changed(isQuiet)
  }
}
