import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { createClient } from '@colonies/client'
import { type Database, type DatabaseConfig, sql } from '@colonies/database'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { type TestColony, type TestDatabase, testColony, testDatabase } from '@colonies/testkit'
import { ReplicaProcess } from '../chaos/stage/replica-process.js'
import { deployFolder } from './given-files.js'
import { programInstead } from './program-instead.js'

const run = promisify(execFile)
const script = join(deployFolder, 'backup/colony.sh')

test('a colony moves to another server as a file, whole, and goes on there', async (t) => {
  const colony = await testColony(t, { loops: true })
  const adaKey = generatePrivateKey()
  const held = await fill(colony, adaKey)
  const folder = await mkdtemp(join(tmpdir(), 'colonies-file-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'colony.sql')
  await colony.server.stop() // so that nothing changes between the file and what it is compared with
  await writeFile(file, (await colonySh(colony.database.config, 'export', colony.name)).stdout)

  const there = await testDatabase(t)
  // The key of the colony is another one there.
  await there.db.run(sql`insert into colonies (name, colony_id) values ('first', ${'f'.repeat(64)})`)
  await refusesWhatIsNotWhole(t, there, file)
  await colonySh(there.config, 'import', file)
  const [before, after] = [await rowsOf(colony.db, 'dev'), await rowsOf(there.db, 'dev')]
  assert.deepEqual(after, before)
  assert.ok(Object.keys(before).length > 12, `only ${Object.keys(before)} have rows`)

  await assert.rejects(
    colonySh(there.config, 'import', file),
    /colony dev already exists in this database; nothing was imported/,
  )
  assert.deepEqual(await rowsOf(there.db, 'dev'), before)

  const replica = await ReplicaProcess.on(there.config, generatePrivateKey())
  there.beforeDrop(() => replica.stop())
  await replica.start()
  const ada = createClient({ endpoint: replica.url, privateKey: adaKey })
  await ada.closeSuccessful({ processid: held })
})

/** Each of these ends the text that psql reads too early. */
async function refusesWhatIsNotWhole(t: TestContext, there: TestDatabase, file: string): Promise<void> {
  const cut = `${file}.cut`
  await writeFile(cut, (await readFile(file, 'utf8')).slice(0, -100))
  await assert.rejects(colonySh(there.config, 'import', cut), /ends too early/)
  const { stdout } = await run('which', ['psql'])
  const dies = `${stdout.trim()} "$@" | if [[ "$*" = *tables=* ]]; then head -n 20; exit 1; else cat; fi`
  const PATH = await programInstead(t, 'psql', dies)
  await assert.rejects(colonySh(there.config, 'import', file, { PATH }))
  assert.deepEqual(await rowsOf(there.db, 'dev'), {})
}

/** Something in as many tables as can be. @returns a process that `ada` holds */
async function fill(colony: TestColony, adaKey: string): Promise<string> {
  const { user, name: colonyname } = colony
  const executor = { colonyname, executorname: 'ada', executorid: identityOf(adaKey), executortype: 'cli' }
  await colony.colonyOwner.addExecutor({ executor })
  await colony.colonyOwner.approveExecutor({ colonyname, executorname: 'ada' })
  const ada = user.as(adaKey)
  const assign = async () => (await ada.waitForProcess({ colonyname, timeout: 5 }))?.processid
  const conditions = { colonyname, executortype: 'cli' }
  const spec = { funcname: 'f', label: 'l', conditions, env: { a: 'b' }, channels: ['chat'] }
  const workflowspec = JSON.stringify({ colonyname, functionspecs: [{ ...spec, nodename: 'a' }] })
  await ada.addFunction({ fun: { colonyname, executorname: 'ada', executortype: 'cli', funcname: 'f' } })
  const done = await colony.submit(spec)
  assert.equal(await assign(), done)
  await ada.addLog({ processid: done, message: 'a line with a \\ and a\ttab' })
  await ada.channel(done, 'chat').append('hello')
  await ada.closeSuccessful({ processid: done, out: ['æ', '\\N', { a: 'x\ny' }] })
  const held = await colony.submit(spec)
  assert.equal(await assign(), held)
  await colony.submit({ ...spec, conditions: { ...conditions, executornames: ['ada'] } })
  await user.submitWorkflow({
    spec: {
      colonyname,
      functionspecs: [
        { ...spec, nodename: 'a' },
        { ...spec, nodename: 'b', conditions: { ...conditions, dependencies: ['a'] } },
      ],
    },
  })
  await user.addCron({ cron: { colonyname, name: 'c', interval: 100_000, workflowspec } })
  const { generatorid } = await user.addGenerator({ generator: { colonyname, name: 'g', trigger: 10, workflowspec } })
  await user.packGenerator({ generatorid, arg: 'a' })
  await user.addFile({ file: { colonyname, label: '/data', name: 'x', size: 1 } })
  await user.createSnapshot({ colonyname, label: '/data', name: 's' })
  return held
}

/** Rows of a colony by table, without what is another number in each database. */
async function rowsOf(db: Database, name: string): Promise<Record<string, string[]>> {
  const tables = await db.all<{ name: string }>(sql`
    select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relkind in ('r', 'p') and not c.relispartition and a.attname = 'colony' order by 1`)
  const rows: Record<string, string[]> = {}
  for (const { name: table } of tables) {
    const found = await db.one<{ xml: string }>(sql`
      select query_to_xml(format('select to_jsonb(t) - ''colony'' - ''xact'' - ''counted_to'' as r from %I t
        where colony = (select colony_key from colonies where name = %L) order by 1', ${table}::text, ${name}::text),
        true, true, '')::text as xml`)
    const lines = (found?.xml ?? '').split('\n').filter((line) => line.includes('<r>'))
    if (lines.length > 0) rows[table] = lines
  }
  return rows
}

function colonySh(database: DatabaseConfig, command: string, subject: string, env: Record<string, string> = {}) {
  const { host, port, user, password } = database
  const connection = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password }
  return run(script, [command, subject, database.database], {
    env: { ...process.env, ...connection, ...env },
    maxBuffer: 64 * 1024 * 1024,
  })
}
