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

test('lines of a step are told while it runs', async () => {
  /** @type {string[]} */
  const lines = []
  // Ends only when its first line was heard.
  const code =
    "process.on('SIGUSR2', () => process.exit()); console.log('begun'); setTimeout(() => process.exit(9), 20_000)"
  const ended = await runNode(['-e', `console.log(process.pid); ${code}`], {
    onLine(line) {
      lines.push(line)
      if (line === 'begun') process.kill(Number(lines[0]), 'SIGUSR2')
    },
  })
  assert.deepEqual([ended.code, lines[1]], [0, 'begun'])
})
