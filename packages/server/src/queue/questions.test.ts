import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Questions } from './questions.js'

const seatOf = (executorId: string, assignId: string) => ({ waiter: { executorId, assignId } })

test('a question is found by executor and assign id, also when both executors chose the same id', () => {
  const questions = new Questions<ReturnType<typeof seatOf>>()
  const [ada, bob] = [seatOf('ada', '1'), seatOf('bob', '1')]
  questions.add(ada)
  assert.equal(questions.find(bob.waiter), undefined)
  questions.add(bob)
  assert.equal(questions.find(ada.waiter), ada)
  assert.equal(questions.find(bob.waiter), bob)

  questions.remove(ada)
  assert.equal(questions.find(ada.waiter), undefined)
  assert.equal(questions.find(bob.waiter), bob)
})

test('of those who ask the same, the newest is found, and stays when an earlier one leaves', () => {
  const questions = new Questions<ReturnType<typeof seatOf>>()
  const [other, first, second] = [seatOf('ada', '1'), seatOf('bob', '1'), seatOf('bob', '1')]
  questions.add(other)
  questions.add(first)
  questions.remove(other)
  questions.add(second)
  assert.equal(questions.find(second.waiter), second)
  questions.remove(first)
  assert.equal(questions.find(second.waiter), second)
  questions.remove(second)
  assert.equal(questions.find(second.waiter), undefined)
})

test('an assign id that looks like an executor with an id is only an id', () => {
  const questions = new Questions<ReturnType<typeof seatOf>>()
  const [ada, other, bob] = [seatOf('ada', '1'), seatOf('ada', 'bob/1'), seatOf('bob', '1')]
  for (const seat of [ada, other, bob]) questions.add(seat)
  assert.deepEqual(
    [ada, other, bob].map(({ waiter }) => questions.find(waiter)),
    [ada, other, bob],
  )
})
