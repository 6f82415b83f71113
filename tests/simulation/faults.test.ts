import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faults } from './faults.js'
import { simulateMany } from './many.js'

// The simulator itself is tested: faults that somebody could make have to be seen. No more than so many seeds each:
const seedsMax = 60

for (const { name, says } of faults) {
  test(`it is seen within ${seedsMax} histories when ${says}`, async () => {
    const { broken, histories } = await simulateMany({
      from: 1,
      count: seedsMax,
      workers: 2,
      fault: name,
      untilBroken: true,
    })
    assert.ok(broken.length > 0, `${histories} histories look good in spite of ${name}`)
  })
}
