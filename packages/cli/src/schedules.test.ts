import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { testColony } from '@colonies/testkit'
import { run } from './program.js'

/** A colony with a workflow in a file, and the command as its user would type it, in words. */
async function scene(t: TestContext, input = '') {
  const colony = await testColony(t)
  const folder = await mkdtemp(join(tmpdir(), 'colonies-cli-'))
  colony.database.beforeDrop(() => rm(folder, { recursive: true }))
  const file = join(folder, 'workflow.yaml')
  await writeFile(
    file,
    '- {nodename: fetch, funcname: get, conditions: {executortype: cli}}\n' +
      '- {nodename: store, funcname: put, args: [12345678901234567890], conditions: {executortype: cli, dependencies: [fetch]}}\n',
  )
  const colonies = async (...argv: string[]) => {
    let [out, err] = ['', '']
    const code = await run(argv, {
      env: { COLONIES_SERVERS: colony.url, COLONIES_COLONY_NAME: 'dev', COLONIES_PRVKEY: colony.keys.user },
      stdout: { write: (text) => (out += text), columns: 200 },
      stderr: { write: (text) => (err += text) },
      profilesFile: join(folder, 'profiles.yaml'),
      openInput: () => [input],
      ask: async () => undefined,
    })
    return { code, out: out.trim(), err }
  }
  return { colony, file, colonies }
}

test('a cron is added, listed, shown, run and removed by its name', async (t) => {
  const { colony, file, colonies } = await scene(t)
  const added = await colonies('cron', 'add', 'nightly', '--spec', file, '--cron', '0 0 3 * * *', '--timezone', 'UTC')
  assert.equal(added.code, 0, added.err)
  assert.match(added.out, /^[0-9a-f]{64}$/)
  assert.match(added.err, /Cron nightly was added; it runs at \d{4}-[\d-]+ [\d:]+ UTC/)
  const listed = await colonies('cron', 'ls')
  assert.match(listed.out, /nightly\s+0 0 3 \* \* \*\s+\d{4}-[\d-]+ [\d:]+ UTC/)
  const [cron] = JSON.parse((await colonies('cron', 'ls', '--json')).out) as { workflowspec: string }[]
  assert.match(cron?.workflowspec ?? '', /12345678901234567890/)
  const shown = await colonies('cron', 'get', 'nightly')
  assert.match(shown.out, /Time zone\s+UTC/)
  assert.match(shown.out, /store\s+put\s+cli\s+fetch/)
  const ran = await colonies('cron', 'run', added.out.slice(0, 20))
  assert.equal(ran.code, 0, ran.err)
  const { nodes } = await colony.user.getProcessGraph({ processgraphid: ran.out })
  assert.equal(nodes.length, 2)
  assert.equal((await colonies('cron', 'remove', 'nightly')).code, 2)
  assert.equal((await colonies('cron', 'remove', '--cronid', added.out, '--yes')).code, 0)
  const gone = await colonies('cron', 'get', 'nightly')
  assert.equal(gone.code, 2)
  assert.match(gone.err, /no cron with name or id nightly: colonies cron ls/)
  assert.equal((await colonies('cron', 'ls')).err.trim(), 'No crons.')
})

test('the spellings of the original work, and what makes no sense is told before it is sent', async (t) => {
  const { file, colonies } = await scene(t)
  const old = await colonies(
    'cron',
    'add',
    '--name',
    'old',
    '--spec',
    file,
    '--interval',
    '10',
    '--random',
    '--waitprevious',
  )
  assert.equal(old.code, 0, old.err)
  assert.match((await colonies('cron', 'ls', '--count', '20')).out, /old\s+every 1 to 10 s/)
  const started = await colonies('cron', 'run', '--cronid', old.out)
  const waits = await colonies('cron', 'run', '--cronid', old.out)
  assert.match(waits.err, new RegExp(`waits for its workflow ${started.out.slice(0, 16)}: nothing was started`))
  const never = await colonies('cron', 'add', 'x', '--spec', file)
  assert.equal(never.code, 2)
  assert.match(never.err, /When is it to run\? Give --cron "0 0 3 \* \* \*" or --interval 60/)
  assert.equal((await colonies('cron', 'add', 'x', '--spec', file, '--cron', '@daily', '--overlap', 'queue')).code, 2)
  const bad = await colonies('cron', 'add', 'x', '--spec', file, '--cron', '* * * * *')
  assert.match(bad.err, /"\* \* \* \* \*" is no cron expression: expected exactly 6 fields, found 5/)
})

