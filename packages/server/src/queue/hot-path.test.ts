import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { test } from 'node:test'
import { sql } from '@colonies/database'
import { createSigner, generatePrivateKey, identityOf } from '@colonies/identity'
import { encodeBase64, writeRequest } from '@colonies/protocol'
import { onOneServer, someoneWaits, type TestColony, testColony } from '@colonies/testkit'

const waiting = { colonyname: 'dev', timeout: 20 }

/** Resolves when so many polls hang at the server. */
async function held(colony: TestColony, count: number): Promise<void> {
  for (const end = Date.now() + 5000; Date.now() < end; ) {
    const metrics = await (await fetch(`${colony.url}/metrics`)).text()
    if (Number(/^colonies_requests_held (\d+)/m.exec(metrics)?.[1]) === count) return
  }
  throw new Error(`there were never ${count} polls on hold`)
}

const liveRows = (colony: TestColony) =>
  colony.db.all<{ state: number; attempt: number; retries: number }>(sql`
    select state, attempt, retries from live where colony <> 0`)

test('a submit that finds an idle waiter starts the process at once, in one event', async (t) => {
  const colony = await testColony(t)
  const executor = await colony.executor('e1')
  let atOnce = false
  // A poll that hangs may still be looking at the queue; then the process is stored as waiting first.
  for (let round = 0; round < 100 && !atOnce; round += 1) {
    const assigned = executor.assign(waiting)
    await held(colony, 1)
    const processid = await colony.submit({ maxexectime: 60 })
    const process = await assigned
    assert.deepEqual([process.processid, process.state, process.attempt], [processid, 1, 1])
    await executor.closeSuccessful({ processid })
    const history = await colony.user.getProcessEvents({ processid })
    assert.deepEqual(history.at(-1), { ...history.at(-1), oldstate: 1, state: 2, attempt: 1, reason: 'close' })
    atOnce = history[0]?.oldstate === -1 && history[0].state === 1
  }
  assert.ok(atOnce)
})

test('one submit wakes one of many waiters', async (t) => {
  const colony = await testColony(t)
  const executors = await Promise.all(['e1', 'e2', 'e3', 'e4'].map((name) => colony.executor(name)))
  const stop = new AbortController()
  const polls = executors.map((executor) => executor.assign(waiting, { signal: stop.signal }))
  await held(colony, 4)
  await colony.submit()
  const first = await Promise.race(polls)
  assert.equal(first.state, 1)
  await held(colony, 3)
  stop.abort()
  const outcomes = await Promise.allSettled(polls)
  assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 1)
})

test('a waiter whose connection is gone gets nothing, and the next one gets the process', async (t) => {
  const colony = await testColony(t)
  const key = generatePrivateKey()
  await colony.colonyOwner.addExecutor({
    executor: { colonyname: 'dev', executorname: 'gone', executorid: identityOf(key), executortype: 'cli' },
  })
  await colony.colonyOwner.approveExecutor({ colonyname: 'dev', executorname: 'gone' })
  const signer = createSigner(key)
  const payload = encodeBase64(JSON.stringify({ ...waiting, msgtype: 'assignprocessmsg' }))
  const poll = request(`${colony.url}/api`, { method: 'POST' })
  poll.on('error', () => {})
  poll.end(writeRequest('assignprocessmsg', payload, signer.sign(payload)))
  await held(colony, 1)
  poll.destroy()
  await held(colony, 0)
  const processid = await colony.submit()
  assert.equal(await colony.assign('e1'), processid)
})

test('unassign puts a process back without counting a retry, and wakes who waits', async (t) => {
  const colony = await testColony(t)
  const processid = await colony.submit({ maxretries: 0 })
  assert.equal(await colony.assign('e1'), processid)
  const other = await colony.executor('e2')
  const assigned = other.assign(waiting)
  await held(colony, 1)
  await (await colony.executor('e1')).unassign({ processid, attempt: 1 })
  const process = await assigned
  assert.deepEqual([process.processid, process.attempt, process.retries], [processid, 2, 0])
})

test('a late close of an earlier attempt is refused, and a repeated close changes nothing', async (t) => {
  const colony = await testColony(t)
  const processid = await colony.submit()
  await colony.assign('e1')
  const executor = await colony.executor('e1')
  await executor.unassign({ processid })
  assert.equal(await colony.assign('e1'), processid)
  await assert.rejects(executor.closeSuccessful({ processid, out: ['late'], attempt: 1 }), { code: 'lease_lost' })
  await executor.closeSuccessful({ processid, out: ['first'], attempt: 2 })
  await executor.closeSuccessful({ processid, out: ['second'], attempt: 2 })
  await assert.rejects(executor.closeFailed({ processid, errors: ['no'] }), { status: 400 })
  const process = await colony.user.getProcess({ processid })
  assert.deepEqual([process.state, process.out], [2, ['first']])
})

