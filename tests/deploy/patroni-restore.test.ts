import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { pause } from '../chaos/monkey.js'
import { randomOf } from '../chaos/random.js'
import { freeBase } from '../chaos/stage/patroni.js'
import { deployFolder, replaceAll } from './given-files.js'

const run = promisify(execFile)
const script = join(deployFolder, 'ha/cluster.sh')
const nodes = [1, 2, 3]
const WAIT_MS_MAX = 90_000

interface Cluster {
  /** Of everything; the cluster is in the folder of that name. */
  around: string
  folder: string
  base: number
}

test('a cluster under Patroni is restored to a moment as the guide says, and archives then whoever leads', {
  timeout: 300_000,
}, async (t) => {
  const cluster = await startCluster(t)
  await archiveInto(cluster, 'wal')
  await sql(cluster, 'create table kept (id int)')
  const { stdout: backup } = await asOwner(cluster, join(cluster.around, 'pitr.sh'), [
    'base',
    join(cluster.around, 'bases'),
  ])
  await sql(cluster, 'insert into kept values (1)')
  await sql(cluster, "select pg_create_restore_point('moment')")
  await sql(cluster, 'insert into kept values (2)')
  const segment = await sql(cluster, 'select pg_walfile_name(pg_switch_wal())')
  await until('archive', async () => (await sql(cluster, archived)) >= segment)

  for (const node of nodes) await run(script, ['stop-node', cluster.folder, String(node)])
  for (const node of nodes) await asOwner(cluster, 'mv', [dataOf(cluster, node), `${dataOf(cluster, node)}.before`])
  await patronictl(cluster, ['remove', 'colonies'], 'colonies\nYes I am aware\n')
  await startRestored(cluster, backup.trim())
  await until('restored leader', async () => (await membersOf(cluster)).includes('Leader,running'))
  assert.equal(await sql(cluster, 'select string_agg(id::text, null) from kept'), '1')

  await asOwner(cluster, 'mkdir', [join(cluster.around, 'wal2')])
  await sql(cluster, 'alter system reset archive_mode')
  await archiveInto(cluster, 'wal2')
  for (const node of [2, 3]) await run(script, ['start-node', cluster.folder, String(node)])
  await untilWhole(cluster)
  for (const node of nodes) assert.equal(await sql(cluster, 'show archive_mode', node), 'on', `node${node}`)
})

const archived = "select coalesce(last_archived_wal, '') from pg_stat_archiver"

async function startCluster(t: TestContext): Promise<Cluster> {
  const around = await mkdtemp(join(tmpdir(), 'colonies-ha-'))
  await chmod(around, 0o755) // the account of PostgreSQL has to get in
  const cluster = { around, folder: join(around, 'cluster'), base: await freeBase(randomOf(Date.now())) }
  t.after(async () => {
    await run(script, ['stop', cluster.folder])
    await rm(around, { recursive: true, force: true })
  })
  await run(script, ['start', cluster.folder], { env: { ...process.env, HA_PORT: String(cluster.base) } })
  await copyFile(join(deployFolder, 'backup/pitr.sh'), join(around, 'pitr.sh'))
  if (process.getuid?.() === 0) await run('chown', ['postgres', around])
  await asOwner(cluster, 'mkdir', [join(around, 'wal'), join(around, 'bases')])
  await untilWhole(cluster)
  return cluster
}

async function archiveInto(cluster: Cluster, wal: string): Promise<void> {
  const command = `archive_command=${cluster.around}/pitr.sh archive %p %f ${cluster.around}/${wal}`
  await patronictl(cluster, ['edit-config', '--force', '--quiet', '-p', 'archive_mode=on', '-p', command])
  await until(
    'new setting',
    async () => (await sql(cluster, 'show archive_command')).includes(`/${wal}`) || pending(cluster),
  )
  await patronictl(cluster, ['restart', 'colonies', '--force'])
  await until('archive_mode', async () => (await sql(cluster, 'show archive_mode')) === 'on')
}

async function pending(cluster: Cluster): Promise<boolean> {
  const { stdout } = await patronictl(cluster, ['list'])
  return stdout.includes('*')
}

/** Patroni of node1, told to begin with the base backup. */
async function startRestored(cluster: Cluster, backup: string): Promise<void> {
  const config = join(cluster.folder, 'node1/patroni.yml')
  const { around } = cluster
  const method = [
    'bootstrap:',
    '  method: restore',
    '  restore:',
    `    command: ${around}/pitr.sh restore ${backup} ${around}/wal ${dataOf(cluster, 1)} name:moment`,
    '    no_params: true',
    '    keep_existing_recovery_conf: true',
  ]
  await writeFile(config, replaceAll(await readFile(config, 'utf8'), { 'bootstrap:': method.join('\n') }))
  const [program, ...parameters] = owned('patroni', [config])
  const child = spawn(program, parameters, { detached: true, stdio: 'ignore', cwd: around })
  child.unref()
  await writeFile(join(cluster.folder, 'node1.pid'), `${child.pid}\n`) // so that cluster.sh stops it
}

function untilWhole(cluster: Cluster): Promise<void> {
  return until('leader and two standbys', async () => {
    const members = await membersOf(cluster)
    return (
      members.includes('Sync Standby') && members.split('\n').filter((line) => line.endsWith('running')).length === 3
    )
  })
}

/** @returns a line for each: role, state */
async function membersOf(cluster: Cluster): Promise<string> {
  const { stdout } = await patronictl(cluster, ['list', '-f', 'json'])
  const members: { Role: string; State: string }[] = JSON.parse(stdout)
  return members.map(({ Role, State }) => `${Role},${State}`).join('\n')
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  // sleeps: what the cluster is at, only asking tells
  for (const end = Date.now() + WAIT_MS_MAX; !(await holds().catch(() => false)); await pause(300)) {
    if (Date.now() > end) throw new Error(`gave up waiting: ${what}`)
  }
}

/** As the administrator. @param node the primary when left out */
async function sql(cluster: Cluster, statement: string, node?: number): Promise<string> {
  const port = String(cluster.base + (node === undefined ? 0 : 10 + node))
  const { stdout } = await asOwner(
    cluster,
    'psql',
    ['-XqAt', '-p', port, '-d', 'postgres', '-c', statement],
    'postgres',
  )
  return stdout.trim()
}

function patronictl(cluster: Cluster, parameters: readonly string[], input = '') {
  const ended = run('patronictl', ['-c', join(cluster.folder, 'node1/patroni.yml'), ...parameters])
  ended.child.stdin?.end(input)
  return ended
}

/** Programs of PostgreSQL by Debian's account; they connect to the primary, as a role whose password the cluster knows. */
function asOwner(cluster: Cluster, program: string, parameters: readonly string[], role = 'replicator') {
  const [file, ...rest] = owned(program, parameters)
  const { base, folder, around } = cluster
  const connection = { PGHOST: '127.0.0.1', PGPORT: String(base), PGUSER: role, PGPASSFILE: join(folder, 'pgpass') }
  return run(file, rest, { cwd: around, env: { ...process.env, ...connection } })
}

function owned(program: string, parameters: readonly string[]): [string, ...string[]] {
  if (process.getuid?.() !== 0) return [program, ...parameters]
  return ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', program, ...parameters]
}

function dataOf({ folder }: Cluster, node: number): string {
  return join(folder, `node${node}/data`)
}
