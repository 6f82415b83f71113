import { AbortedError, type Client, type Clock } from '@colonies/client'
import type { FunctionSpec, JsonValue, Process } from '@colonies/protocol'

type Input = Record<string, unknown>
type Answer = (input: Input) => unknown

/**
 * A client without a server behind it: it hands out the processes that a test puts in, and keeps what it is asked. For the
 * moments of an executor's life that a real server does not bring about on demand.
 */
export class FakeColony {
  readonly clock = new FakeClock()
  readonly client: Client
  /** All calls but those for processes, as `name` and input. */
  readonly calls: { name: string; input: Input }[] = []
  readonly assignids: unknown[] = []
  readonly reports: string[] = []
  readonly #queue: Process[] = []
  #tell: () => void = () => {}
  readonly #watchers: (() => void)[] = []

  /** @param answers what calls give, by name; others give an empty object. That of `assign` may be `none`: no process came */
  constructor(answers: Record<string, Answer> = {}) {
    const known: Record<string, Answer> = { heartbeat: () => ({ lost: [] }), getFunctions: () => [], ...answers }
    const target = {
      id: 'e'.repeat(64),
      as: () => this.client,
      waitForProcess: (input: Input, options: { signal?: AbortSignal }) => {
        this.assignids.push(input.assignid)
        const none = known.assign?.(input) === 'none'
        if (none) return undefined
        return input.timeout === -1 ? this.#queue.shift() : this.#nextProcess(options.signal)
      },
      waitForProcesses: async (input: Input, options: { signal?: AbortSignal }) => {
        const first = await target.waitForProcess(input, options)
        return first ? [first, ...this.#queue.splice(0, Number(input.count) - 1)] : []
      },
      closeMany: async (_: string, items: Input[]) => {
        this.calls.push({ name: 'closeMany', input: { items } })
        this.#told()
        return (known.closeMany?.({ items }) as unknown[] | undefined) ?? items.map(() => ({ error: undefined }))
      },
    }
    this.client = new Proxy(target, {
      get: (methods, name: keyof typeof target) => methods[name] ?? this.#method(name, known[name]),
    }) as unknown as Client
  }

  /** @returns what an executor is made with, beside its functions */
  get options() {
    const report = (line: string) => {
      this.reports.push(line)
      this.#told()
    }
    return { client: this.client, clock: this.clock, report, colonyname: 'dev', name: 'ada', type: 'cli' }
  }

  submit(processid: string, spec: FunctionSpec, rest: { in?: JsonValue[]; attempt?: number } = {}): void {
    const complete = { args: [], kwargs: {}, maxexectime: 0, conditions: { colonyname: 'dev' }, ...spec }
    const process = { processid, attempt: 1, processgraphid: '', in: [], spec: complete, ...rest }
    this.#queue.push(process as unknown as Process)
    this.#tell()
  }

  /** @returns the inputs of all calls of one kind so far */
  callsOf(name: string): Input[] {
    return this.calls.filter((call) => call.name === name).map(({ input }) => input)
  }

  /** Waits until something was called or reported that a test waits for. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#watchers.push(resolve))
  }

  #method(name: string, answer: Answer | undefined) {
    return async (input: Input) => {
      this.calls.push({ name, input })
      this.#told()
      return answer?.(input) ?? {}
    }
  }

  #told(): void {
    for (const watcher of this.#watchers.splice(0)) watcher()
  }

  async #nextProcess(signal: AbortSignal | undefined): Promise<Process | undefined> {
    while (this.#queue.length === 0) {
      await new Promise<void>((resolve, reject) => {
        const abort = () => reject(new AbortedError('The call was given up by its caller.'))
        if (signal?.aborted) return abort()
        this.#tell = resolve
        signal?.addEventListener('abort', abort)
      })
    }
    return this.#queue.shift()
  }
}

/** Time that passes when a test says so. */
export class FakeClock implements Clock {
  #nowMs = 0
  #pauses: { atMs: number; end: () => void }[] = []

  now(): number {
    return this.#nowMs
  }

  random(): number {
    return 0.5
  }

  /** How many pauses go on. */
  get pausing(): number {
    return this.#pauses.length
  }

  pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const pause = { atMs: this.#nowMs + ms, end: resolve }
      const abort = () => {
        this.#pauses = this.#pauses.filter((other) => other !== pause)
        reject(new AbortedError('The pause was given up.'))
      }
      if (signal?.aborted) return abort()
      signal?.addEventListener('abort', abort, { once: true })
      this.#pauses.push(pause)
    })
  }

  pass(ms: number): void {
    this.#nowMs += ms
    const due = this.#pauses.filter(({ atMs }) => atMs <= this.#nowMs)
    this.#pauses = this.#pauses.filter(({ atMs }) => atMs > this.#nowMs)
    for (const { end } of due) end()
  }
}
