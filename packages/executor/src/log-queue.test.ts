import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { LogQueue } from './log-queue.js'

const noError = (error: unknown) => assert.fail(String(error))

test('lines stay in order, and those of one moment travel together, up to a length', async () => {
  const sent: string[] = []
  const queue = new LogQueue(async (message) => sent.push(message), noError)
  const long = 'x'.repeat(60_000)
  for (const line of ['a', 'b', long, long, 'c']) void queue.add(line)
  await queue.flush()
  assert.deepEqual(sent, [`a\nb\n${long}`, `${long}\nc`])
})

test('a line longer than a message is cut, and what no server stores is replaced', async () => {
  const sent: string[] = []
  const queue = new LogQueue(async (message) => sent.push(message), noError)
  void queue.add(`${'x'.repeat(64 * 1024)}y\0`)
  await queue.add('')
  assert.deepEqual(sent, ['x'.repeat(64 * 1024), 'y\ufffd\n'])
})

test('a line that comes in the moment in which the last one is through is sent, too', async () => {
  for (let turns = 0; turns < 10; turns++) {
    const sent: string[] = []
    let arrive = () => {}
    const queue = new LogQueue((message) => {
      sent.push(message)
      return new Promise<void>((resolve) => {
        arrive = resolve
      })
    }, noError)
    void queue.add('a')
    await setImmediate()
    arrive()
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    void queue.add('b')
    await setImmediate()
    assert.deepEqual(sent, ['a', 'b'], `after ${turns} turns`)
  }
})

test('a message that cannot be sent is lost, the next ones are not', async () => {
  const sent: string[] = []
  const errors: unknown[] = []
  const send = async (message: string) => {
    if (message === 'bad') throw new Error('no')
    sent.push(message)
  }
  const queue = new LogQueue(send, (error) => errors.push(error))
  await queue.add('bad')
  await queue.add('good')
  assert.deepEqual([sent, errors.length], [['good'], 1])
})

test('who logs faster than the network takes loses lines, and the log says so', async () => {
  const sent: string[] = []
  const queue = new LogQueue(async (message) => sent.push(message), noError)
  const line = 'x'.repeat(64 * 1024)
  for (let count = 0; count < 140; count++) void queue.add(line)
  await queue.flush()
  assert.equal(sent.filter((message) => message === line).length, 128)
  assert.match(sent.at(-1) ?? '', /^\(12 lines are missing here/)
})
