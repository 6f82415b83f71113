/** After so many times without it, it is not expected any more. */
const TIMES = 20

/** What happened lately is expected to happen again, for a while. */
export class Expectation {
  #left = 0

  get isThere(): boolean {
    return this.#left > 0
  }

  note(happened: boolean): void {
    this.#left = happened ? TIMES : Math.max(0, this.#left - 1)
  }
}
