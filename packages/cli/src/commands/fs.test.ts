import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { testColony } from '@colonies/testkit'
import { run } from '../program.js'

/** Commands of a user with a folder of their own. @param answer what the user types when asked; undefined: no terminal */
async function desk(t: TestContext, options: { answer?: string; env?: Record<string, string> } = {}) {
  const colony = await testColony(t, options)
  const home = await mkdtemp(join(tmpdir(), 'colonies-fs-'))
  colony.database.beforeDrop(() => rm(home, { recursive: true }))
  const env = {
    COLONIES_SERVERS: colony.url,
    COLONIES_COLONY_NAME: colony.name,
    COLONIES_PRVKEY: colony.keys.user,
    XDG_STATE_HOME: join(home, 'state'),
  }
  const colonies = async (more: Record<string, string>, ...argv: string[]) => {
    const ran = { code: 0, out: '', err: '' }
    ran.code = await run(argv, {
      env: { ...env, ...more },
      stdout: { write: (text) => (ran.out += text), columns: 200 },
      stderr: { write: (text) => (ran.err += text) },
      profilesFile: join(home, 'profiles.yaml'),
      openInput: () => [JSON.stringify({ funcname: 'f', conditions: { executortype: 'cli' }, fs: spec })],
      ask: async () => options.answer,
    })
    return ran
  }
  const spec = { mount: '/cfs', snapshots: [{ label: '/src', dir: '/src' }] }
  const dir = join(home, 'work')
  const write = async (path: string, content = path) => {
    await mkdir(join(dir, path, '..'), { recursive: true })
    await writeFile(join(dir, path), content)
  }
  return { colony, home, dir, write, with: colonies, fs: (...argv: string[]) => colonies({}, 'fs', ...argv) }
}

