import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startEmbeddedPostgres } from '@colonies/database'
import { run } from '../program.js'

test('a second start says which process runs already, what to do, and nothing else', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'colonies-dev-'))
  const running = await startEmbeddedPostgres({
    dataDir: join(folder, 'data'),
    settings: { fsync: 'off', shared_buffers: '16MB' },
    log: () => {},
  })
  t.after(async () => {
    await running.stop()
    await rm(folder, { recursive: true })
  })
  let [out, err] = ['', '']
  const code = await run(['dev', '--datadir', folder], {
    env: {},
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    profilesFile: join(folder, 'profiles.yaml'),
    openInput: () => [],
    ask: async () => undefined,
  })
  assert.deepEqual([code, out], [2, ''])
  assert.equal(
    err,
    `Colonies runs already, as process ${process.pid}, with its data in ${folder}: use that one, stop it with Ctrl-C ` +
      `or \`kill ${process.pid}\`, or start another beside it with another folder in COLONIES_DATA_DIR.\n`,
  )
  assert.deepEqual(await readdir(folder), ['data'])
})
