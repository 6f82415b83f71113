import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '@colonies/testkit'
import { listSubmittedSince } from './processes.js'
import { insertProcesses } from './submissions.js'
import { testColony } from './testing/colony.js'

test('a history that begins before 1970 is the whole history', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', [])
  const process = colony.process()
  await insertProcesses(db, colony.key, [process], [])
  for (const seconds of [60, 2 ** 31 - 1]) {
    const filter = { state: 0, executorId: '', seconds, count: 10, after: '' }
    assert.deepEqual(await listSubmittedSince(db, colony.key, filter), [process.processId])
  }
})
