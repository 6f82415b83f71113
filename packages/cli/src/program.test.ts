import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createExecutor } from '@colonies/executor'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { type TestColony, testColony } from '@colonies/testkit'
import { devFunctions } from './dev/functions.js'
import { run } from './program.js'

interface Ran {
  code: number
  out: string
  err: string
}

/** Runs the command as its user would, against a real server. */
function commandsOf(colony: TestColony, folder: string, input = '') {
  const env = {
    COLONIES_SERVERS: colony.url,
    COLONIES_COLONY_NAME: colony.name,
    COLONIES_PRVKEY: colony.keys.user,
    COLONIES_COLONY_PRVKEY: colony.keys.colony,
    COLONIES_SERVER_PRVKEY: colony.keys.server,
  }
  return async (...argv: string[]): Promise<Ran> => {
    const ran: Ran = { code: 0, out: '', err: '' }
    ran.code = await run(argv, {
      env,
      stdout: { write: (text) => (ran.out += text), columns: 100 },
      stderr: { write: (text) => (ran.err += text) },
      profilesFile: join(folder, 'profiles.yaml'),
      openInput: () => [input],
      ask: async () => undefined,
    })
    return ran
  }
}

async function commands(t: Parameters<typeof testColony>[0], input = '') {
  const colony = await testColony(t)
  const folder = await mkdtemp(join(tmpdir(), 'colonies-cli-'))
  colony.database.beforeDrop(() => rm(folder, { recursive: true }))
  const executor = createExecutor({
    connection: { endpoint: colony.url, privateKey: generatePrivateKey() },
    colonyname: colony.name,
    colonyPrivateKey: colony.keys.colony,
    name: 'local',
    type: 'dev',
    functions: devFunctions,
    report: () => {},
  })
  await executor.start()
  colony.database.beforeDrop(() => executor.stop())
  return { colony, colonies: commandsOf(colony, folder, input) }
}

test('a function is run, and its output is all that standard output has', async (t) => {
  const { colonies } = await commands(t)
  const ran = await colonies(
    'function',
    'exec',
    '--func',
    'add',
    '--args-json',
    '[1,2]',
    '--targettype',
    'dev',
    '--wait',
    '--out',
  )
  assert.deepEqual([ran.code, ran.out.trim()], [0, '3'])
  const listed = await colonies('process', 'ls', '--state', 'success', '--json')
  const [process] = JSON.parse(listed.out) as { spec: { funcname: string }; prioritytime: number }[]
  assert.equal(process?.spec.funcname, 'add')
})

test('exit codes tell programs what happened, sentences tell people', async (t) => {
  const { colonies } = await commands(t)
  const failed = await colonies('function', 'exec', '--func', 'fail', '--args', 'why', '--targettype', 'dev', '--wait')
  assert.equal(failed.code, 6)
  assert.match(failed.err, /why/)
  assert.equal((await colonies('process', 'get', 'f'.repeat(64))).code, 3)
  assert.equal((await colonies('process', 'frobnicate')).code, 2)
  assert.equal((await colonies('executor', 'get', 'nobody')).code, 3)
  const denied = await colonies('colony', 'ls', '--serverprvkey', generatePrivateKey())
  assert.equal(denied.code, 4)
  const unreachable = await colonies('executor', 'ls', '--server', 'http://127.0.0.1:1')
  assert.equal(unreachable.code, 8)
})

test('an empty list is a list', async (t) => {
  const { colonies } = await commands(t)
  assert.equal((await colonies('process', 'psf', '--json')).out.trim(), '[]')
})

test('a workflow comes from standard input, and a function spec in its place is told from it', async (t) => {
  const node = (nodename: string, dependencies: string[]) => ({
    nodename,
    funcname: 'echo',
    args: [nodename],
    conditions: { executortype: 'dev', dependencies },
  })
  const { colonies } = await commands(t, JSON.stringify([node('a', []), node('b', ['a'])]))
  const submitted = await colonies('workflow', 'submit', '--spec', '-', '--wait')
  assert.equal(submitted.code, 0, submitted.err)
  const wrong = await colonies('function', 'submit', '--spec', '-')
  assert.equal(wrong.code, 2)
  assert.match(wrong.err, /workflow submit/)
})

