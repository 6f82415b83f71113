import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { generatePrivateKey } from '@colonies/identity'
import { readEnvelope } from '@colonies/protocol'
import { type TestColony, testColony } from '@colonies/testkit'
import { run } from '../program.js'

/** A colony, and `colonies function submit --file`, here with a file of these lines. */
async function scene(t: TestContext, { isTTY = false } = {}) {
  const colony = await testColony(t)
  const folder = await mkdtemp(join(tmpdir(), 'colonies-cli-'))
  colony.database.beforeDrop(() => rm(folder, { recursive: true }))
  const file = join(folder, 'many.jsonl')
  let server = colony.url
  let input: string[] = []
  const submit = async (...more: string[]) => {
    const ran = { code: 0, out: '', err: '' }
    ran.code = await run(['function', 'submit', ...more], {
      env: { COLONIES_SERVERS: server, COLONIES_COLONY_NAME: colony.name, COLONIES_PRVKEY: colony.keys.user },
      stdout: { isTTY, write: (text) => (ran.out += text) },
      stderr: { isTTY, write: (text) => (ran.err += text) },
      profilesFile: join(folder, 'profiles.yaml'),
      openInput: () => input,
      ask: async () => undefined,
    })
    return ran
  }
  return {
    colony,
    file,
    submit,
    write: (lines: string[]) => writeFile(file, lines.join('\n')),
    /** Standard input from now on. */
    give: (pieces: string[]) => (input = pieces),
    /** Where requests go from now on. */
    by: (url: string) => (server = url),
    /** How many processes there are. */
    waiting: async () => (await colony.user.getColonyStatistics({ colonyname: colony.name })).waitingprocesses,
  }
}

const line = (name: string, more: object = {}) =>
  JSON.stringify({ funcname: name, conditions: { executortype: 'cli' }, ...more })
const lines = (count: number) => Array.from({ length: count }, (_, index) => line(`f${index + 1}`))
const idsOf = (out: string) => out.split('\n').filter((id) => id !== '')

async function namesOf(colony: TestColony, ids: readonly (string | undefined)[]): Promise<string[]> {
  const names: string[] = []
  for (const processid of ids) names.push((await colony.user.getProcess({ processid: processid ?? '' })).spec.funcname)
  return names
}

test('2 500 lines become 2 500 processes, and their ids are printed in the order of the lines', async (t) => {
  const { colony, file, submit, write, waiting } = await scene(t)
  await write(lines(2500))
  const { code, out, err } = await submit('--file', file)
  assert.equal(code, 0, err)
  assert.match(
    err,
    /^Submitting .*many\.jsonl\. After an interruption, --resume \w+ goes on.*\nSubmitted 2500 processes, \d+ per second, /,
  )
  const ids = idsOf(out)
  assert.deepEqual([ids.length, new Set(ids).size, await waiting()], [2500, 2500, 2500])
  const places = [0, 999, 1000, 1001, 1999, 2000, 2499]
  assert.deepEqual(
    await namesOf(
      colony,
      places.map((place) => ids[place]),
    ),
    places.map((place) => `f${place + 1}`),
  )
})

test('what a run has submitted, it does not submit again; a line that was corrected it does', async (t) => {
  const { file, submit, write, waiting } = await scene(t)
  const many = lines(1500)
  await write(many)
  const first = await submit('--file', file, '--resume', 'monday', '-o', 'id')
  assert.deepEqual([first.code, first.err], [0, ''])
  many[1] = line('other')
  await write(many)
  const second = await submit('--file', file, '--resume', 'monday', '-o', 'id')
  const changed = idsOf(second.out).flatMap((id, place) => (id === idsOf(first.out)[place] ? [] : [place]))
  assert.deepEqual([changed, await waiting()], [[1], 1501])
  await submit('--file', file, '--resume', 'tuesday', '--from-line', '1499')
  assert.equal(await waiting(), 1503)
})

