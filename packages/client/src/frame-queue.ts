import { ConnectionError } from './errors.js'

/** Frames that nobody has read yet; more, and the reader is too slow for ever. */
const waitingFramesMax = 10_000
/** The same for their characters on the wire. */
const waitingLengthMax = 64 * 1024 * 1024

interface Reader<Frame> {
  resolve(result: IteratorResult<Frame, undefined>): void
  reject(error: unknown): void
}

/** Hands what is pushed to whoever iterates, in order. An error comes after the frames before it, once. */
export class FrameQueue<Frame> implements AsyncIterableIterator<Frame, undefined> {
  readonly #frames: { frame: Frame; length: number }[] = []
  #waitingLength = 0
  readonly #readers: Reader<Frame>[] = []
  readonly #onEnd: () => void
  #ended = false
  #error: unknown

  /** @param onEnd called once, when either side has ended the queue */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd
  }

  get ended(): boolean {
    return this.#ended
  }

  /** @param length of its text; what a reader takes at once may have any */
  push(frame: Frame, length: number): void {
    if (this.#ended) return
    const reader = this.#readers.shift()
    if (reader) return reader.resolve({ done: false, value: frame })
    if (this.#frames.length === waitingFramesMax || this.#waitingLength > waitingLengthMax)
      return this.end(new ConnectionError('Frames came faster than read.'))
    this.#frames.push({ frame, length })
    this.#waitingLength += length
  }

  /** @param error undefined for an end in order */
  end(error?: unknown): void {
    if (this.#ended) return
    this.#ended = true
    const [first, ...others] = this.#readers.splice(0)
    if (first && error !== undefined) first.reject(error)
    else first?.resolve({ done: true, value: undefined })
    if (!first) this.#error = error
    for (const reader of others) reader.resolve({ done: true, value: undefined })
    this.#onEnd()
  }

  next(): Promise<IteratorResult<Frame, undefined>> {
    const waiting = this.#frames.shift()
    if (waiting) {
      this.#waitingLength -= waiting.length
      return Promise.resolve({ done: false, value: waiting.frame })
    }
    if (!this.#ended) return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }))
    const error = this.#error
    this.#error = undefined
    return error === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(error)
  }

  return(): Promise<IteratorResult<Frame, undefined>> {
    this.#frames.length = 0
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
