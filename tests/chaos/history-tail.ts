import { type FileHandle, open } from 'node:fs/promises'
import type { History } from './history.js'
import type { Stage } from './scenario.js'

const LOOK_MS = 250
const LINE_END = 10

/** Takes over what another process writes into its history, while it writes. */
export class HistoryTail {
  readonly #history: History
  readonly #file: string
  readonly #timer: NodeJS.Timeout
  #handle: FileHandle | undefined
  #place = 0
  #last: Promise<void> = Promise.resolve()
  #stopped: Promise<void> | undefined

  /** Until it is stopped, or the stage ends. */
  constructor(stage: Stage, history: History, file: string) {
    this.#history = history
    this.#file = file
    this.#timer = setInterval(() => void this.#look(), LOOK_MS)
    stage.atEnd(() => this.stop())
  }

  /** Takes over what is left. A last line that was cut, where the process was killed, is not a record. */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#end())
  }

  async #end(): Promise<void> {
    clearInterval(this.#timer)
    await this.#look()
    await this.#handle?.close()
  }

  /** One look after the other, and none is cut short by the end. */
  #look(): Promise<void> {
    this.#last = this.#last.then(() => this.#read())
    return this.#last
  }

  async #read(): Promise<void> {
    // Made by whichever of the two comes first.
    this.#handle ??= await open(this.#file, 'a+')
    const { size } = await this.#handle.stat()
    if (size <= this.#place) return
    const { buffer, bytesRead } = await this.#handle.read(Buffer.alloc(size - this.#place), 0, undefined, this.#place)
    const whole = buffer.subarray(0, buffer.lastIndexOf(LINE_END, bytesRead - 1) + 1)
    this.#place += whole.length
    this.#history.addLines(whole.toString())
  }
}
