import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkPromises } from './check-promises.mjs'

const library = `
export interface Db { run(): Promise<number> }
export type Methods = { [Name in 'submit' | 'assign']: () => Promise<Name> }
export interface Step { then(step: Step): Step }
`
const head = `
import type { Db, Methods, Step } from './library.js'
async function local() {}
export async function f(db: Db, methods: Methods, step: Step, maybe?: Db) {
`

/** Each line is a statement; those that end in a mark are faults. */
const statements = `
  local() // fault
  db.run() // fault
  maybe?.run() // fault
  methods.submit() // fault
  db.run().then(() => {}) // fault
  db.run().finally(() => {}) // fault
  maybe && db.run() // fault
  ;[1].forEach(() => { db.run() }) // fault
  await db.run()
  void db.run()
  db.run().catch(() => {})
  db.run().catch(() => {}).finally(() => {})
  db.run().then(() => {}, () => {})
  step.then(step)
  const kept = db.run()
  if (maybe) return kept
  return db.run()
}
`

test('a promise that nobody waits for is found, with computed types and in callbacks too', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'check-promises-'))
  t.after(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'one'))
  const code = head + statements
  const files = {
    'tsconfig.json': '{ "files": [], "references": [{ "path": "one" }] }',
    'one/tsconfig.json':
      '{ "compilerOptions": { "module": "NodeNext", "target": "ES2022", "strict": true, "types": [] } }',
    'one/library.ts': library,
    'one/code.ts': code,
  }
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text)
  const expected = code.split('\n').flatMap((line, index) => (line.endsWith('// fault') ? [index + 1] : []))
  const found = checkPromises(folder).map((fault) => Number(/^one\/code\.ts:(\d+): /.exec(fault)?.[1]))
  assert.deepEqual(
    found.sort((a, b) => a - b),
    expected,
  )
})
