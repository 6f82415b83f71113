interface Entry<Value> {
  /** When its loading began; what was changed before is in it. */
  readonly loadedAt: number
  readonly value: Promise<Value | undefined>
  pending: boolean
}

export interface SharedCacheOptions<Value> {
  sizeMax: number
  load(key: string): Promise<Value | undefined>
  /** Whether a value whose loading began then may still be used. */
  isFresh(loadedAt: number): boolean
}

/**
 * Remembers what was loaded, the least recently used first to go. Those who ask for the same key at the same time share one
 * load. What is not there is not remembered, so it is found as soon as it is, and nobody can fill the cache with guesses.
 */
export class SharedCache<Value> {
  readonly #options: SharedCacheOptions<Value>
  // A Map keeps the order in which keys were set; a key that is used is set again.
  readonly #entries = new Map<string, Entry<Value>>()

  constructor(options: SharedCacheOptions<Value>) {
    this.#options = options
  }

  get(key: string): Promise<Value | undefined> {
    const known = this.#entries.get(key)
    if (!known || !(known.pending || this.#options.isFresh(known.loadedAt))) return this.#load(key)
    this.#touch(key, known)
    return known.value
  }

  /** Forgets a value, also one that is just being loaded: it may be the old one. @returns whether there was any */
  drop(key: string): boolean {
    return this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
  }

  /**
   * Puts it behind all others. Only where there may be too many soon: a Map whose keys come and go with each request leaves garbage
   * that stays for long (record 34).
   */
  #touch(key: string, entry: Entry<Value>): void {
    if (this.#entries.size < this.#options.sizeMax / 2) return
    this.#entries.delete(key)
    this.#entries.set(key, entry)
  }

  #load(key: string): Promise<Value | undefined> {
    const entry: Entry<Value> = { loadedAt: performance.now(), value: this.#options.load(key), pending: true }
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    this.#makeRoom()
    entry.value.then(
      (value) => {
        entry.pending = false
        if (value === undefined) this.#forget(key, entry)
      },
      () => this.#forget(key, entry),
    )
    return entry.value
  }

  #makeRoom(): void {
    if (this.#entries.size <= this.#options.sizeMax) return
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }

  #forget(key: string, entry: Entry<Value>): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key)
  }
}
