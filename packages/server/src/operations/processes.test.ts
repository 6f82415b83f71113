import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Db } from '@colonies/database'
import { testDatabase } from '@colonies/testkit'
import type { Call } from '../handler.js'
import { upkeepColony } from '../testing/upkeep.js'
import { processHandlers } from './processes.js'

test('removing all processes ends, however many are submitted meanwhile', { timeout: 20_000 }, async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev')
  const ids = [await colony.submit(), await colony.submit()]
  const busy: Db = {
    ...db,
    async run(statement) {
      const count = await db.run(statement)
      await colony.submit()
      return count
    },
  }
  const call = { db: busy, colony, signal: new AbortController().signal } as unknown as Call
  await processHandlers.removeAllProcesses({ state: 0, colonyname: 'dev', msgtype: '' } as never, call)
  assert.deepEqual(await Promise.all(ids.map((id) => colony.stateOf(id))), [undefined, undefined])
})
