import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Pattern } from './pattern.js'
import { PatternError } from './pattern-syntax.js'

const unlimited = () => {}

const alike: [pattern: string, ...texts: string[]][] = [
  ['^a+b?$', 'a', 'aab', 'abb', '', 'b'],
  ['a|bc|', 'x', 'bc'],
  ['^(?:ab){2,3}$', 'ab', 'abab', 'ababab', 'abababab'],
  ['^(?<year>\\d{4})-\\d\\d$', '2026-11', '2026-1', 'x2026-11'],
  ['\\bcat\\b', 'a cat!', 'concat', 'cat'],
  ['\\Bcat', 'concat', 'cat'],
  ['^[^\\W_]+$', 'abc1', 'a_b', ''],
  ['^[a-z\\]\\-.]*$', 'a-]', 'A', '.'],
  ['^\\p{Lu}\\p{Ll}*$', 'Ärger', 'ärger'],
  ['^.$', '\u{1f40d}', '\n', 'ab'],
  ['^\\u{1f40d}\\uD83D\\uDC0D$', '\u{1f40d}\u{1f40d}', '\u{1f40d}'],
  ['^\\x41\\cJ\\0$', 'A\n\0', 'A'],
  ['^(a*)*$', 'aaa', 'b'],
  ['^(|a)+$', '', 'aa', 'b'],
  ['^a{0}$', '', 'a'],
  ['^\\S+@\\S+\\.\\S+?$', 'me@example.com', 'me@example'],
  ['[]', 'a', ''],
  ['[^]', '\n', ''],
]

test('a pattern matches what it matches in ECMAScript', () => {
  for (const [source, ...texts] of alike) {
    const [pattern, native] = [new Pattern(source), new RegExp(source, 'u')]
    for (const text of texts) assert.equal(pattern.test(text, unlimited), native.test(text), `${source} on "${text}"`)
  }
})

/** Sources without what is not supported. */
const sources = fc.letrec<{ part: string; whole: string }>((tie) => ({
  part: fc.oneof(
    { withCrossShrink: true },
    fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '\\w', '\\b', '^', '$', '\\.'),
    tie('whole').map((inner) => `(?:${inner})`),
    fc
      .tuple(tie('whole'), fc.constantFrom('*', '+', '?', '{2}', '{0,2}', '{1,}', '*?'))
      .map(([inner, many]) => `(${inner})${many}`),
  ),
  whole: fc.oneof(
    fc.array(tie('part'), { maxLength: 3 }).map((parts) => parts.join('')),
    fc.tuple(tie('part'), tie('part')).map((parts) => parts.join('|')),
  ),
})).whole

test('random patterns match what they match in ECMAScript', () => {
  const texts = fc.array(fc.constantFrom('a', 'b', '1', '.', ' '), { maxLength: 8 }).map((all) => all.join(''))
  fc.assert(
    fc.property(sources, texts, (source, text) => {
      assert.equal(
        new Pattern(source).test(text, unlimited),
        new RegExp(source, 'u').test(text),
        `${source} on "${text}"`,
      )
    }),
    { numRuns: 2000 },
  )
})

test('what would need going back, or is no pattern, is refused with a reason', () => {
  const refused: [string, RegExp][] = [
    ['(?=a)', /looks ahead/],
    ['(?<!a)b', /looks ahead or behind/],
    ['(a)\\1', /refers back/],
    ['(?<n>a)\\k<n>', /refers back/],
    ['(a', /without its "\)"/],
    ['a)', /closing bracket/],
    ['[a', /without its "\]"/],
    ['*a', /nothing to repeat/],
    ['a**', /nothing to repeat/],
    ['a{3,2}', /wrong way round/],
    ['a{1001}', /more than 1000 times/],
    ['\\p{NoSuch}', /stands for no character/],
    ['[b-a]', /stands for no character/],
    ['\\a', /gives no meaning/],
    ['(?i:a)', /not known/],
    ['a'.repeat(1001), /more than 1000 characters/],
    ['(a{1000}){1000}', /too large/],
    ['((((){1000}){1000}){1000}){1000}', /too large/],
  ]
  for (const [source, reason] of refused)
    assert.throws(
      () => new Pattern(source),
      (error) => error instanceof PatternError && reason.test(error.message),
      source,
    )
})

test('patterns that make backtracking explode take steps in proportion to the text', () => {
  for (const source of [
    '^(a+)+$',
    '^(a|a)*$',
    '^(a|aa)+$',
    '(x+x+)+y',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '^(a?){30}a{30}$',
  ]) {
    const pattern = new Pattern(source)
    let steps = 0
    const text = `${'a'.repeat(5000)}${'x'.repeat(5000)}!`
    pattern.test(text, (more) => {
      steps += more
    })
    assert.ok(steps < text.length * 4 * pattern.size, `${source}: ${steps} steps`)
  }
})