test('a line that is wrong ends the run before it, and the run goes on from there', async (t) => {
  const { colony, file, submit, write, waiting } = await scene(t)
  const many = lines(2500)
  many[1199] = line('f1200', { priority: 50_001 })
  await write(many)
  const stopped = await submit('--file', file)
  assert.equal(stopped.code, 2)
  assert.match(stopped.err, /many\.jsonl:1200: spec\.priority is outside of the range/)
  assert.match(
    stopped.err,
    /Submitted before line 1200: 1199 processes\. Correct the line and go on with --from-line 1200 --resume/,
  )
  assert.deepEqual([idsOf(stopped.out).length, await waiting()], [1199, 1199])
  many[1199] = line('f1200')
  await write(many)
  const [, resume = ''] = /--from-line 1200 (--resume \w+)\./.exec(stopped.err) ?? []
  const rest = await submit('--file', file, '--from-line', '1200', ...resume.split(' '))
  const ids = [...idsOf(stopped.out), ...idsOf(rest.out)]
  assert.deepEqual([rest.code, ids.length, await waiting()], [0, 2500, 2500])
  assert.deepEqual(await namesOf(colony, [ids[1198], ids[1199]]), ['f1199', 'f1200'])
})

test('with --keep-going lines that are wrong are left out, and told at the end', async (t) => {
  const { file, submit, write, waiting } = await scene(t)
  const wrong = [
    '{"funcname":',
    line('f', { funcnam: 'g' }),
    '[]',
    line('f', { conditions: {} }),
    line('f', { maxretries: 'x' }),
  ]
  await write([line('a'), ...wrong, line('b')])
  const told = await submit('--file', file, '--keep-going')
  assert.deepEqual([told.code, idsOf(told.out).length, await waiting()], [1, 2, 2])
  for (const reason of [
    /many\.jsonl:2: .* at position 12$/m,
    /many\.jsonl:3 has the unknown field "funcnam"/,
    /many\.jsonl:4 holds a workflow/,
    /many\.jsonl:5 does not say who may run it/,
    /many\.jsonl:6: .*maxretries/,
    /5 lines were refused, 2 processes submitted\. Correct them, leave all other lines as they are, .* --resume \w+: only/,
  ])
    assert.match(told.err, reason)
  const listed = JSON.parse((await submit('--file', file, '--keep-going', '--json')).out)
  assert.deepEqual(
    listed.map((row: { line: number; error?: { code: string } }) => [row.line, row.error?.code]),
    [[1, undefined], ...[2, 3, 4, 5, 6].map((number) => [number, 'usage']), [7, undefined]],
  )
})

test('lines come from standard input, for the colony of the command and under its label', async (t) => {
  const { colony, submit, give } = await scene(t)
  give([`${line('a')}\n\n{"func`, `name":"b","conditions":{"executortype":"cli"}}`])
  const { code, out, err } = await submit('--file', '-', '--label', 'evening', '-o', 'yaml')
  assert.equal(code, 0, err)
  const rows = [...out.matchAll(/^- \{"line":(\d),"processid":"(\w{64})"\}$/gm)].map(([, at, id]) => [at, id])
  assert.deepEqual(
    rows.map(([at]) => at),
    ['1', '3'],
  )
  const { spec } = await colony.user.getProcess({ processid: rows[1]?.[1] ?? '' })
  assert.deepEqual([spec.funcname, spec.label, spec.conditions.colonyname], ['b', 'evening', colony.name])
  give(['{'])
  const wrong = await submit('--file', '-', '--keep-going')
  assert.equal(wrong.code, 1)
  assert.match(
    wrong.err,
    /One line was refused, 0 processes submitted\. Correct it and give the same command again\.\n$/,
  )
  give([''])
  assert.deepEqual(await submit('--file', '-', '--json'), { code: 0, out: '[]\n', err: '' })
})

test('a reply that is lost doubles nothing: the batch is sent again, and known', async (t) => {
  const { colony, file, submit, write, by, waiting } = await scene(t)
  await write(lines(2500))
  const proxy = await losingAReply(t, colony.url)
  by(proxy.url)
  const { code, out, err } = await submit('--file', file)
  assert.equal(code, 0, err)
  assert.deepEqual([proxy.batches(), new Set(idsOf(out)).size, await waiting()], [4, 2500, 2500])
})

