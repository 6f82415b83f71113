import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge } from '../judge.js'
import { untilDrained } from '../settle.js'
import { serveColony } from '../stage/served-colony.js'
import { openStage } from '../stage/stage.js'
import { startPythonExecutors } from './python-executors.js'

test('an executor of pycolonies does the work, goes on when its server is killed, and tells what it saw', {
  timeout: 150_000,
}, async (t) => {
  const { stage, close } = openStage({ say: (line) => t.diagnostic(line) })
  t.after(close)
  const { config } = await stage.database()
  const { db, replicas, endpoints, history, colony } = await serveColony(stage, { config, count: 2 })
  const user = await colony.user('me')
  const python = await startPythonExecutors(stage, colony, { count: 1, endpoints })
  const conditions = { colonyname: colony.name, executortype: 'load' }
  const spec = { funcname: 'work', maxexectime: 5, maxretries: 100, conditions }
  await user.submitMany(
    colony.name,
    Array.from({ length: 20 }, (_, n) => ({ ...spec, label: `first ${n}` })),
  )
  assert.equal(await untilDrained(db, colony.key, 60), 0)
  await replicas[0]?.kill()
  await user.submitMany(
    colony.name,
    Array.from({ length: 20 }, (_, n) => ({ ...spec, label: `second ${n}` })),
  )
  assert.equal(await untilDrained(db, colony.key, 60), 0)
  await python.stop()
  assert.ok(history.closed >= 40, `${history.closed} closes were acknowledged`)
  assert.deepEqual(await judge(history, db, colony), [])
})
