import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog, limitLines } from './log.js'

function collect() {
  const lines: string[] = []
  return { lines, log: createLog({ level: 'info', write: (line) => lines.push(line) }) }
}

test('a line has time, level, message and values', () => {
  const { lines, log } = collect()
  log.info('a thing happened', { colony: 'dev', count: 3, nothing: undefined })
  assert.match(lines[0] ?? '', /^time=\S+Z level=info msg="a thing happened" colony=dev count=3\n$/)
})

test('nothing that a caller sends makes a line of its own', () => {
  const { lines, log } = collect()
  log.warn('refused', { reason: 'a\nlevel=error msg="all is lost"\u2028\u001b[31m\u009b' })
  assert.equal(lines.length, 1)
  assert.match(lines[0] ?? '', /^[\x20-\x7e]*\n$/)
})

test('an error is written with its causes', () => {
  const { lines, log } = collect()
  log.error('failed', { error: new Error('outer', { cause: new Error('inner') }) })
  assert.match(lines[0] ?? '', /Error: outer\\n.*caused by Error: inner/)
})

test('lines below the level are left out', () => {
  const { lines, log } = collect()
  log.debug('detail')
  assert.deepEqual(lines, [])
})

test('beyond the limit lines are counted, and one says how many', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { lines, log } = collect()
  const write = limitLines(log.info, { linesPerSecondMax: 2 })
  for (let i = 0; i < 10; i++) write('refused')
  assert.equal(lines.length, 2)
  t.mock.timers.tick(1_000)
  assert.match(lines[2] ?? '', /count=8/)
  write('refused')
  assert.equal(lines.length, 4)
})
