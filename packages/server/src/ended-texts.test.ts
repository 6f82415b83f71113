import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Db, type ListFilter, listResults, type Sql, sql } from '@colonies/database'
import { type TestColony, testColony } from '@colonies/testkit'
import fc from 'fast-check'
import { EndedTexts } from './ended-texts.js'

const CHARACTERS_MAX = 20_000

test('a list of known texts is the list that the database has, whatever was asked, ended or removed before', async (t) => {
  const colony = await testColony(t)
  const ada = await colony.executor('ada')
  const filter = await filterOf(colony)
  const texts = new EndedTexts(CHARACTERS_MAX)
  let ended: string[] = []
  const steps = {
    end: async (n: number) => {
      for (let turn = 0; turn <= n; turn++) ended.push(await endOne(colony, ada, 'o'.repeat(100 * n)))
    },
    async remove(n: number) {
      const processid = ended[n % Math.max(1, ended.length)]
      if (processid === undefined) return
      await colony.user.removeProcess({ processid })
      ended = ended.filter((id) => id !== processid)
    },
    async list(n: number) {
      const asked = { ...filter, count: 1 + n * 3, after: n % 2 === 0 ? '' : (ended.at(-1) ?? '') }
      const listed = await texts.list(colony.db, filter.colony, asked)
      assert.deepEqual(listed, await listResults(colony.db, filter.colony, asked))
    },
  }
  const step = fc.record({ what: fc.constantFrom('end', 'remove', 'list', 'list', 'list'), n: fc.nat(9) })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (asked) => {
      for (const { what, n } of asked) await steps[what as keyof typeof steps](n)
    }),
    { numRuns: 15 },
  )
})

test('what is known is not read again; what is new is read alone', async (t) => {
  const colony = await testColony(t)
  const ada = await colony.executor('ada')
  const filter = await filterOf(colony)
  const texts = new EndedTexts()
  for (let n = 0; n < 4; n++) await endOne(colony, ada, `${n}`)
  const statements: string[] = []
  const db = spied(colony.db, statements)
  const ask = async () => {
    statements.length = 0
    const { found } = await texts.list(db, filter.colony, filter)
    return { found, read: statements.filter((text) => text.includes('process_specs')).length, asked: statements.length }
  }
  assert.deepEqual(await ask(), { found: 4, read: 1, asked: 1 })
  assert.deepEqual(await ask(), { found: 4, read: 1, asked: 1 }, 'that all of it was known is found out now')
  assert.deepEqual(await ask(), { found: 4, read: 0, asked: 1 })
  await endOne(colony, ada, 'new')
  assert.deepEqual(await ask(), { found: 5, read: 1, asked: 2 })
  assert.deepEqual(await ask(), { found: 5, read: 0, asked: 1 })
})

test('what is in a graph is read each time: children may be added to it', async (t) => {
  const colony = await testColony(t)
  const ada = await colony.executor('ada')
  const filter = await filterOf(colony)
  const texts = new EndedTexts()
  const node = (nodename: string, dependencies: string[]) => ({
    nodename,
    funcname: 'f',
    conditions: { executortype: 'cli', dependencies },
  })
  const spec = { colonyname: colony.name, functionspecs: [node('a', []), node('b', ['a'])] }
  await colony.user.submitWorkflow({ spec })
  const processid = (await colony.assign('ada')) ?? ''
  await ada.closeSuccessful({ processid, out: [] })
  await endOne(colony, ada, 'of another node')
  for (let turn = 0; turn < 4; turn++) {
    await colony.db.run(sql`
      update edges set child_id = ${`${turn}`.padStart(64, 'c')} where parent_id = ${processid}`)
    assert.deepEqual(
      await texts.list(colony.db, filter.colony, filter),
      await listResults(colony.db, filter.colony, filter),
    )
  }
  assert.equal(texts.size, 0)
})

test('it keeps so many characters and no more, and no long text', async (t) => {
  const colony = await testColony(t)
  const ada = await colony.executor('ada')
  const filter = await filterOf(colony)
  const texts = new EndedTexts(CHARACTERS_MAX)
  for (let n = 0; n < 40; n++) {
    await endOne(colony, ada, 'o'.repeat(2_000))
    for (let turn = 0; turn < 3; turn++) await texts.list(colony.db, filter.colony, { ...filter, count: 5 })
    assert.ok(texts.size <= (2 * CHARACTERS_MAX) / 2_000, `${texts.size}`)
  }
  const known = new EndedTexts()
  await endOne(colony, ada, 'o'.repeat(70_000))
  await known.list(colony.db, filter.colony, { ...filter, count: 1 })
  assert.equal(known.size, 0)
})

test('a list with more bytes than a page may have ends where it would without what is known', async (t) => {
  const colony = await testColony(t)
  const ada = await colony.executor('ada')
  const filter = { ...(await filterOf(colony)), bytesMax: 6_000 }
  const texts = new EndedTexts()
  for (let n = 0; n < 6; n++) {
    await endOne(colony, ada, 'o'.repeat(1_000))
    for (let turn = 0; turn < 3; turn++)
      assert.deepEqual(
        await texts.list(colony.db, filter.colony, filter),
        await listResults(colony.db, filter.colony, filter),
      )
  }
})

type Client = Awaited<ReturnType<TestColony['executor']>>

async function endOne(colony: TestColony, ada: Client, out: string): Promise<string> {
  await colony.submit()
  const processid = (await colony.assign('ada')) ?? ''
  await ada.closeSuccessful({ processid, out: [out] })
  return processid
}

async function filterOf({ db, name }: TestColony): Promise<ListFilter & { colony: number }> {
  const row = await db.one<{ key: number }>(sql`select colony_key as key from colonies where name = ${name}`)
  const any = { executorType: '', label: '', user: '', after: '', count: 100, bytesMax: 10_000_000 }
  return { ...any, colonyName: name, state: 2, colony: row?.key ?? 0 }
}

/** The same database, and the texts of what it was asked. */
function spied(db: Db, texts: string[]): Db {
  const noted = (statement: Sql) => {
    texts.push(statement.statement.text)
    return statement
  }
  return { ...db, all: (statement) => db.all(noted(statement)), one: (statement) => db.one(noted(statement)) }
}
