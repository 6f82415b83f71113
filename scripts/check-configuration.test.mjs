import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareConfiguration, unknownVariables } from './check-configuration.mjs'

const page =
  '| Variable | Meaning |\n|---|---|\n| `COLONIES_ONE` | first |\n| `COLONIES_GONE` | nothing reads it; COLONIES_TWO |\n'

test('a variable without a row and a row without a variable are found', () => {
  const source = `
    read.text('COLONIES_ONE')
    io.env.COLONIES_TWO
    const { COLONIES_THREE: three } = env
    const COLONIES_MAX = 10
  `
  const faults = compareConfiguration(page, [{ path: 'a.ts', text: source }])
  assert.deepEqual(
    faults.map((fault) => /COLONIES_[A-Z]+/.exec(fault)?.[0]),
    ['COLONIES_TWO', 'COLONIES_THREE', 'COLONIES_GONE'],
  )
})

test('a page that names every variable has no fault', () => {
  const source = `'COLONIES_ONE' 'COLONIES_GONE'`
  assert.deepEqual(compareConfiguration(page, [{ path: 'a.ts', text: source }]), [])
})

test('a variable that operators are given and no server knows is found', () => {
  const text = 'COLONIES_ONE=1 COLONIES_ONCE=2 COLONIES_DB_* "^COLONIES_(ONE|TWO)$"'
  assert.deepEqual(unknownVariables(page, [{ path: 'deploy/x.env', text }]), [
    'COLONIES_ONCE is set in deploy/x.env, and docs/reference/configuration.md has no row for it',
  ])
})
