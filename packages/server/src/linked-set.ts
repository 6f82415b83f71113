/** What can be in a `LinkedSet`, in one at a time. */
export interface Linked<Item extends Linked<Item>> {
  /** These three are the set's; undefined at first. */
  set: LinkedSet<Item> | undefined
  before: Item | undefined
  after: Item | undefined
}

/**
 * A set in the order in which items were added, as `Set` is, for items that come and go all the time. V8 gives such a `Set` a new table
 * again and again, and the old one knows the new: once one of them is in the old space, all later ones survive with what is in
 * them, until that space is cleaned up (record 34). Here nothing is left behind.
 */
export class LinkedSet<Item extends Linked<Item>> {
  #first: Item | undefined
  #last: Item | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  /** @throws Error when it is in another set */
  add(item: Item): void {
    if (item.set === this) return
    if (item.set) throw new Error('It is in another set already')
    item.set = this
    item.before = this.#last
    if (this.#last) this.#last.after = item
    else this.#first = item
    this.#last = item
    this.#size += 1
  }

  /** Does nothing when it is not in this set. */
  delete(item: Item): void {
    if (item.set !== this) return
    const { before, after } = item
    if (before) before.after = after
    else this.#first = after
    if (after) after.before = before
    else this.#last = before
    item.set = item.before = item.after = undefined
    this.#size -= 1
  }

  /** The item that is looked at may leave; others must stay until its successor is looked at. */
  *[Symbol.iterator](): Generator<Item, void> {
    for (let item = this.#first, next: Item | undefined; item; item = next) {
      next = item.after
      yield item
    }
  }
}
