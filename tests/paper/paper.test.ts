import assert from 'node:assert/strict'
import { test } from 'node:test'
import { databaseVariables, testDatabase } from '@colonies/testkit'
import { runPaper } from '../../examples/paper/run.js'

test('the workflow of the paper ends with 13, summed in a browser tab', async (t) => {
  const { config } = await testDatabase(t)
  const { result, status, tables } = await runPaper(databaseVariables(config))
  assert.equal(result, 13)
  assert.equal(status, '4 + 9 = 13')
  assert.match(tables, /\| P1 .* \| Successful \|/)
  assert.match(tables, /\| P4 .* \| True \| - \| Waiting \|/)
  assert.match(tables, /\| P4 \| \[4,9\] \| {2}\| \[13\] \|/)
})
