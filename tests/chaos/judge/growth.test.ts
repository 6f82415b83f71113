import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findGrowth } from './growth.js'

const cases: { name: string; at: (look: number) => number; grows: boolean }[] = [
  { name: 'what stays', at: () => 100, grows: false },
  { name: 'what jumps', at: (look) => (look % 7 === 0 ? 300 : 100), grows: false },
  { name: 'what is warm after a while', at: (look) => Math.min(look, 20) * 10, grows: false },
  { name: 'what leaks slowly', at: (look) => 100 + look, grows: true },
  { name: 'what leaks and jumps', at: (look) => 100 + look * 2 + (look % 5) * 10, grows: true },
]

for (const { name, at, grows } of cases) {
  test(`the judge of growth: ${name}`, () => {
    const looks = Array.from({ length: 80 }, (_, look) => [{ what: 'memory', value: at(look) }])
    const found = findGrowth(looks, () => ({ share: 0.1, noise: 5 }))
    assert.equal(found.length > 0, grows, JSON.stringify(found))
  })
}
