/** Numbers that look random and are the same for the same seed. */
export interface Random {
  /** 0 to `below` - 1. */
  int(below: number): number
  pick<Item>(items: readonly Item[]): Item
  bytes(count: number): Buffer
}

/** The generator mulberry32. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const int = (below: number) => next() % below
  return {
    int,
    pick: (items) => {
      if (items.length === 0) throw new Error('There is nothing to pick from.')
      return items[int(items.length)] as (typeof items)[number]
    },
    bytes: (count) => Buffer.from(Uint8Array.from({ length: count }, () => int(256))),
  }
}
