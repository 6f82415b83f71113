/** Characters of one message; what is logged while another message is on its way goes along with the next. */
const messageLengthMax = 64 * 1024
/** Characters that wait to be sent. A handler that logs faster than the network takes loses lines, not its memory. */
const waitingLengthMax = 8 * 1024 * 1024

/** Sends lines one message after another, so that they stay in order, and never fails. */
export class LogQueue {
  readonly #send: (message: string) => Promise<unknown>
  readonly #onError: (error: unknown) => void
  readonly #waiting: string[] = []
  #waitingLength = 0
  #dropped = 0
  #sending: Promise<void> | undefined

  constructor(send: (message: string) => Promise<unknown>, onError: (error: unknown) => void) {
    this.#send = send
    this.#onError = onError
  }

  /** @returns when the line is sent or lost; await it now and then in a handler that logs faster than the network takes */
  add(line: string): Promise<void> {
    if (this.#waitingLength + line.length > waitingLengthMax) this.#dropped++
    else this.#enqueue(line)
    this.#sending ??= this.#sendAll()
    return this.#sending
  }

  /** @returns when all that was added is sent or lost */
  async flush(): Promise<void> {
    await this.#sending
  }

  /** A server refuses messages that are too long, or that it cannot store. */
  #enqueue(line: string): void {
    for (let start = 0; start === 0 || start < line.length; start += messageLengthMax) {
      const part = line.slice(start, start + messageLengthMax).replaceAll('\0', '\ufffd')
      this.#waiting.push(part)
      this.#waitingLength += part.length
    }
  }

  async #sendAll(): Promise<void> {
    // Lines that are added in the same turn travel together.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      try {
        await this.#send(this.#takeMessage())
      } catch (error) {
        this.#onError(error)
      }
    }
    // In the same turn as the look at what waits: a line that comes later finds nobody sending.
    this.#sending = undefined
  }

  #takeMessage(): string {
    let length = 0
    const over = this.#waiting.findIndex((line, index) => {
      length += line.length + 1
      return index > 0 && length > messageLengthMax
    })
    const lines = this.#waiting.splice(0, over < 0 ? this.#waiting.length : over)
    for (const line of lines) this.#waitingLength -= line.length
    if (this.#dropped > 0 && this.#waiting.length === 0) {
      this.#enqueue(`(${this.#dropped} lines are missing here: they came faster than they could be sent)`)
      this.#dropped = 0
    }
    return lines.join('\n')
  }
}