const node = (nodename: string, funcname: string, args: string[], dependencies: string[]) => ({
  nodename,
  funcname,
  args,
  conditions: { executortype: 'dev', dependencies },
})

test('who follows a workflow sees every node to its end, also beside one that failed', async (t) => {
  const nodes = [
    node('first', 'hello', [], []),
    node('broken', 'fail', ['why'], ['first']),
    node('slow', 'sleep', ['0.2'], ['first']),
    node('last', 'add', [], ['broken', 'slow']),
  ]
  const { colonies } = await commands(t, JSON.stringify(nodes))
  const followed = await colonies('workflow', 'submit', '--spec', '-', '--follow')
  assert.equal(followed.code, 6)
  for (const line of [/^first {3}success/m, /^broken {2}failed/m, /^slow {4}slept 0 of 0.2 s$/m, /^slow {4}success/m])
    assert.match(followed.out, line)
  assert.equal((await colonies('workflow', 'submit', '--spec', '-', '--out')).code, 2)
})

test('who follows a workflow sees no node before its parents, also when all end between two looks', async (t) => {
  // The picture of this workflow has `last` before `right`.
  const nodes = [
    node('first', 'hello', [], []),
    node('left', 'hello', [], ['first']),
    node('right', 'hello', [], ['first']),
    node('last', 'hello', [], ['left', 'right']),
    node('behind', 'hello', [], ['last']),
    node('end', 'hello', [], ['behind', 'right']),
  ]
  const { colonies } = await commands(t, JSON.stringify(nodes))
  const { code, out } = await colonies('workflow', 'submit', '--spec', '-', '--follow')
  assert.equal(code, 0)
  const [followed = ''] = out.split('\nId')
  const ended = [...followed.matchAll(/^(\w+) +success/gm)].map(([, name]) => name)
  assert.deepEqual([...ended].sort(), nodes.map(({ nodename }) => nodename).sort())
  for (const { nodename, conditions } of nodes)
    for (const parent of conditions.dependencies)
      assert.ok(ended.indexOf(parent) < ended.indexOf(nodename), `${nodename} before ${parent}: ${ended}`)
})

test('members come and go by command', async (t) => {
  const { colonies } = await commands(t)
  const key = JSON.parse((await colonies('key', 'generate', '--json')).out) as { id: string; prvkey: string }
  assert.equal((await colonies('user', 'add', '--name', 'bob', '--userid', key.id)).code, 0)
  assert.match((await colonies('user', 'ls')).out, /bob/)
  assert.equal((await colonies('executor', 'ls', '--prvkey', key.prvkey)).code, 0)
  const asked = await colonies('user', 'remove', '--name', 'bob', '--yes')
  assert.ok(asked.code === 0 || (await colonies('user', 'remove', '--name', 'bob')).code === 0, asked.err)
  assert.equal((await colonies('executor', 'ls', '--prvkey', key.prvkey)).code, 4)
})

test('an executor is made with a key of its own, which lies in a file or is printed once', async (t) => {
  const { colony, colonies } = await commands(t)
  const folder = await mkdtemp(join(tmpdir(), 'colonies-keys-'))
  colony.database.beforeDrop(() => rm(folder, { recursive: true }))
  const [keyFile, idFile] = [join(folder, 'key'), join(folder, 'id')]
  const create = (name: string, ...rest: string[]) => colonies('executor', 'create', name, '--type', 'hand', ...rest)

  const made = await create('ada', '--approve', '--keypath', keyFile, '--idpath', idFile)
  assert.equal(made.code, 0, made.err)
  const [prvkey, id] = [await readFile(keyFile, 'utf8'), await readFile(idFile, 'utf8')].map((text) => text.trim())
  assert.equal(made.out.trim(), id)
  assert.equal((await stat(keyFile)).mode & 0o777, 0o600)
  assert.equal((await colonies('process', 'assign', '--timeout', '0', '--prvkey', prvkey ?? '')).code, 3)

  const again = await create('bob', '--keypath', keyFile)
  assert.deepEqual([again.code, await readFile(keyFile, 'utf8')], [2, `${prvkey}\n`])
  const taken = await create('ada', '--keypath', join(folder, 'other'))
  assert.deepEqual([taken.code, /already exists/.test(taken.err)], [1, true])
  await assert.rejects(stat(join(folder, 'other')))
  const printed = JSON.parse((await create('cy', '--json')).out) as { executorid: string; prvkey: string }
  assert.equal(identityOf(printed.prvkey), printed.executorid)
})

