import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Claimed } from '@colonies/database'
import { createLog } from '../log.js'
import { GiveBacks } from './give-backs.js'

const process = { process_id: 'p' } as Claimed

/** @param failures how often the database is away */
function giveBacks(failures: number, pausesMs: readonly [number, number]) {
  const lines: string[] = []
  let tries = 0
  const given = new GiveBacks({
    log: createLog({ level: 'warn', write: (line) => lines.push(line) }),
    pausesMs,
    async store() {
      tries += 1
      if (tries <= failures) throw new Error('away')
    },
  })
  return { given, lines, tries: () => tries }
}

test('a process is given back when the database comes back, however late', async () => {
  const { given, tries } = giveBacks(200, [1, 1])
  given.add(1, [process])
  await given.drained()
  assert.equal(tries(), 201)
})

test('a stop tries at once, again, and then gives up', { timeout: 20_000 }, async () => {
  const { given, lines, tries } = giveBacks(1_000, [100, 1_000_000])
  given.add(1, [process])
  given.stop()
  await given.drained()
  assert.ok(tries() >= 3, `${tries()} tries`)
  assert.match(lines.join(''), /could not be given back yet/)
})

test('what is given back after the stop is waited for, too', async () => {
  const { given, tries } = giveBacks(0, [1, 1])
  given.stop()
  await given.drained()
  given.add(1, [process])
  await given.drained()
  assert.equal(tries(), 1)
})
