import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Io } from '../io.js'
import { ProgressLine } from './progress-line.js'

function lineOf(isTTY: boolean, quiet = false) {
  const written: string[] = []
  let ms = 0
  const io = { stderr: { isTTY, write: (text: string) => written.push(text) } } as unknown as Io
  const moved = new ProgressLine(io, quiet, () => ms).ofFile(3_000_000)
  const pass = (seconds: number) => {
    ms += seconds * 1000
    moved(1_000_000)
  }
  return { written, pass }
}

test('a long transfer tells how far it is: on a terminal at once and in place, elsewhere now and then', () => {
  const terminal = lineOf(true)
  terminal.pass(0.1)
  terminal.pass(0.4)
  assert.deepEqual(terminal.written, ['\r\u001b[K0 of 1 files, 2 MB of 3 MB, 4 MB/s'])
  const file = lineOf(false)
  file.pass(5)
  assert.deepEqual(file.written, [])
  file.pass(5)
  assert.deepEqual(file.written, ['0 of 1 files, 2 MB of 3 MB, 200 kB/s\n'])
  const quiet = lineOf(true, true)
  quiet.pass(20)
  assert.deepEqual(quiet.written, [])
})
