/** An executor, and the id that it gave to its assign. */
interface Question {
  readonly executorId: string
  readonly assignId: string
}

/**
 * Who asked which question last. Nearly always the assign id alone tells a question from all others; a key of both ids would be
 * the longest text of each executor that hangs.
 */
export class Questions<Seat extends { readonly waiter: Question }> {
  readonly #byAssignId = new Map<string, Seat>()
  /** Of executors whose assign id another one had chosen, too. */
  readonly #byBoth = new Map<string, Seat>()

  find(question: Question): Seat | undefined {
    const seat = this.#byAssignId.get(question.assignId)
    return seat && isSame(seat.waiter, question) ? seat : this.#byBoth.get(bothOf(question))
  }

  /** From now on it is this seat that is found. */
  add(seat: Seat): void {
    const { waiter } = seat
    const known = this.#byAssignId.get(waiter.assignId)
    if (known && !isSame(known.waiter, waiter)) this.#byBoth.set(bothOf(waiter), seat)
    else this.#byAssignId.set(waiter.assignId, seat)
  }

  /** Does nothing when another seat asked the same since. */
  remove(seat: Seat): void {
    const { waiter } = seat
    if (this.#byAssignId.get(waiter.assignId) === seat) this.#byAssignId.delete(waiter.assignId)
    if (this.#byBoth.get(bothOf(waiter)) === seat) this.#byBoth.delete(bothOf(waiter))
  }
}

/** Those of one assign id. */
function isSame(one: Question, other: Question): boolean {
  return one.executorId === other.executorId
}

function bothOf({ executorId, assignId }: Question): string {
  return `${executorId}/${assignId}`
}
