import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Db, sql } from '@colonies/database'
import { testDatabase } from '@colonies/testkit'
import { upkeepColony } from '../testing/upkeep.js'
import { OverdueLooks } from './overdue-looks.js'

/** Looks at a database that takes so long for each statement, and a process of each colony that is overdue for so long. */
async function scene(t: TestContext, takesMs: number) {
  const { db } = await testDatabase(t)
  let nowMs = 0
  const slow: Db = {
    ...db,
    all(statement) {
      nowMs += takesMs
      return db.all(statement)
    },
  }
  const looks = new OverdueLooks(() => nowMs)
  return {
    look: () => looks.look(slow),
    pass: (ms: number) => void (nowMs += ms),
    async add(name: string, overdueSeconds: number) {
      const { key, submit } = await upkeepColony(db, name)
      const id = await submit({ waitSeconds: 100 })
      const late = (seconds: number) =>
        db.run(sql`update live set deadline = now() - make_interval(secs => ${seconds}::int) where process_id = ${id}`)
      await late(overdueSeconds)
      return { key, late }
    },
  }
}

test('while looks are quick, each goes back to the beginning', async (t) => {
  const { add, look } = await scene(t, 5)
  const { key } = await add('dev', 1_000)
  const found = { colonies: [key], withinSeconds: undefined }
  assert.deepEqual(await look(), found)
  assert.deepEqual(await look(), found)
})

test('slow looks go back for some seconds, and all the way from time to time', async (t) => {
  const { add, look, pass } = await scene(t, 30)
  const dev = await add('dev', 1_000)
  const other = await add('other', -50)
  assert.deepEqual(await look(), { colonies: [dev.key], withinSeconds: undefined })
  assert.deepEqual(await look(), { colonies: [], withinSeconds: 15 })
  await other.late(2)
  assert.deepEqual(await look(), { colonies: [other.key], withinSeconds: 15 })
  for (const _ of [1, 2, 3]) {
    pass(3_000)
    assert.deepEqual(await look(), { colonies: [other.key], withinSeconds: 15 })
  }
  pass(1_000)
  assert.deepEqual((await look()).colonies.sort(), [dev.key, other.key])
})

test('after a pause, what passed meanwhile is looked for everywhere', async (t) => {
  const { add, look, pass } = await scene(t, 30)
  const { key } = await add('dev', 60)
  await look()
  pass(5_000)
  assert.deepEqual(await look(), { colonies: [key], withinSeconds: undefined })
})
