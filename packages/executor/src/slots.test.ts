import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Slots } from './slots.js'

test('who waits enters in turn, and who gives up leaves no hole', async () => {
  const slots = new Slots(1)
  const { signal } = new AbortController()
  const [quitter, entered] = [new AbortController(), [] as string[]]
  const enter = async (name: string, one: AbortSignal) => {
    if (await slots.enter(one)) entered.push(name)
    else entered.push(`not ${name}`)
  }
  await enter('a', signal)
  const rest = [enter('b', quitter.signal), enter('c', signal), enter('d', signal)]
  quitter.abort()
  await rest[0]
  assert.deepEqual(entered, ['a', 'not b'])
  slots.leave()
  await rest[1]
  slots.leave()
  await rest[2]
  assert.deepEqual(entered, ['a', 'not b', 'c', 'd'])
  slots.leave()
  await enter('e', signal)
  await enter('late', quitter.signal)
  assert.deepEqual(entered.slice(4), ['e', 'not late'])
})