test('an assign that is repeated with its id gives the same process', async (t) => {
  const colony = await testColony(t)
  const executor = await colony.executor('e1')
  await colony.submit()
  await colony.submit()
  const ask = { colonyname: 'dev', timeout: 1, assignid: 'ask-1' }
  const first = await executor.assign(ask)
  const again = await executor.assign(ask)
  assert.equal(again.processid, first.processid)
  assert.deepEqual((await liveRows(colony)).map((row) => row.state).sort(), [0, 1])
})

test('an assign that does not wait says so when the queue could not be read', async (t) => {
  const colony = await testColony(t)
  const executor = await colony.executor('e1')
  await colony.db.run(sql`alter table wanted rename to wanted_elsewhere`)
  await assert.rejects(executor.assign({ colonyname: 'dev', timeout: -1 }), { status: 500 })
})

test('a paused colony hands out nothing until it is resumed', async (t) => {
  const colony = await testColony(t)
  const executor = await colony.executor('e1')
  await colony.colonyOwner.pauseAssignments({ colonyname: 'dev' })
  const processid = await colony.submit()
  await assert.rejects(executor.assign({ colonyname: 'dev', timeout: -1 }), { status: 503 })
  const assigned = executor.assign(waiting)
  await held(colony, 1)
  await colony.colonyOwner.resumeAssignments({ colonyname: 'dev' })
  assert.equal((await assigned).processid, processid)
})

test('batched operations give each item its own outcome', async (t) => {
  const colony = await testColony(t)
  const executor = await colony.executor('e1')
  const spec = { funcname: 'f', conditions: { executortype: 'cli' } }
  const submitted = await colony.user.submitBatch({
    colonyname: 'dev',
    items: [{ spec }, { spec: { ...spec, priority: 60_000 } }, { spec }],
  })
  assert.deepEqual(
    submitted.map(({ status }) => status),
    [0, 400, 0],
  )
  const taken = await executor.assignBatch({ colonyname: 'dev', timeout: 5, count: 10 })
  assert.equal(taken.length, 2)
  const closed = await executor.closeBatch({
    colonyname: 'dev',
    items: [
      { processid: taken[0]?.processid ?? '', out: [1] },
      { processid: taken[1]?.processid ?? '', failed: true, errors: ['no'] },
      { processid: 'f'.repeat(64) },
    ],
  })
  assert.deepEqual(
    closed.map(({ status }) => status),
    [0, 0, 404],
  )
  assert.deepEqual(await liveRows(colony), [])
})

test('forty assigns race for forty processes: forty different winners', async (t) => {
  const colony = await testColony(t)
  const executors = await Promise.all(Array.from({ length: 40 }, (_, n) => colony.executor(`e${n}`)))
  await Promise.all(Array.from({ length: 40 }, () => colony.submit()))
  const processes = await Promise.all(executors.map((executor) => executor.assign(waiting)))
  assert.equal(new Set(processes.map((process) => process.processid)).size, 40)
  assert.equal(new Set(processes.map((process) => process.assignedexecutorid)).size, 40)
})

test('one request that cannot be stored does not fail those beside it', async (t) => {
  const colony = await testColony(t)
  // What no check can see before the database does.
  await colony.db.run(sql`alter table live add constraint no_such_type check (executor_type <> 'forbidden')`)
  const outcomes = await Promise.allSettled([
    colony.submit(),
    colony.submit({ conditions: { executortype: 'forbidden' } }),
    colony.submit(),
  ])
  assert.deepEqual(
    outcomes.map((outcome) => outcome.status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
})

test('who reads a log on from the last time sees every line, though long ones take longer to store', async (t) => {
  const colony = await testColony(t)
  const executor = await colony.executor('e1')
  const processid = await colony.submit()
  await colony.assign('e1')
  let writing = true
  const long = randomBytes(250_000).toString('hex')
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    for (let line = 0; line < 10; line += 1) {
      await executor.addLog({ processid, message: writer < 2 ? long : 'short' })
    }
  })
  const written = Promise.all(writers).finally(() => {
    writing = false
  })
  let seen = 0
  for (let since = 0n, last = false; !last; ) {
    last = !writing
    const lines = await colony.db.all<{ added_ns: bigint }>(sql`
      select added_ns from logs where process_id = ${processid} and added_ns > ${since} order by added_ns`)
    seen += lines.length
    since = lines.at(-1)?.added_ns ?? since
  }
  await written
  assert.equal(seen, 80)
})

