import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { ChildServer } from '../hostile/child-server.js'

/** For what reading leaves. */
const GROWTH_MB_MAX = 16
const MEGABYTE = 2 ** 20
const ROUNDS = 5
const AGAIN_MS = 30_000

/** What is timed, by what it is. */
export type Steps = Record<string, () => Promise<unknown>>

/** Does each step a few times, so that all code is compiled and all statements are planned. */
export async function warmUp(steps: Steps): Promise<void> {
  await pace(steps, 2)
}

/** @returns the median of some rounds of each step, in ms */
export async function pace(steps: Steps, rounds = ROUNDS): Promise<Record<string, number>> {
  const medians: Record<string, number> = {}
  for (const [name, step] of Object.entries(steps)) {
    const times: number[] = []
    for (let round = 0; round < rounds; round++) {
      const started = performance.now()
      await step()
      times.push(performance.now() - started)
    }
    medians[name] = times.sort((a, b) => a - b)[rounds >> 1] ?? 0
  }
  return medians
}

/**
 * What is done among 100 000 takes about as long as among 1 000; ten times as long would be noise for what takes 1 ms. What
 * seems slower is measured again for a while: a busy machine is not busy each time; index entries of rows that just changed are
 * passed again and again while PostgreSQL analyzes a large table, whose snapshot still sees them. A scan stays as slow.
 *
 * @param few what the same steps took among 1 000
 */
export async function assertSamePace(t: TestContext, steps: Steps, few: Record<string, number>): Promise<void> {
  const many = await pace(steps)
  const slow = () => Object.keys(many).filter((name) => (many[name] ?? 0) > 3 * (few[name] ?? 0) + 10)
  const end = performance.now() + AGAIN_MS
  while (slow().length > 0 && performance.now() < end) {
    const once = await pace(Object.fromEntries(Object.entries(steps).filter(([name]) => slow().includes(name))))
    for (const [name, ms] of Object.entries(once)) many[name] = Math.min(many[name] ?? ms, ms)
  }
  const said = (name: string) =>
    `${name}: ${few[name]?.toFixed(1)} ms among 1 000, ${many[name]?.toFixed(1)} ms among 100 000`
  for (const name of Object.keys(many)) t.diagnostic(said(name))
  assert.deepEqual(slow().map(said), [])
}

/** Reading all that there is leaves nothing in the memory of the server. A cache that was filled meanwhile grows once, a leak each time. */
export async function assertSameMemory(
  t: TestContext,
  server: ChildServer,
  read: () => Promise<unknown>,
): Promise<void> {
  const growth = async () => {
    const before = await server.memory()
    await read()
    const after = await server.memory()
    const grown = (after.heapBytes + after.externalBytes - before.heapBytes - before.externalBytes) / MEGABYTE
    t.diagnostic(`memory grown by ${grown.toFixed(1)} MB; ${(after.rssBytes / MEGABYTE).toFixed(0)} MB resident`)
    return grown
  }
  let grown = await growth()
  if (grown >= GROWTH_MB_MAX) grown = await growth()
  assert.ok(grown < GROWTH_MB_MAX, `the memory has grown by ${grown} MB`)
}

/** Walks through a list from its beginning to its end, page by page. @returns how many items it has */
export async function walk<Item>(read: (last: Item | undefined) => Promise<readonly Item[]>): Promise<number> {
  let [count, last] = [0, undefined as Item | undefined]
  for (let page = await read(last); page.length > 0; page = await read(last)) {
    count += page.length
    last = page.at(-1)
  }
  return count
}
