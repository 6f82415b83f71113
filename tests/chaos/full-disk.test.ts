import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { ClientError, createClient } from '@colonies/client'
import { connect, type DatabaseConfig, dropDatabase, sql, withClient } from '@colonies/database'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { testServer } from '@colonies/testkit'
import type { Stage } from './scenario.js'
import { startReplicas } from './stage/replicas.js'
import { openStage } from './stage/stage.js'

const run = promisify(execFile)
const colonyname = 'full'
/** For the tables of an empty database, and some more. */
const DISK = '80m'
const SPEC_BYTES = 1_000_000

test('on a full disk requests are refused with 503, nothing acknowledged is lost, and with room it goes on', async (t) => {
  const { stage, close } = openStage({ say: (line) => t.diagnostic(line) })
  t.after(close)
  const disk = await smallDisk(stage)
  if (!disk) return t.skip('a disk of its own can be mounted by root alone')
  const config = await databaseOn(stage, disk)
  const serverKey = generatePrivateKey()
  const [replica] = await startReplicas(stage, { database: config, serverKey, count: 1 })
  assert.ok(replica)
  const client = (privateKey: string, forMs = 0) =>
    createClient({ endpoint: replica.url, privateKey, retry: { forMs, maxMs: 200 } })
  const [colonyKey, userKey] = [generatePrivateKey(), generatePrivateKey()]
  await client(serverKey).addColony({ colony: { name: colonyname, colonyid: identityOf(colonyKey) } })
  await client(colonyKey).addUser({ user: { colonyname, userid: identityOf(userKey), name: 'me' } })

  const user = client(userKey)
  const acknowledged: string[] = []
  const refused: ClientError[] = []
  while (refused.length < 5) {
    assert.ok(acknowledged.length < 200, 'the disk is never full')
    await user.submit({ spec: spec() }).then(
      ({ processid }) => acknowledged.push(processid),
      (error: unknown) => {
        if (!(error instanceof ClientError)) throw error
        refused.push(error)
      },
    )
  }
  assert.deepEqual([...new Set(refused.map(({ status }) => status))], [503])
  assert.match(refused[0]?.message ?? '', /no room/)
  assert.equal((await user.getProcess({ processid: acknowledged[0] ?? '' })).processid, acknowledged[0])

  const patient = client(userKey, 60_000).submit({ spec: spec() })
  await run('mount', ['-o', 'remount,size=400m', disk])
  acknowledged.push((await patient).processid)
  const db = connect(config)
  const stored = await db.all<{ id: string }>(sql`select process_id as id from live where colony <> 0 order by 1`)
  await db.close()
  assert.deepEqual(
    stored.map(({ id }) => id),
    acknowledged.sort(),
  )
})

/** With an argument that PostgreSQL cannot make small. */
function spec() {
  const random = randomBytes(SPEC_BYTES).toString('base64')
  return { funcname: 'f', args: [random], conditions: { colonyname, executortype: 'cli' } }
}

/** @returns a folder with little room; undefined where none can be mounted */
async function smallDisk(stage: Stage): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'colonies-full-'))
  stage.atEnd(() => rm(folder, { recursive: true, force: true }))
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', folder])
  } catch {
    return undefined
  }
  stage.atEnd(() => run('umount', [folder]))
  return folder
}

/** A database whose tables are on that disk, and whose WAL is not: a full WAL stops PostgreSQL, a full table does not. */
async function databaseOn(stage: Stage, disk: string): Promise<DatabaseConfig> {
  const server = { ...(await testServer()), database: 'postgres' }
  const config = { ...server, database: `full_${process.pid}` }
  const onServer = (text: string) => withClient(server, (client) => client.query(text))
  await withClient(server, async (client) => {
    // Not by its folder: that of the embedded one is called /proc/self/cwd, which is another one here.
    const { rows } = await client.query('select pg_backend_pid() as pid')
    const { uid, gid } = await stat(`/proc/${rows[0].pid}`)
    await chown(disk, uid, gid)
  })
  await onServer(`create tablespace ${config.database} location '${disk}'`)
  stage.atEnd(async () => {
    await dropDatabase(server, config.database)
    await onServer(`drop tablespace ${config.database}`)
  })
  await onServer(`create database ${config.database} template template0 encoding 'UTF8' tablespace ${config.database}`)
  return config
}
