import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../bin/colonies.js', import.meta.url))

test('whoever stops reading has seen enough, unless the command failed', async () => {
  assert.deepEqual(await runUnread('--help'), { code: 0, err: '' })
  const failed = await runUnread('function', 'submit', '--prvkey', 'ab'.repeat(32), '--json', '--file', '-')
  assert.equal(failed.code, 2)
  assert.match(failed.err, /Correct the line and go on with --from-line 1/)
})

test('output that has no room fails the command', { skip: !existsSync('/dev/full') && 'no /dev/full' }, async (t) => {
  const full = await open('/dev/full', 'w')
  t.after(() => full.close())
  const child = spawn(process.execPath, [bin, '--help'], { stdio: ['ignore', full.fd, 'pipe'] })
  assert.deepEqual(await endOf(child), {
    code: 1,
    err: 'The output cannot be written: ENOSPC: no space left on device, write.\n',
  })
})

/** The command with a wrong line as its input, and its output closed. */
function runUnread(...argv: string[]) {
  const env = { PATH: process.env.PATH, COLONIES_SERVERS: 'http://127.0.0.1:9', COLONIES_COLONY_NAME: 'dev' }
  const child = spawn(process.execPath, [bin, ...argv], { env })
  child.stdout.destroy()
  child.stdin.on('error', () => {}) // not every command reads it
  child.stdin.end('wrong\n')
  return endOf(child)
}

async function endOf(child: ReturnType<typeof spawn>): Promise<{ code: number; err: string }> {
  let err = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => void (err += text))
  const [code] = await once(child, 'close')
  return { code, err }
}
