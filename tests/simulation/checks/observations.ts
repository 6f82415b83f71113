/** A process or graph that a submitter wanted. */
export interface Wish {
  /** Stands in the arguments of each process that is made of it. */
  tag: string
  nodes: number
  /** What the server answered: the id of a process or graph. */
  acknowledged: string | undefined
}

/** A handler that began to work on a process. */
export interface Start {
  processId: string
  attempt: number
  /** Which life of which executor. */
  executor: string
  input: string
}

/** A close that was answered with success. */
export interface Close {
  processId: string
  attempt: number
  state: 2 | 3
  /** JSON list; undefined for a failure. */
  output: string | undefined
}

/** All that clients saw. The judge knows this, and the rows; nothing of how they came about. */
export class Observations {
  readonly wishes: Wish[] = []
  readonly starts: Start[] = []
  readonly closes: Close[] = []
  /** Arguments that were packed, and whether the server said so. */
  readonly packs = new Map<string, { isAcknowledged: boolean }>()
  /** Calls that wait for an answer. */
  readonly open = new Map<number, string>()
  #calls = 0

  /** Notes a call from its beginning to its end. */
  async during<Answer>(what: string, call: () => Promise<Answer>): Promise<Answer> {
    const number = ++this.#calls
    this.open.set(number, what)
    try {
      return await call()
    } finally {
      this.open.delete(number)
    }
  }
}
