import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Db } from '@colonies/database'
import { testDatabase } from '@colonies/testkit'
import type { Call } from '../handler.js'
import { createLog } from '../log.js'
import { createHotPath } from '../queue/hot-path.js'
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

test('an assign that comes when the server has begun to stop is told to ask again', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await upkeepColony(db, 'dev')
  const ignore = () => {}
  const log = createLog({ level: 'error' })
  const hotPath = createHotPath({
    db,
    log,
    tellOthers: ignore,
    changed: ignore,
    isAlone: () => true,
    generatorsDue: ignore,
  })
  await hotPath.close()
  const caller = { id: 'e', name: 'e', kind: 'executor', executor: { name: 'e', type: 'cli', location: '' } }
  const { signal } = new AbortController()
  const call = { db, colony, caller, replica: { hotPath }, signal, hold: ignore } as unknown as Call
  const input = { colonyname: 'dev', timeout: 10, availablecpu: '', availablemem: '', assignid: '', msgtype: '' }
  await assert.rejects(processHandlers.assign(input as never, call), { code: 'unavailable' })
})
