import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeFolder } from './make-folder.js'

test('a folder is made with those above it, and one that is there is left as it is', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'colonies-folder-'))
  t.after(() => rm(root, { recursive: true }))
  const folder = join(root, 'a', 'b', 'c')
  await Promise.all([makeFolder(folder, 0o700), makeFolder(folder, 0o700), makeFolder(`${folder}/`, 0o700)])
  assert.equal((await stat(join(root, 'a'))).mode & 0o777, 0o700)
  await makeFolder(folder, 0o755)
  assert.equal((await stat(folder)).mode & 0o777, 0o700)
})

test('a folder that cannot be is an error, and never tried for ever', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'colonies-folder-'))
  t.after(() => rm(root, { recursive: true }))
  const file = join(root, 'file')
  await writeFile(file, '')
  await assert.rejects(makeFolder(file, 0o700), { code: 'EEXIST' })
  await assert.rejects(makeFolder(join(file, 'a', 'b'), 0o700), { code: 'ENOTDIR' })
  if (existsSync('/proc/self')) await assert.rejects(makeFolder('/proc/none/a/b', 0o700), { code: 'ENOENT' })
})