test('what a cron would not look at is refused', async (t) => {
  const { file, colonies } = await scene(t)
  const add = async (...when: string[]) => (await colonies('cron', 'add', 'x', '--spec', file, ...when)).err
  assert.match(await add('--cron', '@daily', '--interval', '5'), /--cron or --interval, not both/)
  assert.match(await add('--cron', '@daily', '--random'), /--random goes with --interval/)
  assert.match(await add('--interval', '5', '--timezone', 'UTC'), /--timezone goes with --cron/)
  assert.match(await add('--cron', '@daily', '--timezone', 'Mars'), /no IANA time zone: Mars/)
})

test('the next planned times are told without a server', async (t) => {
  const { colonies } = await scene(t)
  const next = await colonies('cron', 'next', '0 30 2 29 2 *', '--count', '2', '--server', 'http://127.0.0.1:1')
  assert.match(next.out, /^\d{4}-02-29T02:30:00Z\n\d{4}-02-29T02:30:00Z$/)
  assert.match((await colonies('cron', 'next', '0 0 0 30 2 *')).err, /It never runs/)
  assert.match(
    (await colonies('cron', 'next', '@foo')).err,
    /"@foo" is no cron expression: unrecognized descriptor: @foo/,
  )
  assert.match((await colonies('cron', 'next', '@daily', '--timezone', 'Mars')).err, /--timezone takes names such as/)
  assert.match((await colonies('cron', 'add', '--help')).out, /Examples:\n {2}colonies cron add nightly --spec/)
})

test('a generator is added, packed, listed, shown and removed by its name', async (t) => {
  const { colony, file, colonies } = await scene(t, 'a line\n\nanother\r\n')
  const without = await colonies('generator', 'add', 'images', '--spec', file)
  assert.match(without.err, /Give --trigger, such as --trigger 10/)
  const added = await colonies(
    'generator',
    'add',
    '--name',
    'images',
    '--spec',
    file,
    '--trigger',
    '10',
    '--timeout',
    '60',
  )
  assert.equal(added.code, 0, added.err)
  const one = await colonies('generator', 'pack', '--generatorid', added.out, '--arg', 'first')
  assert.match(one.err, /One argument was packed/)
  const more = await colonies('generator', 'pack', 'images', '--arg', 'x', '--arg', 'y', '--lines', '-')
  assert.match(more.err, /4 arguments were packed/)
  assert.equal((await colonies('generator', 'pack', 'images')).code, 2)
  assert.match((await colonies('generator', 'ls')).out, /images\s+5 of 10\s+\d{4}-/)
  const shown = (await colonies('generator', 'get', 'images')).out
  assert.match(shown, /Timeout\s+60 s/)
  assert.match(shown, /Queue\s+5/)
  const rows = await colony.user.getGenerators({ colonyname: 'dev', count: 10 })
  assert.deepEqual(
    rows.map(({ queuesize, trigger }) => [queuesize, trigger]),
    [[5, 10]],
  )
  assert.equal((await colonies('generator', 'remove', 'images', '--yes')).code, 0)
  assert.equal((await colonies('generator', 'ls', '--json')).out, '[]')
})

test('more arguments than one request takes are packed in order', async (t) => {
  const { colony, file, colonies } = await scene(t, Array.from({ length: 2500 }, (_, n) => `a${n}`).join('\n'))
  await colonies('generator', 'add', 'many', '--spec', file, '--trigger', '3000')
  const packed = await colonies('generator', 'pack', 'many', '--lines', '-')
  assert.match(packed.err, /2500 arguments were packed/)
  const [generator] = await colony.user.getGenerators({ colonyname: 'dev', count: 1 })
  assert.equal(generator?.queuesize, 2500)
})
