import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ColoniesError } from '@colonies/protocol'
import { watchAccess } from './watch-access.js'

test('whoever may not any more is told once; a database that is away ends nothing', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const answers: (Error | undefined)[] = [undefined, new Error('ECONNREFUSED'), new ColoniesError('not_found')]
  const refusals: string[] = []
  let asked = 0
  const check = async () => {
    asked += 1
    if (asked > answers.length) throw new ColoniesError('not_allowed')
    const answer = answers[asked - 1]
    if (answer) throw answer
  }
  watchAccess(check, (refusal) => refusals.push(refusal.code))
  const look = async () => {
    t.mock.timers.tick(10_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  for (const _ of answers) await look()
  assert.deepEqual([asked, refusals], [3, []])
  for (let turn = 0; turn < 3; turn += 1) await look()
  assert.deepEqual([asked, refusals], [4, ['not_allowed']])
})

test('who has left is not looked at', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let asked = 0
  const stop = watchAccess(
    async () => {
      asked += 1
    },
    () => assert.fail('nobody is there'),
  )
  stop()
  t.mock.timers.tick(60_000)
  assert.equal(asked, 0)
})