test('any operation can be called by its name on the wire', async (t) => {
  const { colony, colonies } = await commands(t)
  const called = await colonies('call', 'getcolonymsg', '{}')
  assert.deepEqual(JSON.parse(called.out), { colonyid: colony.colonyOwner.id, name: 'dev' })
  assert.match((await colonies('call', 'getcolonymgs', '{}')).err, /did you mean getcolonymsg/)
})

test('a named executor is enough, and what cannot be meant is told with the way out', async (t) => {
  const { colonies } = await commands(t)
  const named = await colonies('function', 'exec', 'hello', '--executor', 'local', '--wait', '--out')
  assert.deepEqual([named.code, named.out], [0, 'hello world\n'], named.err)
  const nobody = await colonies('function', 'exec', 'hello', '--executor', 'nobody')
  assert.deepEqual([nobody.code, /no executor nobody/.test(nobody.err)], [2, true], nobody.err)
  const surplus = await colonies('function', 'exec', 'hello', 'ada', '--targettype', 'dev')
  assert.match(surplus.err, /cannot use "ada"\. Arguments of the function go into --args/)
  assert.equal(surplus.code, 2)
  for (const [words, said] of [
    [['sleep', '--args-json', '[1]'], /^Unknown option '--args-json'\. .*: `colonies function exec`\.\n$/],
    [['sleep', '1'], /cannot use "1"\. .*: `colonies function exec`\.\n$/],
    [['sleep'], /^sleep cannot be read: there is no such file\. .*: `colonies function exec`\.\n$/],
    [['sleep.json'], /^sleep.json cannot be read: there is no such file\.\n$/],
    [['sleep.json', '--lable', 'x'], /^Unknown option '--lable' \(Did you mean --label\?\)\n$/],
  ] as const) {
    const submitted = await colonies('function', 'submit', ...words)
    assert.deepEqual([submitted.code, said.test(submitted.err)], [2, true], submitted.err)
  }
  const listed = await colonies(
    'process',
    'get',
    JSON.parse((await colonies('process', 'ls', '--json')).out)[0].processid,
  )
  assert.match(listed.out, /Executor +local \([0-9a-f]{16}\)/)
})

test('a folder for `dev` that cannot be made is told, and nothing is tried for ever', async (t) => {
  const { colonies } = await commands(t)
  const { code, err } = await colonies('dev', '--datadir', join(import.meta.filename, 'data'))
  assert.equal(code, 2)
  assert.match(err, /data cannot be made: ENOTDIR.* Choose another folder with --datadir or COLONIES_DATA_DIR/)
})

test('numbers among --args that fail a process are told from those in --args-json', async (t) => {
  const { colonies } = await commands(t)
  const failed = await colonies('function', 'exec', 'fail', '--args', '7', '--targettype', 'dev', '--wait')
  assert.equal(failed.code, 6)
  assert.match(failed.err, /--args hands in texts; for numbers: --args-json/)
})

test('the name of a removed executor stays taken, and the refusal says how to go on', async (t) => {
  const { colonies } = await commands(t)
  const add = () => colonies('executor', 'add', 'ada', identityOf(generatePrivateKey()), '--type', 'maths')
  assert.equal((await add()).code, 0)
  assert.equal((await colonies('executor', 'remove', 'ada')).code, 0)
  assert.match((await add()).err, /`colonies executor approve ada` brings a removed one back/)
})
