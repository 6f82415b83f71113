import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatBytes } from './format-bytes.js'

test('bytes are told with three digits', () => {
  const cases = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [1536, '1.54 kB'],
    [99_960, '100 kB'],
    [999_999, '1 MB'],
    [12_340_000, '12.3 MB'],
    [107_374_182_400n, '107 GB'],
  ] as const
  for (const [bytes, text] of cases) assert.equal(formatBytes(bytes), text)
})
