import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { DatabaseConfig } from '@colonies/database'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { databaseVariables, testDatabase } from '@colonies/testkit'
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
  const { child, ended, said } = await startAsUnit(config, { COLONIES_SERVER_ID: identityOf(generatePrivateKey()) })
  beforeDrop(async () => child.kill('SIGKILL'))
  const ready = new Promise<void>((resolve) => {
    child.stderr.on('data', () => {
      if (said().includes('the server is ready')) resolve()
    })
  })
  const early = ended.then(([code]) => assert.fail(`the server ended with ${code}: ${said()}`))
  await Promise.race([ready, early])
  early.catch(() => {}) // from here on it may end
  const stopSeconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(await readFile(unitFile, 'utf8'))?.[1])
  const killed = setTimeout(() => child.kill('SIGKILL'), stopSeconds * 1000)
  child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
  clearTimeout(killed)
})

test('the file of variables names no server owner: until somebody writes one in, the start ends with a sentence', async (t) => {
  const { config, beforeDrop } = await testDatabase(t)
  const { child, ended, said } = await startAsUnit(config)
  beforeDrop(async () => child.kill('SIGKILL'))
  assert.deepEqual(await ended, [2, null])
  assert.match(said(), /no server owner yet: set COLONIES_SERVER_ID/)
})

/** @param variables that are written into the file */
async function startAsUnit(config: DatabaseConfig, variables: Record<string, string> = {}) {
  const [program, ...parameters] = (/^ExecStart=(.*)$/m.exec(await readFile(unitFile, 'utf8'))?.[1] ?? '').split(' ')
  assert.equal(program, '/usr/bin/node')
  const child = spawn(process.execPath, parameters, {
    cwd: root, // WorkingDirectory
    env: {
      ...(await readEnvironment()),
      // The machine of a test has the database, and the ports, somewhere else.
      ...databaseVariables(config),
      COLONIES_SERVER_HTTP_HOST: '127.0.0.1',
      COLONIES_SERVER_HTTP_PORT: '0',
      ...variables,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk.toString()
  })
  const ended = new Promise<[number | null, string | null]>((resolve) =>
    child.once('exit', (code, signal) => resolve([code, signal])),
  )
  return { child, ended, said: () => said }
}
