import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkSource, sameNumbers } from './check-sources.mjs'

const long = 'x\n'.repeat(401)

/** @type {[title: string, path: string, text: string, line: number | undefined][]} */
const cases = [
  ['a long file', 'packages/core/src/a.ts', long, 401],
  ['a long file with a reason', 'packages/core/src/a.ts', `// Over 400 lines: one table.\n${long}`, undefined],
  ['a long page', 'docs/a.md', long, undefined],
  ['a test that sleeps', 'packages/core/src/a.test.ts', '\nawait new Promise((resolve) => setTimeout(resolve, 9))', 2],
  ['a sleep by import', 'tests/e2e/a.ts', "import { setTimeout as wait } from 'node:timers/promises'", 1],
  ['a test with a limit', 'packages/core/src/a.test.ts', 'setTimeout(() => reject(new Error()), 9)', undefined],
  ['a sleep by a function', 'tests/e2e/a.ts', '\nfor (; waits; await pause(20)) {', 2],
  ['a socket that pauses', 'tests/e2e/a.ts', 'socket.pause()', undefined],
  ['a pause that is defined', 'tests/e2e/a.ts', '  pause(ms: number): Promise<void> {', undefined],
  ['a sleep with a reason', 'tests/a.test.ts', '// sleeps: chaos\nsetTimeout(resolve, 9)', undefined],
  ['code that waits', 'packages/client/src/a.ts', 'setTimeout(resolve, 9)', undefined],
  ['a path of one machine', 'docs/a.md', '\nsee /home/ada/notes', 2],
  ['a path of the web', 'docs/a.md', 'https://example.org/home/ada', undefined],
  ['a registry', 'package-lock.json', '"resolved": "https://registry.npmjs.org/a"', 1],
  ['a host of a company', '.ci/run', 'curl http://10.1.2.3/a', 1],
]

for (const [title, path, text, line] of cases) {
  test(`${title} is ${line ? 'a fault' : 'in order'}`, () => {
    const faults = checkSource(path, text)
    assert.deepEqual(
      faults.map((fault) => fault.split(': ')[0]),
      line ? [`${path}:${line}`] : [],
    )
  })
}

test('two migrations, or two decisions, never have one number', () => {
  const migrations = ['0001-a.sql', '0002-b.sql', '0002-c.sql'].map((name) => `packages/database/migrations/${name}`)
  const faults = sameNumbers([...migrations, 'docs/decisions/0002-b.md'])
  assert.equal(faults.length, 1)
  assert.match(faults[0] ?? '', /0002-c\.sql: .*0002-b\.sql has the same number/)
})