test('at a terminal nobody gets ids that were not asked for, and the line that tells how far it is goes away', async (t) => {
  const { file, submit, write } = await scene(t, { isTTY: true })
  await write(lines(2))
  const ran = await submit('--file', file)
  assert.deepEqual([ran.code, ran.out], [0, ''])
  assert.match(ran.err, /\[KSubmitted 2 processes, .* per second, .*\n$/)
  assert.equal(idsOf((await submit('--file', file, '-o', 'id')).out).length, 2)
})

test('a name that was made up is told before anything is submitted, in each format', async (t) => {
  const { file, submit, write, waiting } = await scene(t)
  await write(lines(2))
  for (const format of ['id', 'json', 'yaml']) {
    const { err } = await submit('--file', file, '-o', format)
    const [, resume = ''] = /^Submitting .* --resume (\w+) goes on with it/.exec(err) ?? []
    await submit('--file', file, '-o', format, '--resume', resume)
  }
  assert.equal(await waiting(), 6)
})

test('a run whose ids nobody reads any more fails, and tells where it goes on', async (t) => {
  const { colony } = await scene(t)
  const bin = fileURLToPath(new URL('../../bin/colonies.js', import.meta.url))
  const env = {
    PATH: process.env.PATH,
    COLONIES_SERVERS: colony.url,
    COLONIES_COLONY_NAME: colony.name,
    COLONIES_PRVKEY: colony.keys.user,
  }
  const child = spawn(process.execPath, [bin, 'function', 'submit', '--file', '-'], { env })
  t.after(() => child.kill())
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (err += text))
  child.stdin.on('error', () => {}) // it ends before it has read all
  child.stdin.write(`${lines(4001).join('\n')}\n`) // the first batch is printed when four are on their way
  await once(child.stdout, 'data')
  child.stdout.destroy()
  child.stdin.end(lines(4000).join('\n'))
  const [code] = await once(child, 'close')
  assert.equal(code, 1, err)
  assert.match(
    err,
    /Nobody reads the output any more\. Submitted before line \d001: \d000 processes\. Go on with --from-line \d001 --resume \w+\.$/m,
  )
})

test('a key that may not submit ends the run also with --keep-going', async (t) => {
  const { file, submit, write } = await scene(t)
  await write(lines(3))
  const denied = await submit('--file', file, '--keep-going', '--prvkey', generatePrivateKey(), '--json')
  assert.equal(denied.code, 4)
  assert.deepEqual(JSON.parse(denied.err.trim().split('\n').at(-1) ?? '').error.status, 403)
  assert.match(denied.err, /Submitted before line 1: 0 processes\. Go on with --from-line 1/)
})

test('what is for one function spec is refused beside --file, and the other way round', async (t) => {
  const { submit } = await scene(t)
  const refusals: readonly [argv: string[], sentence: RegExp][] = [
    [['--file', 'x', '--wait'], /--file cannot be used with --wait: that is for one function spec/],
    [['x', '--file', 'y', '--snapshot', '--timeout', '5'], /cannot be used with --spec, --snapshot, --timeout/],
    [['x', '--keep-going', '--from-line', '2'], /Only --file goes with --from-line, --keep-going/],
    [[], /Submit what\? Give --spec, .* or --file/],
    [['--file', '/none'], /\/none cannot be read: there is no such file/],
  ]
  for (const [argv, sentence] of refusals) {
    const { code, err } = await submit(...argv)
    assert.equal(code, 2)
    assert.match(err, sentence)
  }
})

/** Hands requests on, and hangs up instead of handing back the reply to the second batch, which is stored by then. */
async function losingAReply(t: TestContext, url: string) {
  let batches = 0
  const server = createServer(async (incoming, outgoing) => {
    const body = await buffer(incoming)
    const reply = await fetch(url + incoming.url, { method: 'POST', body })
    const text = await reply.text()
    if (readEnvelope(String(body)).payloadtype === 'submitbatchmsg') batches += 1
    if (batches === 2) outgoing.destroy()
    else outgoing.writeHead(reply.status).end(text)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  assert.ok(address && typeof address === 'object')
  return { url: `http://127.0.0.1:${address.port}`, batches: () => batches }
}
