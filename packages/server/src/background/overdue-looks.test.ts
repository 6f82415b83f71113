import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Db, sql } from '@colonies/database'
import { testDatabase } from '@colonies/testkit'
import { upkeepColony } from '../testing/upkeep.js'
import { OverdueLooks } from './overdue-looks.js'

/** Looks at a database that takes so long to look at everything, and a process of each colony that is overdue for so long. */
async function scene(t: TestContext, takesMs: number) {
  const { db } = await testDatabase(t)
  let nowMs = 0
  const slow: Db = {
    ...db,
    all(statement) {
      nowMs += statement.statement.text.includes('make_interval') ? 0 : takesMs
      return db.all(statement)
    },
  }
  const looks = new OverdueLooks(() => nowMs)
  return {
    async look({ finishes = true } = {}) {
      const found = await looks.look(slow)
      if (finishes) looks.finish()
      return found
    },
    pass: (ms: number) => void (nowMs += ms),
    async add(name: string, overdueSeconds: number) {
      const { key, submit } = await upkeepColony(db, name)
      const id = await submit({ waitSeconds: 100 })
      const late = sql`now() - make_interval(secs => ${overdueSeconds}::int)`
      await db.run(sql`update live set deadline = ${late} where process_id = ${id}`)
      return key
    },
  }
}

test('while looks are quick, each goes back to the beginning', async (t) => {
  const { add, look } = await scene(t, 5)
  const key = await add('dev', 1_000)
  const found = { colonies: [key], withinSeconds: undefined }
  assert.deepEqual(await look(), found)
  assert.deepEqual(await look(), found)
})

test('slow looks go back for some seconds, and all the way from time to time', async (t) => {
  const { add, look, pass } = await scene(t, 30)
  const dev = await add('dev', 1_000)
  assert.deepEqual(await look(), { colonies: [dev], withinSeconds: undefined })
  assert.deepEqual(await look(), { colonies: [], withinSeconds: 15 })
  const other = await add('other', 2)
  assert.deepEqual(await look(), { colonies: [other], withinSeconds: 15 })
  for (const _ of [1, 2, 3]) {
    pass(3_000)
    assert.deepEqual(await look(), { colonies: [other], withinSeconds: 15 })
  }
  pass(1_000)
  assert.deepEqual((await look()).colonies.sort(), [dev, other])
})

test('after a pause, what passed meanwhile is looked for everywhere', async (t) => {
  const { add, look, pass } = await scene(t, 30)
  const key = await add('dev', 60)
  await look()
  pass(12_000)
  assert.deepEqual(await look(), { colonies: [key], withinSeconds: undefined })
})

test('one look of seconds, as of a busy database, hides nothing for long; only while looks stay slow, they rest longer', async (t) => {
  const { look, pass } = await scene(t, 2_000)
  await look()
  const rests: number[] = []
  for (let seconds = 1; rests.length < 4; seconds++) {
    pass(1_000)
    if ((await look()).withinSeconds === undefined) seconds = 0 * rests.push(seconds)
  }
  assert.deepEqual(rests, [10, 20, 40, 40])
})

test('a run that failed, or was not enough, is followed by one that looks everywhere', async (t) => {
  const { add, look } = await scene(t, 30)
  const key = await add('dev', 1_000)
  for (const finishes of [false, false, true]) {
    const found = await look({ finishes })
    assert.deepEqual(found, { colonies: [key], withinSeconds: undefined })
  }
  assert.deepEqual(await look(), { colonies: [], withinSeconds: 15 })
})
