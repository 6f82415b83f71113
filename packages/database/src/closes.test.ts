import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '@colonies/testkit'
import { claimProcesses } from './claims.js'
import { closeFailed, closeSuccessful } from './closes.js'
import { readProcesses } from './processes.js'
import { insertProcesses } from './submissions.js'
import { anyShape, claimant, testColony } from './testing/colony.js'

test('in one batch, only the close of the holder counts, wherever those of others stand', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1', 'e2'])
  for (const holders of [
    ['e1', 'e2'],
    ['e2', 'e1'],
  ]) {
    for (const state of [2, 3]) {
      const { processId } = colony.process()
      await insertProcesses(db, colony.key, [colony.process({ processId })], [])
      await claimProcesses(db, colony.key, anyShape, [claimant('e1')])
      const closes = holders.map((name) => ({ processId, holder: `${name}-id`, attempt: 0 }))
      const { ended } =
        state === 2
          ? await closeSuccessful(
              db,
              colony.key,
              closes.map((close) => ({ ...close, output: JSON.stringify([close.holder]) })),
            )
          : await closeFailed(
              db,
              colony.key,
              closes.map((close) => ({ ...close, errors: [close.holder] })),
            )
      assert.deepEqual([...ended], [[processId, holders.indexOf('e1')]])
      const [row] = await readProcesses(db, colony.key, [processId])
      assert.deepEqual([row?.state, row?.output ?? JSON.stringify(row?.errors)], [state, JSON.stringify(['e1-id'])])
    }
  }
})

test('of two closes of its holder in one batch, the first ends the process', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['e1'])
  const process = colony.process()
  await insertProcesses(db, colony.key, [process], [])
  await claimProcesses(db, colony.key, anyShape, [claimant('e1')])
  const close = { processId: process.processId, holder: 'e1-id', attempt: 1 }
  const { ended } = await closeSuccessful(db, colony.key, [
    { ...close, output: '["first"]' },
    { ...close, output: '["second"]' },
  ])
  assert.deepEqual([...ended], [[process.processId, 0]])
  const [row] = await readProcesses(db, colony.key, [process.processId])
  assert.equal(row?.output, '["first"]')
})
