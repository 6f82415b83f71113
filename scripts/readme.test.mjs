import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from './source-files.mjs'

test('the program in the README is one that compiles', () => {
  const [, shown] = /^```ts\n(.*?)^```$/ms.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? []
  assert.equal(shown, readFileSync(join(root, 'examples', 'calculator.ts'), 'utf8'))
})
