import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readLines } from './read-lines.js'

async function linesOf(pieces: string[], charactersMax = 100): Promise<[number, string | undefined][]> {
  const lines = (async function* () {
    yield* pieces
  })()
  const read: [number, string | undefined][] = []
  for await (const { number, text } of readLines(lines, charactersMax)) read.push([number, text])
  return read
}

test('lines keep their numbers, however the text is cut and whatever is blank', async () => {
  const expected = [
    [1, 'one'],
    [3, 'three\r'],
    [6, 'six'],
  ]
  assert.deepEqual(await linesOf(['one\n\nthree\r\n \n\r\nsix']), expected)
  assert.deepEqual(await linesOf([...'one\n\nthree\r\n \n\r\nsix\n\n']), expected)
  assert.deepEqual(await linesOf(['\ufeff', '\n', '']), [])
})

test('of a line that is too long nothing is kept, and the next one is read', async () => {
  assert.deepEqual(await linesOf(['a\n123', '456', '789\nb\n'], 5), [
    [1, 'a'],
    [2, undefined],
    [3, 'b'],
  ])
  assert.deepEqual(await linesOf(['123456'], 5), [[1, undefined]])
})
