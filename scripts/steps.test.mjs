import assert from 'node:assert/strict'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from './source-files.mjs'
import { runNode } from './steps.mjs'

test('a step is told the real path of the repository, whatever link somebody came through', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'colonies-link-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const link = join(folder, 'colonies')
  await symlink(root, link)
  const { result } = await runNode(['-p', 'process.env.PWD'], { env: { ...process.env, PWD: link } })
  assert.equal(result, root)
})