/** As if an executor had put out a list of one text of so many characters. */
const putOut = (colony: TestColony, processid: string, length: number) =>
  colony.db.run(
    sql`update results set output = '["' || repeat('x', ${length}::int) || '"]' where process_id = ${processid}`,
  )

test('what is given out at once has bounded texts, and the rest goes with the next claim', async (t) => {
  const colony = await testColony(t)
  const executor = await colony.executor('e1')
  for (let n = 0; n < 4; n += 1) await colony.submit()
  await colony.db.run(sql`update process_specs set spec = replace(spec, '"funcname":"', '"funcname":"' || repeat('f', 30000000))
    where colony > 0`)
  const ask = () => executor.assignBatch({ colonyname: 'dev', count: 4, timeout: -1 })
  assert.deepEqual([(await ask()).length, (await ask()).length], [2, 2])
  await colony.db.run(sql`update live set state = 0, holder = null, deadline = null where colony > 0`)
  const one = () => executor.assign({ colonyname: 'dev', timeout: -1 })
  const each = await Promise.all([one(), one(), one(), one()])
  assert.equal(new Set(each.map(({ processid }) => processid)).size, 4)
})

test('a child whose parents put out more than a process can be given fails, and says why', async (t) => {
  const colony = await testColony(t)
  const executor = await colony.executor('e1')
  const conditions = { executortype: 'cli' }
  const parents = ['a', 'b', 'c', 'd'].map((nodename) => ({ nodename, funcname: 'f', conditions }))
  const dependencies = parents.map(({ nodename }) => nodename)
  const child = { nodename: 'sum', funcname: 'f', conditions: { ...conditions, dependencies } }
  const { processids } = await colony.user.submitWorkflow({
    spec: { colonyname: 'dev', functionspecs: [...parents, child] },
  })
  for (const _ of parents) {
    const { processid } = await executor.assign(waiting)
    await executor.closeSuccessful({ processid })
    await putOut(colony, processid, 17_000_000)
  }
  const next = await colony.submit()
  const assigned = await executor.assign(waiting)
  assert.equal(assigned.processid, next)
  const summed = await colony.user.getProcess({ processid: processids[4] ?? '' })
  assert.deepEqual([summed.state, summed.in], [3, []])
  assert.match(summed.errors[0] ?? '', /outputs of its parents have more than 67108864 bytes/)
})

test('a request id of a process, a workflow and a child is that of three requests', async (t) => {
  const colony = await testColony(t)
  const executor = await colony.executor('e1')
  const once = { requestid: 'one' }
  const spec = { funcname: 'f', conditions: { colonyname: 'dev', executortype: 'cli' } }
  const workflow = { spec: { colonyname: 'dev', functionspecs: [{ ...spec, nodename: 'a' }] }, ...once }
  const submit = () => colony.user.submit({ spec, ...once })
  const start = () => colony.user.submitWorkflow(workflow)
  const process = await submit()
  const graph = await start()
  const nodes = graph.processids
  await executor.assignBatch({ colonyname: 'dev', count: 2, timeout: -1 })
  const child = () =>
    executor.addChild({
      processgraphid: graph.processgraphid,
      parentprocessid: nodes[0] ?? '',
      childprocessid: '',
      insert: false,
      spec: { ...spec, nodename: 'b' },
      ...once,
    })
  const added = await child()
  assert.equal(new Set([process.processid, ...nodes, added.processid]).size, 3)
  assert.equal((await submit()).processid, process.processid)
  assert.equal((await start()).processgraphid, graph.processgraphid)
  assert.equal((await child()).processid, added.processid)
})

test(
  'what is submitted while its colony is removed is refused for that reason',
  onOneServer('a lock of the table does not reach its shards'),
  async (t) => {
    const functionspecs = [{ nodename: 'a', funcname: 'f', conditions: { executortype: 'cli' } }]
    const submits = {
      asked: (colony: TestColony) => colony.submit(),
      wanted_graphs: (colony: TestColony) => colony.user.submitWorkflow({ spec: { colonyname: 'dev', functionspecs } }),
    }
    for (const [words, submit] of Object.entries(submits)) {
      const colony = await testColony(t)
      await colony.submit()
      let refused: Promise<void> | undefined
      await colony.db.transaction(async (tx) => {
        // Rights may be read meanwhile, and say that its caller is a member; its statement waits.
        await tx.run(sql`lock table live in access exclusive mode`)
        refused ??= assert.rejects(submit(colony), { status: 404, message: 'The colony was removed' })
        await someoneWaits(colony.db, words)
        await tx.run(sql`delete from colonies where name = 'dev'`)
      })
      await refused
    }
  },
)
