import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { testColony } from '@colonies/testkit'
import { run } from './program.js'

/** An executor that works by commands alone. */
async function executorByCommands(t: TestContext) {
  const colony = await testColony(t)
  const folder = await mkdtemp(join(tmpdir(), 'colonies-cli-'))
  colony.database.beforeDrop(() => rm(folder, { recursive: true }))
  const key = generatePrivateKey()
  const as = (prvkey: string) => {
    const env = {
      COLONIES_SERVERS: colony.url,
      COLONIES_COLONY_NAME: colony.name,
      COLONIES_PRVKEY: prvkey,
      COLONIES_COLONY_PRVKEY: colony.keys.colony,
    }
    return async (line: string, input = '') => {
      let out = ''
      let err = ''
      const code = await run(line.split(' '), {
        env,
        stdout: { write: (text) => (out += text) },
        stderr: { write: (text) => (err += text) },
        profilesFile: join(folder, 'profiles.yaml'),
        openInput: () => [input],
        ask: async () => undefined,
      })
      return { code, out: out.trim(), err }
    }
  }
  const user = as(colony.keys.user)
  assert.equal((await user(`executor add hand ${identityOf(key)} --type hand --approve`)).code, 0)
  return { user, executor: as(key) }
}

test('an executor takes, logs and closes by commands; a beginning of an id is enough', async (t) => {
  const { user, executor } = await executorByCommands(t)
  const submitted = await user('function exec greet --targettype hand --args you --kwargs url=http://a:1')
  const id = (await executor('process assign --timeout 5')).out
  assert.equal(id, submitted.out)
  const begin = id.slice(0, 20)
  assert.equal((await executor(`log add ${begin} working`)).code, 0)
  const attribute = await executor(`attribute add ${begin} progress half`)
  assert.match((await user(`attribute get ${attribute.out}`)).out, /half/)
  assert.equal((await executor(`process unassign ${begin}`)).code, 0)
  assert.equal((await executor('process assign --timeout 5 -o id')).out, id)
  assert.equal((await executor(`process close ${begin} --out a,b --out-json [3]`)).code, 0)
  assert.equal((await user(`process get ${begin} --out`)).out, 'a b 3')
  assert.equal((await user(`process logs ${begin}`)).out, 'working')
  assert.match((await user('log search working')).out, /hand/)
  const shown = (await user(`process get ${begin}`)).out
  for (const part of ['success', 'greet', '["you"]', '{"url":"http://a:1"}', 'progress=half'])
    assert.ok(shown.includes(part), shown)
  assert.equal((await executor('process assign --timeout 0')).code, 3)
})

test('submitter and holder talk over a channel by commands', async (t) => {
  const { user, executor } = await executorByCommands(t)
  const spec = JSON.stringify({ funcname: 'chat', channels: ['chat'], conditions: { executortype: 'hand' } })
  const submitted = await user('function submit --spec -', spec)
  const id = submitted.out
  assert.equal((await executor('process assign --timeout 5')).out, id, submitted.err)
  const following = user(`channel follow ${id} chat`)
  const machine = executor(`channel follow ${id} chat --json`)
  assert.equal((await user(`channel append ${id} chat hello`)).code, 0)
  assert.equal((await executor(`channel append ${id.slice(0, 20)} chat - --type end --inreplyto 1`, 'bye')).code, 0)
  assert.equal((await executor(`process close ${id}`)).code, 0)
  assert.deepEqual(await following, { code: 0, out: 'hello\nbye', err: '' })
  const [first, second] = (await machine).out.split('\n').map((line) => JSON.parse(line))
  assert.deepEqual([first.index, first.payload, first.type], [0, 'aGVsbG8=', 'data'])
  assert.deepEqual([second.index, second.payload, second.type, second.inreplyto], [1, 'Ynll', 'end', 1])
  assert.match((await user(`channel read ${id} chat --index 1`)).out, /INDEX.*\n1 .* end +bye$/)
  assert.match((await user(`channel ls ${id}`)).out, /chat +2 +8 +20/)
  assert.match((await user(`channel append ${id} chat late`)).err, /Channel not found/)
  const raw = await user(`call channelreadmsg ${JSON.stringify({ processid: id, name: 'chat', ended: true })}`)
  assert.equal(JSON.parse(raw.out)[0].payload, 'aGVsbG8=')
})

