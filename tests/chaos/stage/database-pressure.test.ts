import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '@colonies/database'
import { randomOf } from '../random.js'
import { putUnderPressure } from './database-pressure.js'
import { openStage } from './stage.js'

for (const { says, where } of [
  { says: 'its snapshots', where: sql`state = 'idle in transaction'` },
  { says: 'connections that do nothing', where: sql`query = ''` },
]) {
  test(`pressure that has lost ${says} is not released without a word`, { timeout: 60_000 }, async (t) => {
    const { stage, close } = openStage({ say: (line) => t.diagnostic(line) })
    t.after(() => assert.rejects(close(), /parts were lost/))
    const { db, config } = await stage.database()
    const pressure = await putUnderPressure(stage, config, { random: randomOf(1), idle: 3, readers: 1 })
    const lost = await db.run(sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid() and ${where}`)
    assert.ok(lost > 0)
    await assert.rejects(pressure.release(), /of the pressure \d parts were lost/)
  })
}
