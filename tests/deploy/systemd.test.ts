import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { testDatabase } from '@colonies/testkit'
import { deployFolder } from './given-files.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../../', import.meta.url))
const unitFile = join(deployFolder, 'systemd/colonies.service')
const environmentFile = join(deployFolder, 'systemd/colonies.env')

/** What `EnvironmentFile` sets. */
async function readEnvironment(): Promise<Record<string, string>> {
  const lines = (await readFile(environmentFile, 'utf8')).split('\n').filter((line) => /^[A-Z]/.test(line))
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)))
}

test('systemd takes the unit, and finds it well shut off', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'colonies-unit-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  // systemd looks whether the program is there; where Node is, differs.
  const unit = (await readFile(unitFile, 'utf8')).replaceAll('/usr/bin/node', process.execPath)
  const file = join(folder, 'colonies.service')
  await writeFile(file, unit)
  const { stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', file])
  assert.equal(stdout + stderr, '')
  // 10 is wide open, 0 shut. Rejects when it is above the threshold, in tenths.
  await run('systemd-analyze', ['security', '--offline=true', '--threshold=25', file])
})

test('the command of the unit starts a replica with its file of variables, and SIGTERM ends it', async (t) => {
  const { config, beforeDrop } = await testDatabase(t)
  const unit = await readFile(unitFile, 'utf8')
  const [program, ...parameters] = (/^ExecStart=(.*)$/m.exec(unit)?.[1] ?? '').split(' ')
  assert.equal(program, '/usr/bin/node')
  const child = spawn(process.execPath, parameters, {
    cwd: root, // WorkingDirectory
    env: {
      ...(await readEnvironment()),
      // The machine of a test has the database, and the ports, somewhere else.
      COLONIES_DB_HOST: config.host,
      COLONIES_DB_PORT: String(config.port),
      COLONIES_DB_USER: config.user,
      COLONIES_DB_PASSWORD: config.password,
      COLONIES_DB_NAME: config.database,
      COLONIES_SERVER_HTTP_HOST: '127.0.0.1',
      COLONIES_SERVER_HTTP_PORT: '0',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise<[number | null, string | null]>((resolve) =>
    child.once('exit', (code, signal) => resolve([code, signal])),
  )
  beforeDrop(async () => child.kill('SIGKILL'))
  let said = ''
  const ready = new Promise<void>((resolve) => {
    child.stderr.on('data', (chunk) => {
      said += chunk.toString()
      if (said.includes('the server is ready')) resolve()
    })
  })
  const early = ended.then(([code]) => assert.fail(`the server ended with ${code}: ${said}`))
  await Promise.race([ready, early])
  early.catch(() => {}) // from here on it may end
  const stopSeconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])
  const killed = setTimeout(() => child.kill('SIGKILL'), stopSeconds * 1000)
  child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
  clearTimeout(killed)
})