test('a channel is read in parts, also after the end, and what is not there is told', async (t) => {
  const { user, executor } = await executorByCommands(t)
  const spec = (channels: string[]) =>
    JSON.stringify({ funcname: 'chat', channels, conditions: { executortype: 'hand' } })
  const { out: id } = await user('function submit --spec -', spec(['words', 'other']))
  for (const word of ['one', 'two', 'three']) assert.equal((await user(`channel append ${id} words ${word}`)).code, 0)
  assert.equal((await user(`channel read ${id} words --index 1 --count 1 --output id`)).out, '1')
  assert.match((await user(`channel read ${id} other`)).err, /No messages/)
  const unknown = await user(`channel append ${id} wrods one`)
  assert.deepEqual([unknown.code, /Channel not found/.test(unknown.err)], [3, true], unknown.err)
  assert.match((await executor(`channel read ${id} words`)).err, /Not authorized .* the process waits for an executor/)
  await user(`process cancel ${id}`)
  assert.equal((await user(`channel follow ${id} words --raw`)).out, 'onetwothree')
  assert.equal((await user(`channel follow ${id} words --index 2`)).out, 'three')
  const { out: silent } = await user('function submit --spec -', spec([]))
  assert.match((await user(`channel ls ${silent}`)).err, /no channels/)
})

test('who waits hears of failure and of cancelling', async (t) => {
  const { user, executor } = await executorByCommands(t)
  for (const [end, code] of [
    ['fail', 6],
    ['cancel', 7],
  ] as const) {
    const waiting = user('function exec f --targettype hand --wait -o json')
    const id = (await executor('process assign --timeout 10')).out
    await (end === 'fail' ? executor(`process fail ${id} --errors because`) : user(`process cancel ${id}`))
    const ended = await waiting
    assert.equal(ended.code, code)
    assert.equal((JSON.parse(ended.out) as { processid: string }).processid, id)
  }
  assert.equal((await user('function exec f --targettype hand --wait --timeout 1')).code, 5)
})

test('the beginning of several ids, or of none, is refused', async (t) => {
  const { user } = await executorByCommands(t)
  const { out: id } = await user('function exec f --targettype hand')
  await user('function exec f --targettype hand')
  const several = await user(`process get ${id.slice(0, 4)}`)
  assert.deepEqual([several.code, /More than one/.test(several.err)], [2, true], several.err)
  const none = await user('process get ffffff')
  assert.deepEqual([none.code, /No process has an id that begins with ffffff/.test(none.err)], [3, true], none.err)
})

test('what was submitted last is listed first, also behind a queue', async (t) => {
  const { user } = await executorByCommands(t)
  for (let place = 0; place < 3; place++) await user(`function exec f${place} --targettype hand`)
  const names = (out: string) => (JSON.parse(out) as { spec: { funcname: string } }[]).map(({ spec }) => spec.funcname)
  assert.deepEqual(names((await user('process ls --count 2 --json')).out), ['f2', 'f1'])
  assert.deepEqual(names((await user('process ls --count 2 --state waiting --json')).out), ['f0', 'f1'])
})

test('what is removed for good is confirmed, and the old spellings of commands work', async (t) => {
  const { user } = await executorByCommands(t)
  const { out: id } = await user('function exec --func f --targettype hand')
  const refused = await user(`process remove --processid ${id}`)
  assert.deepEqual([refused.code, /--yes/.test(refused.err)], [2, true])
  assert.match((await user('process psw --executortype hand --ids')).out, new RegExp(id))
  assert.equal((await user(`process remove -p ${id} --yes`)).code, 0)
  assert.equal((await user('process removeall --waiting --failed --yes')).code, 2)
  assert.equal((await user('process removeall --waiting --yes')).code, 0)
  const failure = await user('process get zzz -o json')
  assert.deepEqual((JSON.parse(failure.err) as { error: { code: string } }).error.code, 'usage')
})
