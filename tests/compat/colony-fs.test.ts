import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { before, type TestContext, test } from 'node:test'
import { ColonyFs, type SyncPlan } from '@colonies/colonyfs'
import { testColony } from '@colonies/testkit'
import { storeOf } from './drive.js'
import { environmentOf, pythonWithColonies, root } from './pycolonies.js'
import { runWell } from './run.js'

const scripts = join(root, 'tests', 'compat', 'python')

let python = ''
before(async () => {
  python = await pythonWithColonies()
})

type Variables = Record<string, string>

/** Another S3 service, until the test ends. @returns the variables that point to it */
async function startMoto(t: TestContext): Promise<Variables> {
  const child = spawn(python, [join(scripts, 'moto_server.py')], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(async () => {
    child.stdin.end()
    if (child.exitCode === null) await once(child, 'exit')
  })
  const [endpoint] = (await once(createInterface(child.stdout), 'line')) as [string]
  return {
    AWS_S3_ENDPOINT: endpoint,
    AWS_S3_TLS: 'false',
    AWS_S3_SKIPVERIFY: 'false',
    AWS_S3_REGION: 'us-east-1',
    AWS_S3_BUCKET: 'elsewhere',
    AWS_S3_ACCESSKEY: 'any',
    AWS_S3_SECRETKEY: 'any',
  }
}

type Content = Record<string, Buffer>

async function start(t: TestContext, store?: Variables) {
  const home = await mkdtemp(join(tmpdir(), 'colonies-exchange-'))
  const colony = await testColony(t, { env: { COLONIES_STORE_DIR: join(home, 'store') } })
  const env = { ...environmentOf(colony), ...(store ?? (await storeOf(colony))) }
  const { user: client, name: colonyname, url: server } = colony
  // Without the variables, as whoever has only the server.
  const files = new ColonyFs({ client, colonyname, server, env: store ?? {}, stateDir: join(home, 'state') })
  t.after(async () => {
    await files.close()
    await rm(home, { recursive: true, force: true })
  })
  return {
    files,
    folder: async (name: string, content: Content = {}) => {
      const dir = join(home, name)
      await mkdir(dir)
      for (const [path, bytes] of Object.entries(content)) {
        await mkdir(dirname(join(dir, path)), { recursive: true })
        await writeFile(join(dir, path), bytes)
      }
      return dir
    },
    pycolonies: (action: 'put' | 'get', label: string, dir: string) =>
      runWell(python, [join(scripts, 'exchange_files.py'), action, label, dir], env),
  }
}

async function contentOf(dir: string): Promise<Content> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile() && entry.name !== '.cfs')
  const read = paths.map(async ({ parentPath, name }): Promise<[string, Buffer]> => {
    const path = join(parentPath, name)
    return [path.slice(dir.length + 1), await readFile(path)]
  })
  return Object.fromEntries((await Promise.all(read)).sort(([a], [b]) => (a < b ? -1 : 1)))
}

async function sync(files: ColonyFs, dir: string, label: string, deletions = false): Promise<SyncPlan> {
  const plan = await files.planSync({ dir, label, keepLocal: true, deletions })
  assert.deepEqual(await files.applySync(plan), [])
  return plan
}

const small: Content = {
  'a.bin': randomBytes(300_000),
  empty: Buffer.alloc(0),
  'ünï cödé + 日本語 %20': Buffer.from('named'),
}

async function exchange(t: TestContext, store?: Variables): Promise<void> {
  const { files, folder, pycolonies } = await start(t, store)
  const theirs = await folder('theirs', small)
  await pycolonies('put', '/theirs', theirs)
  const fromThem = await folder('from-them')
  await sync(files, fromThem, '/theirs')
  assert.deepEqual(await contentOf(fromThem), await contentOf(theirs))

  const ours = await folder('ours', small)
  await sync(files, ours, '/ours')
  const fromUs = await folder('from-us')
  await pycolonies('get', '/ours', fromUs)
  assert.deepEqual(await contentOf(fromUs), await contentOf(theirs))

  // Each over what the other one wrote.
  await writeFile(join(ours, 'a.bin'), 'newer')
  await sync(files, ours, '/theirs')
  await pycolonies('get', '/theirs', fromUs)
  assert.equal(await readFile(join(fromUs, 'a.bin'), 'utf8'), 'newer')
  await pycolonies('put', '/theirs', theirs)
  await files.get({ label: '/theirs', name: 'a.bin' }, join(ours, 'got'))
  assert.deepEqual(await readFile(join(ours, 'got')), small['a.bin'])
}

test("pycolonies and ColonyFS read each other's files in the server's own store", (t) => exchange(t))

test("pycolonies and ColonyFS read each other's files in another S3 service", async (t) => {
  await exchange(t, await startMoto(t))
})

test('ColonyFS syncs through another S3 service: many parts, the rest of a download, removals', async (t) => {
  const { files, folder } = await start(t, await startMoto(t))
  const large = randomBytes(70_000_000)
  const here = await folder('here', { ...small, 'sub/deep/b': Buffer.from('b'), large })
  await sync(files, here, '/tree')
  assert.equal(
    (await files.planSync({ dir: here, label: '/tree', keepLocal: true, deletions: false })).changes.length,
    0,
  )

  const there = await folder('there')
  const plan = await files.planSync({ dir: there, label: '/tree', keepLocal: true, deletions: false })
  const stop = new AbortController()
  const onProgress = ({ bytesDone }: { bytesDone: number }) => bytesDone > 40_000_000 && stop.abort()
  await assert.rejects(files.applySync(plan, { signal: stop.signal, onProgress: (done) => void onProgress(done) }))
  const [partial = ''] = (await readdir(there)).filter((name) => name.endsWith('.cfs-part'))
  await truncate(join(there, partial), 10_000_000)
  await sync(files, there, '/tree')
  assert.deepEqual(await contentOf(there), await contentOf(here))

  await rm(join(there, 'a.bin'))
  await sync(files, there, '/tree', true)
  await sync(files, here, '/tree', true)
  assert.deepEqual(await contentOf(here), await contentOf(there))
  assert.ok(!('a.bin' in (await contentOf(here))))
})
