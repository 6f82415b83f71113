import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '@colonies/database'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { type TestColony, testColony } from '@colonies/testkit'
import { crons } from '../background/crons.js'
import { passCronTime, workflowText } from '../testing/schedules.js'

const loop = crons(1000)
const noTime = '0001-01-01T00:00:00Z'

type Wish = Parameters<TestColony['user']['addCron']>[0]['cron']

const wish = (changes: Partial<Wish> = {}): Wish => ({
  colonyname: 'dev',
  name: 'nightly',
  interval: -1,
  cronexpression: '0 0 3 * * *',
  timezone: 'UTC',
  workflowspec: workflowText(),
  ...changes,
})

const secondsFrom = (from: number, time: string) => (Date.parse(time) - from) / 1000

test('a cron is added, read, listed by pages and removed', async (t) => {
  const { user } = await testColony(t)
  const added = await user.addCron({ cron: wish({ cronid: 'f'.repeat(64), initiatorname: 'somebody else' }) })
  assert.deepEqual(
    [added.initiatorname, added.initiatorid, added.prevprocessgraphid, added.lastrun, added.checkerperiod],
    ['me', user.id, '', noTime, 0],
  )
  assert.notEqual(added.cronid, 'f'.repeat(64))
  assert.match(added.nextrun, /T03:00:00Z$/)
  assert.ok(Date.parse(added.nextrun) > Date.now())
  const { cronid } = added
  assert.deepEqual(await user.getCron({ cronid }), { ...added, checkerperiod: 1000 })
  const second = await user.addCron({ cron: wish({ name: 'second' }) })
  const list = (count: number, after = '') => user.getCrons({ colonyname: 'dev', count, after })
  assert.deepEqual(await list(10), [added, second])
  assert.deepEqual(await list(1), [added])
  assert.deepEqual(await list(1_000_000, cronid), [second])
  assert.deepEqual(await list(0), [])
  assert.deepEqual(await list(10, second.cronid), [])
  await user.removeCron({ cronid })
  await assert.rejects(user.getCron({ cronid }), { status: 404 })
  await assert.rejects(user.removeCron({ cronid }), { status: 404 })
  await assert.rejects(user.runCron({ cronid }), { status: 404 })
})

test('what a client says about the past of a cron is not believed, what it says about the future is', async (t) => {
  const { user } = await testColony(t)
  const { nextrun, lastrun, prevprocessgraphid } = await user.addCron({
    cron: wish({
      nextrun: '2031-05-06T07:08:09Z',
      lastrun: '2020-01-01T00:00:00Z',
      prevprocessgraphid: 'a'.repeat(64),
    }),
  })
  assert.deepEqual([nextrun, lastrun, prevprocessgraphid], ['2031-05-06T07:08:09Z', noTime, ''])
})

test('a next run in the past is now', async (t) => {
  const colony = await testColony(t)
  const { user } = colony
  const { cronid } = await user.addCron({ cron: wish({ interval: 1000, nextrun: '2020-01-01T00:00:00Z' }) })
  await colony.run(loop)
  const after = await user.getCron({ cronid })
  assert.notEqual(after.prevprocessgraphid, '')
  const seconds = secondsFrom(Date.now(), after.nextrun)
  assert.ok(seconds > 0 && seconds <= 1000, `${seconds}`)
})

test('times are planned in the zone of the cron, of its expression, or else of the server', async (t) => {
  const colony = await testColony(t)
  const { user } = colony
  const next = async (name: string, changes: Partial<Wish>) =>
    (await user.addCron({ cron: wish({ name, cronexpression: '0 0 3 * * *', ...changes }) })).nextrun.slice(10)
  assert.equal(await next('a', { timezone: 'Asia/Kolkata' }), 'T21:30:00Z')
  assert.equal(await next('b', { timezone: '', cronexpression: 'TZ=Asia/Kolkata 0 0 3 * * *' }), 'T21:30:00Z')
  await next('c', { timezone: '' })
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone
  const [row] = await colony.db.all(sql`select server_time_zone as zone, time_zone from crons where name = 'c'`)
  assert.deepEqual(row, { zone: here, time_zone: '' })
})

const refusals: { name: string; changes: Partial<Wish>; says: RegExp }[] = [
  { name: 'without a name', changes: { name: '' }, says: /cron\.name must not be empty/ },
  {
    name: 'without interval',
    changes: { interval: 0 },
    says: /^Cron interval must be -1 \(disabled\) or larger than 0$/,
  },
  { name: 'random without interval', changes: { random: true }, says: /^Random cron is only supported/ },
  {
    name: 'five fields',
    changes: { cronexpression: '* * * * *' },
    says: /^expected exactly 6 fields, found 5: \[\* \* \* \* \*\]$/,
  },
  { name: 'a bad expression with interval -7', changes: { interval: -7, cronexpression: '' }, says: /^empty cron/ },
  {
    name: 'an unknown zone',
    changes: { timezone: 'Mars/Base' },
    says: /cron\.timezone is no IANA time zone: Mars\/Base/,
  },
  { name: 'two zones', changes: { cronexpression: 'TZ=UTC @daily' }, says: /given twice/ },
  { name: 'an unknown overlap', changes: { overlap: 'queue' }, says: /one of allow, wait, skip, cancel; it is queue/ },
  { name: 'a contradiction', changes: { overlap: 'allow', waitforprevprocessgraph: true }, says: /contradict/ },
  { name: 'no workflow', changes: { workflowspec: '' }, says: /The workflowspec is invalid JSON/ },
  { name: 'a workflow that is null', changes: { workflowspec: 'null' }, says: /workflowspec/ },
  { name: 'an empty workflow', changes: { workflowspec: '{}' }, says: /at least one node/ },
  { name: 'an unknown dependency', changes: { workflowspec: workflowText({ a: ['b'] }) }, says: /depends on b/ },
  { name: 'a cycle', changes: { workflowspec: workflowText({ a: ['b'], b: ['a'] }) }, says: /cycle/ },
  {
    name: 'the workflow of another colony',
    changes: { workflowspec: '{"colonyname":"prod","functionspecs":[{"nodename":"a"}]}' },
    says: /for colony prod, and would run in dev/,
  },
]

