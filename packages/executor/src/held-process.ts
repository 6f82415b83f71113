import type { Process } from '@colonies/protocol'

/** Reason of a handler's signal: the process was cancelled, its time is over, or another executor has it by now. */
export class LostProcess extends Error {
  override name = 'LostProcess'
}

/** Reason of a handler's signal: the executor stops and gives the process back. */
export class ExecutorStopping extends Error {
  override name = 'ExecutorStopping'
}

/** A process from its assignment until it is closed, given back or lost. */
export class HeldProcess {
  readonly process: Process
  /** Its handler was called; what was taken in advance waits for that. */
  isStarted = false
  readonly #controller = new AbortController()

  constructor(process: Process) {
    this.process = process
  }

  /** What a handler should watch; its reason tells why. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Nothing that is done for it counts any more. */
  get isLost(): boolean {
    return this.signal.reason instanceof LostProcess
  }

  lose(why: string): void {
    this.#controller.abort(new LostProcess(why))
  }

  stop(): void {
    this.#controller.abort(new ExecutorStopping('The executor stops, and the process is given back.'))
  }
}

/** All processes of an executor, each as long as there is work with it. */
export class HeldProcesses {
  /** Not by id: after a lost lease a process may be assigned here again while its first handler still works. */
  readonly all = new Set<HeldProcess>()
  readonly #waiting: (() => void)[] = []

  get count(): number {
    return this.all.size
  }

  /** @param work returns when nothing is left to do for the process, and never rejects */
  async add(held: HeldProcess, work: () => Promise<void>): Promise<void> {
    for (const other of this.all) {
      if (other.process.processid === held.process.processid) other.lose('It was assigned anew.')
    }
    this.all.add(held)
    await work()
    this.all.delete(held)
    for (const told of this.#waiting.splice(0)) told()
  }

  /** @returns as soon as there are fewer than so many */
  async below(count: number): Promise<void> {
    while (this.count >= count) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}
