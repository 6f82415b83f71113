import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rfc3339 } from './type-parsers.js'

const cases: [postgres: string, wire: string][] = [
  ['2026-11-21 00:10:56.623085+00', '2026-11-21T00:10:56.623085Z'],
  ['2026-11-21 00:10:56.62+00', '2026-11-21T00:10:56.62Z'],
  ['2026-11-21 00:10:56+00', '2026-11-21T00:10:56Z'],
  ['0001-01-01 00:00:00+00', '0001-01-01T00:00:00Z'],
  ['2026-11-21 01:10:56.623085+01', '2026-11-21T00:10:56.623085Z'],
  ['2026-11-20 18:40:56.5-05:30', '2026-11-21T00:10:56.5Z'],
  ['1880-01-01 00:53:28+00:53:28', '1880-01-01T00:00:00Z'],
  ['infinity', 'infinity'],
]

for (const [postgres, wire] of cases) {
  test(`timestamptz ${postgres} is ${wire}`, () => assert.equal(rfc3339(postgres), wire))
}
