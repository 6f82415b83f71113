/** For so many turns, at most, requests wait for those who are about to connect. Not a time: a starved replica has few turns in it. */
const TURNS_MAX = 100
/** Requests that are let in within one turn. */
const LET_IN_MAX = 200

/**
 * Lets in who connects before those who are connected are answered.
 *
 * Node takes one new connection from the system in each turn of its event loop (libuv 1.45 and later). A busy replica answers a
 * hundred requests in a turn, so whoever comes from a replica that died would wait a hundred such turns: seconds. While
 * connections come, requests are read and put aside; turns are short then, and soon nobody is left outside. Those that were put aside
 * are let in by portions: a thousand at once would be a turn of a third of a second, and more than a replica takes.
 *
 * @see https://github.com/libuv/libuv/pull/3696
 */
export class Arrivals {
  readonly #waiting: (() => void)[] = []
  /** For how many others have waited by now; undefined while nobody comes. */
  #turns: number | undefined
  #came = false

  /** Somebody has connected; others may stand behind. */
  came(): void {
    this.#came = true
    if (this.#turns !== undefined) return
    this.#turns = 0
    setImmediate(() => this.#look())
  }

  /** Does it at once, or as soon as nobody is about to connect. */
  after(work: () => void): void {
    if (this.#turns === undefined) work()
    else this.#waiting.push(work)
  }

  /** Once in each turn, after the system was asked for what is new. */
  #look(): void {
    if (this.#came && this.#turns !== undefined && this.#turns < TURNS_MAX) {
      this.#came = false
      this.#turns += 1
      setImmediate(() => this.#look())
      return
    }
    const letIn = this.#waiting.splice(0, LET_IN_MAX)
    if (this.#waiting.length > 0) {
      this.#turns = 0
      setImmediate(() => this.#look())
    } else this.#turns = undefined
    this.#came = false
    for (const work of letIn) work()
  }
}
