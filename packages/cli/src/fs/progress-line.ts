import type { SyncProgress } from '@colonies/colonyfs'
import { formatBytes } from '../format-bytes.js'
import type { Io } from '../io.js'

const everyMs = 200
const everyMsWithoutTerminal = 10_000

/** Tells how far a long transfer is: on a terminal one line that changes, elsewhere a line now and then. */
export class ProgressLine {
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

  show(progress: SyncProgress): void {
    const terminal = this.#io.stderr.isTTY === true
    const now = this.#now()
    if (this.#quiet || now - this.#shownAt < (terminal ? everyMs : everyMsWithoutTerminal)) return
    this.#shownAt = now
    const { filesDone, filesTotal, bytesDone, bytesTotal } = progress
    const rate = bytesDone / ((now - this.#beganAt) / 1000)
    const text = `${filesDone} of ${filesTotal} files, ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}, ${formatBytes(rate)}/s`
    this.#io.stderr.write(terminal ? `\r\u001b[K${text}` : `${text}\n`)
  }

  /** For one file of so many bytes. @returns takes the bytes of each piece that was moved */
  ofFile(bytesTotal: number): (bytes: number) => void {
    let bytesDone = 0
    return (bytes) => {
      bytesDone += bytes
      this.show({ filesDone: 0, filesTotal: 1, bytesDone, bytesTotal })
    }
  }

  /** Takes the line away. */
  end(): void {
    if (!this.#quiet && this.#io.stderr.isTTY === true) this.#io.stderr.write('\r\u001b[K')
  }
}
