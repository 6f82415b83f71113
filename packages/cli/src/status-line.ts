import type { Io } from './io.js'

const everyMs = 200
const everyMsWithoutTerminal = 10_000

/** Tells how far long work is: on a terminal one line that changes, elsewhere a line now and then. */
export class StatusLine {
  readonly #io: Io
  readonly #quiet: boolean
  readonly #now: () => number
  readonly #beganAt: number
  #shownAt: number

  /** @param now milliseconds; only differences mean something */
  constructor(io: Io, quiet: boolean, now = () => performance.now()) {
    this.#io = io
    this.#quiet = quiet
    this.#now = now
    this.#beganAt = now()
    this.#shownAt = this.#beganAt
  }

  /** Milliseconds since it was made. */
  get ms(): number {
    return this.#now() - this.#beganAt
  }

  /** @param describe is asked only when it is time for a new line; gets what `ms` says */
  show(describe: (ms: number) => string): void {
    const terminal = this.#io.stderr.isTTY === true
    const now = this.#now()
    if (this.#quiet || now - this.#shownAt < (terminal ? everyMs : everyMsWithoutTerminal)) return
    this.#shownAt = now
    const text = describe(this.ms)
    this.#io.stderr.write(terminal ? `\r\u001b[K${text}` : `${text}\n`)
  }

  /** Takes the line away. */
  end(): void {
    if (!this.#quiet && this.#io.stderr.isTTY === true) this.#io.stderr.write('\r\u001b[K')
  }
}
