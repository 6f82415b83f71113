import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { profilesWarning, readProfiles, writeProfiles } from './profiles.js'
import { run } from './program.js'

function profilesFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'colonies-profiles-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'made', 'profiles.yaml')
}

test('profiles come back as they were written, and only their owner may read them', (t) => {
  const file = profilesFile(t)
  assert.deepEqual(readProfiles(file), { profiles: {} })
  const profiles = { current: 'a', profiles: { a: { server: 'http://a:1', prvkey: '0'.repeat(64) } } }
  writeProfiles(file, profiles)
  assert.deepEqual(readProfiles(file), profiles)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal(profilesWarning(file), undefined)
  chmodSync(file, 0o644)
  assert.match(profilesWarning(file) ?? '', /chmod 600/)
})

test('a file that is none of ours is refused with what is wrong', (t) => {
  const file = profilesFile(t)
  writeProfiles(file, { profiles: {} })
  const faults: readonly [text: string, sentence: RegExp][] = [
    ['- a', /must hold `current` and `profiles`/],
    ['profiles: {a: {colny: x}}', /unknown field "colny"/],
    ['profiles: {a: {colony: 1}}', /must be a text/],
    ['a: [', /cannot be read/],
  ]
  for (const [text, sentence] of faults) {
    writeFileSync(file, text)
    assert.throws(() => readProfiles(file), sentence)
  }
})

/** Runs the command, which reads this file. */
async function colonies(profilesFile: string, env: Record<string, string>, argv: readonly string[]) {
  let out = ''
  const stdout = { write: (text: string) => (out += text) }
  const io = { env, stdout, stderr: stdout, profilesFile, openInput: () => [''], ask: async () => undefined }
  return { code: await run(argv, io), out }
}

test('config view says where each value is from, and shows no key; config env has all for programs', async (t) => {
  const file = profilesFile(t)
  const key = generatePrivateKey()
  const view = async (env: Record<string, string>, ...argv: string[]) => {
    const { code, out } = await colonies(file, env, argv)
    assert.equal(code, 0, out)
    return out
  }
  await view({ COLONIES_PRVKEY: key }, 'profile', 'add', 'work', '--colony', 'dev', '--server', 'http://a:1,http://b:2')
  const out = await view({ COLONIES_SERVER_PORT: '7' }, 'config', 'view', '--colony', 'other', '--json')
  const rows = JSON.parse(out) as { name: string; value: string; origin: string }[]
  const shown = Object.fromEntries(rows.map(({ name, value, origin }) => [name, [value, origin]]))
  assert.deepEqual(shown.server, ['http://localhost:7', 'COLONIES_SERVER_PORT'])
  assert.deepEqual(shown.colony, ['other', '--colony'])
  assert.deepEqual(shown.prvkey, [`key of ${identityOf(key)}`, 'profile work'])
  assert.ok(!out.includes(key))
  assert.deepEqual((await view({}, 'config', 'env')).trim().split('\n'), [
    `export COLONIES_SERVER_HOST='a'`,
    `export COLONIES_SERVER_PORT='1'`,
    `export COLONIES_TLS='false'`,
    `export COLONIES_SERVER_TLS='false'`,
    `export COLONIES_COLONY_NAME='dev'`,
    `export COLONIES_PRVKEY='${key}'`,
  ])
})

test('where nothing is set, config ls says how to begin, and a key that is set but empty is told', async (t) => {
  const file = profilesFile(t)
  const nothing = /Nothing is set yet\. `npm start` .*`colonies profile add NAME/
  assert.match((await colonies(file, {}, ['config', 'ls'])).out, nothing)
  const env = { COLONIES_COLONY_NAME: 'dev' }
  const set = await colonies(file, env, ['config', 'ls'])
  assert.deepEqual([set.code, nothing.test(set.out), /colony .*dev\n/.test(set.out)], [0, false, true], set.out)
  const needing = async (env: Record<string, string>, ...options: string[]) =>
    (await colonies(file, env, ['process', 'ls', ...options])).out
  assert.match(await needing(env), /^This needs the key of a user or executor: set COLONIES_PRVKEY, give/)
  assert.match(await needing({ ...env, COLONIES_PRVKEY: '' }), /, and COLONIES_PRVKEY is empty: set COLONIES_PRVKEY, /)
  assert.match(await needing(env, '--prvkey', ''), /, and --prvkey is empty: set COLONIES_PRVKEY, /)
})
