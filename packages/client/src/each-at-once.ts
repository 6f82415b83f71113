/** Requests under way at once, by `eachAtOnce`. */
const atOnceMax = 8

/**
 * Does the same with each item, some at a time.
 *
 * @throws what `work` throws first; what is under way goes on
 */
export async function eachAtOnce<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const queue = [...items]
  const workOn = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: atOnceMax }, workOn))
}