test('a cron that could never run as it says is refused when it is added', async (t) => {
  const { user, db } = await testColony(t)
  for (const { name, changes, says } of refusals) {
    await t.test(name, () => assert.rejects(user.addCron({ cron: wish(changes) }), { status: 400, message: says }))
  }
  await assert.rejects(user.getCrons({ colonyname: 'dev', count: -1 }), { status: 400 })
  assert.deepEqual(await db.all(sql`select from crons`), [])
  await user.addCron({ cron: wish() })
  await assert.rejects(user.addCron({ cron: wish() }), {
    status: 400,
    message: 'Cron with name <nightly> in Colony <dev> already exists',
  })
})

test('a run by command answers with the graph that it started', async (t) => {
  const colony = await testColony(t)
  const { cronid } = await colony.user.addCron({ cron: wish({ interval: 1000 }) })
  const ran = await colony.user.runCron({ cronid })
  const graph = await colony.user.getProcessGraph({ processgraphid: ran.prevprocessgraphid })
  assert.deepEqual([graph.initiatorname, graph.state], ['me', 0])
  assert.ok(Math.abs(secondsFrom(Date.parse(ran.lastrun), ran.nextrun) - 1000) < 0.01)
  const processid = await colony.assign('ada')
  assert.equal(graph.processids[0], processid)
})

test('a command with a request id runs once for each caller and cron, whatever else has that id', async (t) => {
  const colony = await testColony(t)
  const ada = await colony.executor('ada')
  const once = { requestid: 'one' }
  const first = await colony.user.addCron({ cron: wish({ interval: 1000 }) })
  const second = await colony.user.addCron({ cron: wish({ interval: 1000, name: 'second' }) })
  const spec = { funcname: 'f', conditions: { colonyname: 'dev', executortype: 'cli' } }
  await colony.user.submit({ spec, ...once })
  for (const caller of [colony.user, ada, colony.user])
    for (const { cronid } of [first, second]) await caller.runCron({ cronid, ...once })
  assert.equal((await colony.db.all(sql`select from graphs where colony > 0`)).length, 4)
})

test('a run gets the output of the run before as the input of its executor', async (t) => {
  const colony = await testColony(t)
  const ada = await colony.executor('ada')
  const { cronid } = await colony.user.addCron({ cron: wish({ interval: 10 }) })
  const inputs: unknown[] = []
  for (let run = 1; run <= 3; run += 1) {
    await passCronTime(colony.db, 10)
    await colony.run(loop)
    const process = await ada.assign({ colonyname: 'dev', timeout: -1 })
    inputs.push(process.in)
    await ada.closeSuccessful({ processid: process.processid, out: [`run ${run}`, run] })
  }
  assert.deepEqual(inputs, [[], ['run 1', 1], ['run 2', 2]])
  const { prevprocessgraphid } = await colony.user.getCron({ cronid })
  const { processids } = await colony.user.getProcessGraph({ processgraphid: prevprocessgraphid })
  assert.deepEqual((await colony.user.getProcess({ processid: processids[0] ?? '' })).in, ['run 2', 2])
})

test('why a cron was not started is told who reads it, and who tries by hand', async (t) => {
  const colony = await testColony(t)
  const bob = colony.serverOwner.as(generatePrivateKey())
  await colony.colonyOwner.addUser({ user: { colonyname: 'dev', name: 'bob', userid: bob.id ?? '' } })
  const { cronid } = await bob.addCron({ cron: wish({ interval: 10 }) })
  await colony.colonyOwner.removeUser({ colonyname: 'dev', name: 'bob' })
  await passCronTime(colony.db, 11)
  await colony.run(loop)
  const says = /bob, who added this cron, is no approved member/
  assert.match((await colony.user.getCron({ cronid })).lasterror, says)
  await assert.rejects(colony.user.runCron({ cronid }), { status: 400, message: says })
})

test('who changes key keeps the crons that were added under the old one', async (t) => {
  const colony = await testColony(t)
  const ada = await colony.executor('ada')
  const ofUser = await colony.user.addCron({ cron: wish({ name: 'a', interval: 10 }) })
  const ofExecutor = await ada.addCron({ cron: wish({ name: 'b', interval: 10 }) })
  const [newUser, newAda] = [identityOf(generatePrivateKey()), identityOf(generatePrivateKey())]
  await colony.user.changeUserId({ colonyname: 'dev', userid: newUser })
  await ada.changeExecutorId({ colonyname: 'dev', executorid: newAda })
  await passCronTime(colony.db, 11)
  await colony.run(loop)
  assert.deepEqual(await startedBy(colony), [
    [newUser, ofUser.cronid],
    [newAda, ofExecutor.cronid],
  ])
})

async function startedBy({ db }: TestColony): Promise<[string, string][]> {
  const rows = await db.all<{ initiator_id: string; cron_id: string }>(sql`
    select g.initiator_id, g.cron_id from graphs g join crons c using (cron_id) order by c.name`)
  return rows.map((row) => [row.initiator_id, row.cron_id])
}