test('a folder is synced after its plan was shown, and the label is known from then on', async (t) => {
  const { fs, dir, write, home } = await desk(t)
  await write('a')
  await write('sub/b', '')
  const folder = await fs('put', dir, '/src/x')
  assert.equal(folder.code, 2)
  assert.match(folder.err, /is a folder: `colonies fs sync /)
  assert.match((await fs('info', '/src/x')).err, /not found in label <\/src>\. `colonies fs ls` lists what there is/)
  const dry = await fs('sync', dir, '--label', '/src', '--dry', '--syncplans')
  assert.equal(dry.code, 0)
  assert.match(dry.err, /upload: 2 files[\s\S]*sub\/b/)
  assert.equal((await fs('ls', '/src', '--json')).out.trim(), '[]')
  const asked = await fs('sync', dir, '--label', '/src')
  assert.equal(asked.code, 2)
  assert.match(asked.err, /give --yes/)
  const quiet = await fs('sync', dir, '--label', 'src/', '--yes', '--quiet')
  assert.deepEqual(quiet, { code: 0, out: '', err: '' })
  const again = await fs('sync', dir, '--json')
  assert.equal(again.code, 0)
  assert.deepEqual(JSON.parse(again.out), { dir, label: '/src', unchanged: 2, done: false, changes: [], failed: [] })
  const elsewhere = await fs('sync', join(home, 'new'), '--yes')
  assert.equal(elsewhere.code, 2)
  assert.match(elsewhere.err, /--label/)
  assert.equal((await fs('sync', dir, '--quiet')).code, 2)
  assert.equal((await fs('sync', dir, '--label', '/a/../b', '--yes')).code, 2)
})

test('whoever says no changes nothing', async (t) => {
  const { fs, dir, write } = await desk(t, { answer: 'no' })
  await write('a')
  const refused = await fs('sync', dir, '--label', '/src')
  assert.deepEqual([refused.code, /Nothing was done/.test(refused.err)], [2, true])
  assert.equal((await fs('ls', '--json')).out.trim(), '[]')
})

test('what cannot be read or written is told by its path, and the rest is done', async (t) => {
  const { fs, dir, write, home } = await desk(t)
  await write('good')
  await symlink('/proc/self/mem', join(dir, 'bad')) // reading it fails for everybody, also for root
  const up = await fs('sync', dir, '--label', '/src', '--yes', '--json')
  assert.equal(up.code, 1)
  const { failed } = JSON.parse(up.out) as { failed: { path: string; error: string }[] }
  assert.deepEqual(
    failed.map(({ path }) => path),
    ['bad'],
  )
  assert.match(failed[0]?.error ?? '', /bad: .*\(E\w+\)/)
  assert.match((await fs('ls', '/src')).out, /\/src\/good/)
  const other = join(home, 'other')
  await mkdir(join(other, 'good', 'inside'), { recursive: true })
  const down = await fs('sync', other, '--label', '/src', '--yes')
  assert.equal(down.code, 1)
  assert.match(down.out, /good: a folder has this name here; move it away/)
  const nowhere = await fs('sync', join(dir, 'good', 'x'), '--label', '/src', '--yes')
  assert.equal(nowhere.code, 1)
  assert.match(nowhere.err, /a file stands where a folder has to be/)
  const missing = await fs('put', join(dir, 'missing'), '/src/x')
  assert.match(missing.err, /missing: there is no such file here/)
})

test('files are put, shown, brought back and removed; what is not there is told', async (t) => {
  const { fs, dir, write, home } = await desk(t)
  await write('a', 'content')
  assert.equal((await fs('put', join(dir, 'a'), '/docs/')).out.trim(), '/docs/a')
  assert.match((await fs('info', '/docs/a')).out, /7 bytes/)
  const got = await fs('get', '/docs/a', join(home, 'copy'), '-o', 'id')
  assert.equal(await readFile(got.out.trim(), 'utf8'), 'content')
  assert.equal((await fs('get', '/docs/none')).code, 3)
  assert.equal((await fs('get', 'docs/')).code, 2)
  assert.equal((await fs('remove', '/docs/a')).code, 2)
  assert.equal((await fs('remove', '/docs/a', '--yes')).code, 0)
  assert.equal((await fs('remove', '/docs/a', '--yes')).code, 3)
  assert.equal((await fs('label', 'ls', '--json')).out.trim(), '[]')
})

test('clean removes here what the label does not have, and never all because of a typing error', async (t) => {
  const { fs, dir, write } = await desk(t)
  await write('kept')
  await write('sub/kept')
  await fs('sync', dir, '--label', '/src', '--yes')
  await write('surplus')
  await write('new/deep/surplus')
  await write('kept', 'changed')
  const dry = await fs('clean', dir, '--dry')
  assert.match(dry.err, /remove here: new\/deep\/surplus\n.*remove here: surplus/)
  assert.equal((await fs('clean', dir)).code, 2)
  const typo = await fs('clean', dir, '--label', '/scr', '--yes')
  assert.deepEqual([typo.code, /label ls/.test(typo.err)], [3, true])
  assert.equal((await fs('clean', dir, '--yes', '--quiet')).code, 0)
  assert.deepEqual((await readdir(dir, { recursive: true })).sort(), ['.cfs', 'kept', 'sub', 'sub/kept'])
  assert.equal(await readFile(join(dir, 'kept'), 'utf8'), 'changed')
})

test('a function is submitted with snapshots of its labels, and a snapshot is brought here', async (t) => {
  const { fs, dir, write, with: colonies, home } = await desk(t)
  await write('main.py')
  await fs('sync', dir, '--label', '/src', '--yes')
  const submitted = await colonies({}, 'function', 'submit', '--spec', '-', '--snapshot', '--json')
  assert.equal(submitted.code, 0, submitted.err)
  const { spec } = JSON.parse(submitted.out) as { spec: { fs: { snapshots: { snapshotid: string; dir: string }[] } } }
  const [snapshot] = spec.fs.snapshots
  assert.equal(snapshot?.dir, '/src')
  await fs('remove', '/src/main.py', '--yes')
  const brought = await fs('snapshot', 'download', '--snapshotid', snapshot?.snapshotid ?? '', '--dir', join(home, 's'))
  assert.equal(brought.code, 0, brought.err)
  assert.deepEqual(await readdir(join(home, 's')), ['main.py'])
  assert.equal((await fs('snapshot', 'get', 'none')).code, 3)
})

test('labels and snapshots are removed with all below them, after a yes', async (t) => {
  const { fs, dir, write } = await desk(t)
  await write('a')
  await write('sub/b')
  await fs('sync', dir, '--label', '/src', '--yes')
  await fs('put', join(dir, 'a'), '/src/a')
  assert.equal((await fs('info', '/src/a', '--revisions', '-o', 'id')).out.trim().split('\n').length, 2)
  assert.match((await fs('info', '--fileid', 'f', '--revisions')).err, /give label and name as \/data\/a\.txt/)
  const [first] = JSON.parse((await fs('snapshot', 'create', '/src', 'one', '--json')).out).fileids as string[]
  await fs('snapshot', 'create', '/src', 'two')
  assert.match((await fs('label', 'ls', '/src')).out, /\/src +2\n\/src\/sub +1/)
  assert.equal((await fs('label', 'remove', '/src')).code, 2)
  assert.match((await fs('label', 'remove', '/src', '--yes')).err, /3 revisions were removed/)
  assert.equal((await fs('ls', '--json')).out.trim(), '[]')
  assert.equal((await fs('info', '--fileid', first ?? '')).code, 0) // a snapshot has it
  assert.equal((await fs('snapshot', 'remove', 'one', '--yes')).code, 0)
  assert.equal((await fs('snapshot', 'remove', 'one', '--yes')).code, 3)
  assert.match((await fs('snapshot', 'ls')).out, /two/)
  assert.equal((await fs('snapshot', 'removeall', '--yes')).code, 0)
  assert.equal((await fs('snapshot', 'ls', '--json')).out.trim(), '[]')
})

test('where the store is, and what other clients of S3 need', async (t) => {
  const { with: colonies, colony } = await desk(t)
  const info = await colonies({}, 'store', 'info')
  assert.match(info.out, new RegExp(new URL(colony.url).host))
  const env = JSON.parse((await colonies({}, 'store', 'env', '--json')).out) as Record<string, string>
  assert.equal(env.AWS_S3_ENDPOINT, new URL(colony.url).host)
  assert.match((await colonies({}, 'store', 'env')).out, /^export AWS_S3_SECRETKEY=\S+$/m)
})

test('a store that refuses, or that is not there, is named with its variables', async (t) => {
  const { with: colonies, colony, dir, write } = await desk(t)
  await write('a')
  const store = await colony.user.getStore({ colonyname: colony.name })
  const wrongKeys = {
    AWS_S3_ENDPOINT: new URL(colony.url).host,
    AWS_S3_ACCESSKEY: store.accesskey,
    AWS_S3_SECRETKEY: 'wrong',
  }
  const refused = await colonies(wrongKeys, 'fs', 'sync', dir, '--label', '/src', '--yes')
  assert.equal(refused.code, 1)
  assert.match(refused.err + refused.out, /AWS_S3_SECRETKEY/)
})

test('a server without a store says how to get one', async (t) => {
  const { fs, dir, write } = await desk(t, { env: { COLONIES_STORE: 'false' } })
  await write('a')
  const { code, err } = await fs('sync', dir, '--label', '/src', '--yes')
  assert.equal(code, 3)
  assert.match(err, /AWS_S3_ENDPOINT/)
})

test('Ctrl-C in the middle says how to go on', async (t) => {
  const { with: colonies, dir, write } = await desk(t)
  await write('a')
  // Takes connections and never answers, so the command is in the middle for as long as it takes.
  const silent = createServer(() => process.kill(process.pid, 'SIGINT')).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.after(() => silent.close())
  const address = silent.address()
  const endpoint = { AWS_S3_ENDPOINT: `127.0.0.1:${typeof address === 'object' ? address?.port : 0}` }
  const { code, err } = await colonies(endpoint, 'fs', 'sync', dir, '--label', '/src', '--yes')
  assert.notEqual(code, 0)
  assert.match(err, /interrupted; run it again to go on/)
})
