export interface PoolOptions {
  /** How many items are worked on at once. */
  parallel: number
  /** No item is begun once this is aborted. */
  signal?: AbortSignal | undefined
}

/** Works on all items, some at a time. When one throws, none is begun any more, and its error is thrown when all have ended. */
export async function inPool<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  { parallel, signal }: PoolOptions,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
  let failed: { error: unknown } | undefined
  const runner = async () => {
    while (!failed) {
      signal?.throwIfAborted()
      const next = await source.next()
      if (next.done) return
      await work(next.value)
    }
  }
  await Promise.all(
    Array.from({ length: parallel }, () =>
      runner().catch((error: unknown) => {
        failed ??= { error }
      }),
    ),
  )
  if (failed) throw (failed as { error: unknown }).error
}
