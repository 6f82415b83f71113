import assert from 'node:assert/strict'
import { test } from 'node:test'
import { colonyByColony } from './colony-by-colony.js'
import { createLog } from './log.js'

function visits() {
  const lines: string[] = []
  return {
    lines,
    visitEach: colonyByColony('the test', createLog({ level: 'info', write: (line) => lines.push(line) })),
  }
}

const many = new Map(Array.from({ length: 20 }, (_, place) => [place + 1, `item ${place + 1}`]))

test('a colony that fails keeps no other from its turn, and is logged once until it works again', async () => {
  const { lines, visitEach } = visits()
  const seen: string[] = []
  let broken = true
  const run = () =>
    visitEach(many, async (colony, item) => {
      if (colony === 2 && broken) throw new Error('bad row')
      seen.push(item)
    })
  await run()
  await run()
  assert.equal(seen.length, 38)
  assert.equal(lines.filter((line) => line.includes('bad row')).length, 1)
  broken = false
  await run()
  assert.equal(lines.filter((line) => line.includes('works again')).length, 1)
})

test('a few colonies have their turn at once, each of them once', async () => {
  const { visitEach } = visits()
  const seen: number[] = []
  let atOnce = 0
  let most = 0
  await visitEach(many, async (colony) => {
    seen.push(colony)
    most = Math.max(most, ++atOnce)
    await new Promise((resolve) => setImmediate(resolve))
    atOnce -= 1
  })
  assert.deepEqual([seen, most], [[...many.keys()], 4])
})

test('without a database no colony gets a turn any more', async () => {
  const { visitEach } = visits()
  let turns = 0
  const run = visitEach(many, async () => {
    turns += 1
    throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  })
  await assert.rejects(run, /ECONNREFUSED/)
  assert.equal(turns, 4)
})
