import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { connect, sql } from '@colonies/database'
import { randomOf } from '../chaos/random.js'
import { freeBase } from '../chaos/stage/patroni.js'
import { deployFolder } from './given-files.js'

const run = promisify(execFile)
const script = join(deployFolder, 'ha/cluster.sh')

test('cluster.sh gives nobody a folder that it did not make', async (t) => {
  const folder = await makeFolder()
  t.after(() => rm(folder, { recursive: true, force: true }))
  const other = join(folder, 'other')
  await mkdir(other)
  await symlink(other, join(folder, 'link'))
  const before = await stat(other)
  for (const command of ['start', 'status', 'stop']) {
    await assert.rejects(run(script, [command, other]), /is there, and is no cluster of the user/)
    await assert.rejects(run(script, [command, join(folder, 'link')]), /is a link/)
    await assert.rejects(run(script, [command, 'relative']), /full path/)
  }
  const after = await stat(other)
  assert.deepEqual([after.uid, after.mode, after.mtimeMs], [before.uid, before.mode, before.mtimeMs])
  await assert.rejects(run(script, ['status', join(folder, 'none')]), /there is no cluster in/)
  await assert.rejects(run(script, ['start', join(folder, 'none', 'below')]), /the folder above it has to be there/)
})

test('each role of a cluster has a password of its own, and stop ends a PostgreSQL whose Patroni was killed', async (t) => {
  const around = await makeFolder()
  const folder = join(around, 'cluster')
  t.after(async () => {
    await run(script, ['stop', folder])
    await rm(around, { recursive: true, force: true })
  })
  const base = await freeBase(randomOf(Date.now()))
  const { stdout } = await run(script, ['start', folder], { env: { ...process.env, HA_PORT: String(base) } })
  const password = /^COLONIES_DB_PASSWORD=(.*)$/m.exec(stdout)?.[1] ?? ''
  const lines = (await readFile(join(folder, 'pgpass'), 'utf8')).trim().split('\n')
  assert.equal(new Set(lines.map((line) => line.split(':').at(-1))).size, 4)
  const config = { host: '127.0.0.1', port: base, password, database: 'postgres' }
  for (const [user, answers] of [
    ['colonies', true],
    ['postgres', false],
  ] as const) {
    const db = connect({ ...config, user })
    const asked = db.run(sql`select`).then(
      () => true,
      () => false,
    )
    assert.equal(await asked, answers, user)
    await db.close()
  }

  const postmaster = await pidIn(folder, 'node2/data/postmaster.pid')
  process.kill(await pidIn(folder, 'node2.pid'), 'SIGKILL')
  const { stderr } = await run(script, ['stop', folder])
  assert.match(stderr, /node2 left PostgreSQL behind/)
  assert.throws(() => process.kill(postmaster, 0), { code: 'ESRCH' })
  const { stdout: left } = await run('ps', ['-eo', 'args'])
  assert.ok(!left.includes(`${folder}/`), left)
  await assert.rejects(run(script, ['status', folder]), /does not run: start it/)
})

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'colonies-ha-'))
  await chmod(folder, 0o755) // the account of PostgreSQL has to get in
  return folder
}

async function pidIn(folder: string, file: string): Promise<number> {
  return Number.parseInt(await readFile(join(folder, file), 'utf8'), 10)
}
