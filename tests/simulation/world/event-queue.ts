/** Entries by their time, those of the same time in the order in which they came. A binary heap. */
export class EventQueue<Entry extends { atMs: number }> {
  readonly #heap: { entry: Entry; order: number }[] = []
  #pushed = 0

  push(entry: Entry): void {
    this.#heap.push({ entry, order: this.#pushed++ })
    for (let at = this.#heap.length - 1; at > 0; ) {
      const above = (at - 1) >> 1
      if (!this.#isBefore(at, above)) return
      this.#swap(at, above)
      at = above
    }
  }

  pop(): Entry | undefined {
    const [first] = this.#heap
    const last = this.#heap.pop()
    if (!first || !last || this.#heap.length === 0) return first?.entry
    this.#heap[0] = last
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2]
      let least = at
      if (left < this.#heap.length && this.#isBefore(left, least)) least = left
      if (right < this.#heap.length && this.#isBefore(right, least)) least = right
      if (least === at) return first.entry
      this.#swap(at, least)
      at = least
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]]
    if (!one || !other) return false
    return one.entry.atMs < other.entry.atMs || (one.entry.atMs === other.entry.atMs && one.order < other.order)
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]]
    if (!one || !other) return
    this.#heap[a] = other
    this.#heap[b] = one
  }
}
