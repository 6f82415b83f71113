import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Db } from '@colonies/database'
import type { Replica } from '../handler.js'
import { createLog } from '../log.js'
import { eachColony } from './each-colony.js'

function contextOf(signal = new AbortController().signal) {
  const lines: string[] = []
  const log = createLog({ level: 'info', write: (line) => lines.push(line) })
  // The database and the replica are for the work, which here needs neither.
  return { lines, context: { db: {} as Db, replica: {} as Replica, log, signal } }
}

test('a colony that fails keeps no other from its turn, and is logged once until it works again', async () => {
  const inEachColony = eachColony('test')
  const { context, lines } = contextOf()
  const seen: number[] = []
  let broken = true
  const run = () =>
    inEachColony([1, 2, 3], context, async (colony) => {
      if (colony === 2 && broken) throw new Error('bad row')
      seen.push(colony)
      return false
    })
  assert.equal(await run(), 'rest')
  await run()
  assert.deepEqual(seen, [1, 3, 1, 3])
  assert.equal(lines.filter((line) => line.includes('bad row')).length, 1)
  broken = false
  await run()
  await run()
  assert.equal(lines.filter((line) => line.includes('works again')).length, 1)
})

test('a loop comes back at once when any colony has more to do', async () => {
  const { context } = contextOf()
  assert.equal(await eachColony('test')([1, 2], context, async (colony) => colony === 1), 'again')
})

test('without a database a run ends, so that the loop can pause', async () => {
  const { context } = contextOf()
  const lost = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  await assert.rejects(
    eachColony('test')([1], context, () => Promise.reject(lost)),
    lost,
  )
})

test('a replica that stops begins no other colony', async () => {
  const stopping = new AbortController()
  const { context } = contextOf(stopping.signal)
  const seen: number[] = []
  await eachColony('test')([1, 2], context, async (colony) => {
    seen.push(colony)
    stopping.abort()
    return false
  })
  assert.deepEqual(seen, [1])
})
