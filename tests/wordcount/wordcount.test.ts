import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { databaseVariables, testDatabase } from '@colonies/testkit'
import { runWordcount } from '../../examples/wordcount/run.js'

const folder = fileURLToPath(new URL('../../../node_modules', import.meta.url))

test('the counts equal those of coreutils, though two of eight executors are killed', {
  timeout: 120_000,
}, async (t) => {
  const { config } = await testDatabase(t)
  const { text, workers, retried } = await runWordcount({
    folder,
    executors: 8,
    killed: 2,
    chunkBytes: 20_000,
    database: databaseVariables(config),
  })
  const pipeline = `find "$1" -name '*.md' -type f -print0 | xargs -0 cat |
    LC_ALL=C tr -cs 'A-Za-z' '\\n' | LC_ALL=C tr 'A-Z' 'a-z' | grep . | LC_ALL=C sort | uniq -c`
  const expected = execFileSync('sh', ['-c', pipeline, 'sh', folder], { encoding: 'latin1', maxBuffer: 2 ** 28 })
  assert.ok(workers > 10, `${workers} workers`)
  assert.ok(retried >= 2, `${retried} workers were started again`)
  assert.ok(text === expected, 'the counts differ')
})
