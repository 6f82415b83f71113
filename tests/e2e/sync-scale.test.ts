import assert from 'node:assert/strict'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Client, createClient } from '@colonies/client'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { testDatabase } from '@colonies/testkit'
import { ReplicaProcess } from '../chaos/stage/replica-process.js'
import { type CliEnd, CliProcess, watchMemory } from './cli-process.js'
import { bytesOf, digestTree, makeTree, type TreeShape } from './file-tree.js'

const MB = 1_000_000
const shapes: Record<'full' | 'part', TreeShape> = {
  full: { files: 2000, bytes: 1000 * MB, large: [100 * MB, 100 * MB, 100 * MB, ...Array(20).fill(10 * MB)] },
  part: { files: 300, bytes: 150 * MB, large: [70 * MB, 10 * MB, 10 * MB] },
}
const shape = shapes[process.env.COLONIES_FS_FULL === '1' ? 'full' : 'part']
/** Neither the number of files nor their size may matter. */
const CLI_BYTES_MAX = 300 * 1024 * 1024
const SERVER_BYTES_MAX = 400 * 1024 * 1024

const colonyname = 'files'
const PARALLEL = 8

interface Desk {
  /** Where everything is; removed at the end. */
  root: string
  server: ReplicaProcess
  user: Client
  /** Begins `fs sync` of a folder, as on a machine of its own. */
  sync(dir: string, label: string): CliProcess
}

async function start(t: TestContext): Promise<Desk> {
  const { config, beforeDrop } = await testDatabase(t)
  const root = await mkdtemp(join(tmpdir(), 'colonies-sync-'))
  const keys = { server: generatePrivateKey(), colony: generatePrivateKey(), user: generatePrivateKey() }
  const server = await ReplicaProcess.on(config, keys.server, { COLONIES_STORE_DIR: join(root, 'store') })
  beforeDrop(async () => {
    await server.stop()
    await rm(root, { recursive: true, force: true })
  })
  await server.start()
  const owner = createClient({ endpoint: server.url, privateKey: keys.server, retry: { forMs: 60_000, maxMs: 200 } })
  await owner.addColony({ colony: { name: colonyname, colonyid: identityOf(keys.colony) } })
  const user = { colonyname, userid: identityOf(keys.user), name: 'me' }
  await owner.as(keys.colony).addUser({ user })
  return {
    root,
    server,
    user: owner.as(keys.user),
    sync: (dir, label) =>
      new CliProcess(['fs', 'sync', dir, '--label', label, '--yes', '--parallel', String(PARALLEL)], {
        HOME: join(root, 'home'),
        XDG_STATE_HOME: `${dir}.state`,
        COLONIES_SERVERS: server.url,
        COLONIES_COLONY_NAME: colonyname,
        COLONIES_PRVKEY: keys.user,
      }),
  }
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    if (await isSo()) return
    // sleeps: how far another process has come is only seen by looking
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  assert.fail(`in a minute it did not come to this: ${what}`)
}

function ended({ code, out, err }: CliEnd): void {
  assert.equal(code, 0, `${out}\n${err}`)
}

/** A command that came this far before the kill is no interruption. */
async function killAt(desk: Desk, sync: CliProcess, victim: 'command' | 'server', isHalf: () => Promise<boolean>) {
  await until(`the ${victim} is to be killed`, isHalf)
  assert.ok(sync.isRunning, 'it was too fast to be interrupted')
  if (victim === 'command') sync.signal('SIGKILL')
  else {
    await desk.server.kill()
    await desk.server.start()
  }
  return sync.ended
}

test(`a folder of ${shape.files} files goes up and comes down in little memory`, { timeout: 280_000 }, async (t) => {
  const desk = await start(t)
  const [here, there, copy] = ['here', 'there', 'copy'].map((name) => join(desk.root, name)) as [string, string, string]
  await mkdir(here)
  await makeTree(here, shape)
  const bytes = await bytesOf(here)
  const copying = performance.now()
  await cp(here, copy, { recursive: true })
  const copied = (performance.now() - copying) / 1000
  await rm(copy, { recursive: true })

  const memory = watchMemory(desk.server.pid)
  const up = await desk.sync(here, '/tree').ended
  ended(up)
  const down = await desk.sync(there, '/tree').ended
  ended(down)
  const serverBytes = memory.end()
  assert.deepEqual(await digestTree(there), await digestTree(here))
  const again = await desk.sync(here, '/tree').ended
  assert.match(again.err, /nothing to do/)

  const rate = (seconds: number) =>
    `${seconds.toFixed(1)} s, ${Math.round(bytes / MB / seconds)} MB/s, ${Math.round(shape.files / seconds)} files/s`
  const mib = (count: number) => `${Math.round(count / 2 ** 20)} MiB`
  t.diagnostic(`${shape.files} files, ${Math.round(bytes / MB)} MB`)
  t.diagnostic(`copy   ${rate(copied)}`)
  t.diagnostic(`up     ${rate(up.seconds)}; at most ${mib(up.bytesMax)}`)
  t.diagnostic(`down   ${rate(down.seconds)}; at most ${mib(down.bytesMax)}`)
  t.diagnostic(`again  ${rate(again.seconds)}; at most ${mib(again.bytesMax)}`)
  t.diagnostic(`server at most ${mib(serverBytes)}`)
  for (const { bytesMax } of [up, down, again]) assert.ok(bytesMax < CLI_BYTES_MAX, mib(bytesMax))
  assert.ok(serverBytes < SERVER_BYTES_MAX, mib(serverBytes))
})

test('a sync goes on after the command was killed, and through a kill of the server', {
  timeout: 280_000,
}, async (t) => {
  const desk = await start(t)
  const [here, there] = [join(desk.root, 'here'), join(desk.root, 'there')]
  await mkdir(here)
  await makeTree(here, shape)
  const bytes = await bytesOf(here)
  const stored = async () => Number((await desk.user.getStore({ colonyname })).usedbytes) / bytes
  const came = async () => (await bytesOf(there)) / bytes

  await killAt(desk, desk.sync(here, '/tree'), 'command', async () => (await stored()) > 0.25)
  ended(await killAt(desk, desk.sync(here, '/tree'), 'server', async () => (await stored()) > 0.6))
  // What was on its way when the command died has no file; the server removes it after a day.
  const largest = Math.max(...shape.large)
  assert.ok((await stored()) * bytes <= bytes + PARALLEL * largest * 2, 'bytes were stored again and again')
  assert.equal((await desk.user.getFileTree({ colonyname, label: '/tree', count: 1 })).length, 1)

  await killAt(desk, desk.sync(there, '/tree'), 'command', async () => (await came()) > 0.25)
  ended(await killAt(desk, desk.sync(there, '/tree'), 'server', async () => (await came()) > 0.6))
  assert.deepEqual(await digestTree(there), await digestTree(here))
  const again = await desk.sync(here, '/tree').ended
  assert.match(again.err, /nothing to do/)
})
