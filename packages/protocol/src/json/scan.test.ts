import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../limits.js'
import { JsonError, Scanner } from './scan.js'

function sourceOf(text: string): string {
  const scanner = new Scanner(text)
  const source = scanner.source()
  scanner.end()
  return source
}

test('a value gives its source text, without the blanks around it', () => {
  for (const value of [
    'null',
    'true',
    'false',
    '""',
    '"\\u00e5 \\ud83d\\ude00 \\" \\\\ \\/ \\b\\f\\n\\r\\t"',
    '"\u2028 å 😀"',
    '0',
    '-0',
    '-12.50e+07',
    '1E400',
    '12345678901234567890123',
    '[]',
    '{}',
    '[ 1 , [ ] , { "a" : [ { } ] , "a" : null } ]',
  ]) {
    assert.equal(sourceOf(value), value)
    assert.equal(sourceOf(` \t\r\n${value}\n `), value)
  }
})

const broken: [text: string, position: number][] = [
  ['', 0],
  [' ', 1],
  ['hello', 0],
  ['nul', 0],
  ['nulll', 4],
  ['TRUE', 0],
  ['01', 1],
  ['-', 1],
  ['+1', 0],
  ['.5', 0],
  ['1.', 2],
  ['1.e5', 2],
  ['1e', 2],
  ['1e+', 3],
  ['0x10', 1],
  ['NaN', 0],
  ['Infinity', 0],
  ["'a'", 0],
  ['"a', 2],
  ['"a\n"', 2],
  ['"\0"', 1],
  ['"\\x41"', 2],
  ['"\\', 2],
  ['"\\u12', 5],
  ['"\\u12g4"', 5],
  ['[', 1],
  ['[1', 2],
  ['[1,', 3],
  ['[1,]', 3],
  ['[,1]', 1],
  ['[1 2]', 3],
  ['[1}', 2],
  ['{', 1],
  ['{a:1}', 1],
  ['{"a"', 4],
  ['{"a",1}', 4],
  ['{"a":}', 5],
  ['{"a":1,}', 7],
  ['{"a":1]', 6],
  ['{} {}', 3],
  ['\ufeff{}', 0],
  ['1\u00a0', 1],
  ['/* */ 1', 0],
]
test('what is not JSON is refused at the position where it stops to be', () => {
  for (const [text, position] of broken) {
    assert.throws(
      () => sourceOf(text),
      (error) => error instanceof JsonError && error.position === position,
      JSON.stringify(text),
    )
    assert.throws(() => JSON.parse(text), SyntaxError)
  }
})

test('nesting is bounded, and refused without recursion', () => {
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
  assert.equal(sourceOf(nested(limits.jsonDepthMax)).length, 2 * limits.jsonDepthMax)
  for (const text of [
    nested(limits.jsonDepthMax + 1),
    nested(100_000),
    '{"a":'.repeat(100_000),
    '['.repeat(1_000_000),
  ]) {
    assert.throws(() => sourceOf(text), { name: 'JsonError', message: /nested deeper than 200 levels/ })
  }
})

test('strings are decoded, and lone surrogates become U+FFFD', () => {
  for (const [text, decoded] of [
    ['"abc"', 'abc'],
    ['"a\\u0062\\n"', 'ab\n'],
    ['"\\ud83d\\ude00😀"', '😀😀'],
    ['"\\ud83d"', '\ufffd'],
    ['"x\\ude00\\ud83dy"', 'x\ufffd\ufffdy'],
    ['"\ud83d"', '\ufffd'],
    ['"\\u0000"', '\0'],
  ] as const) {
    assert.equal(new Scanner(text).string(), decoded)
  }
})

test('a string of 16 million characters is read at once', () => {
  const long = 'å'.repeat(16_000_000)
  assert.equal(new Scanner(`"${long}"`).string().length, long.length)
})
