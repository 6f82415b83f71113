import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Db, type Sql, sql } from '@colonies/database'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { testColony } from '@colonies/testkit'
import { type CallRecord, History } from './history.js'
import { judge } from './judge.js'
import { recordedClient } from './recorded-client.js'

/** A colony with a recorded life: two processes, a diamond, a generator with three arguments. */
async function recordedColony(t: TestContext) {
  const colony = await testColony(t, { loops: true })
  const history = new History()
  const recording = { history, colonyname: colony.name }
  const user = recordedClient(recording, { endpoint: colony.url, privateKey: colony.keys.user })
  const { colonyname, workflowspec } = { colonyname: colony.name, workflowspec: workflowOf('packed') }
  const spec = (label: string) => ({ funcname: 'f', label, conditions: { colonyname, executortype: 'cli' } })
  await user.submit({ spec: spec('one') })
  await user.submitMany(colonyname, [spec('two'), spec('three')])
  const { generatorid } = await user.addGenerator({
    generator: { colonyname, name: 'packed', trigger: 1, workflowspec },
  })
  for (const arg of ['a:0', 'a:1']) await user.packGenerator({ generatorid, arg })
  const privateKey = generatePrivateKey()
  const adding = { colonyname, executorname: 'e1', executorid: identityOf(privateKey), executortype: 'cli' }
  await colony.colonyOwner.addExecutor({ executor: adding })
  await colony.colonyOwner.approveExecutor({ colonyname, executorname: 'e1' })
  const executor = recordedClient(recording, { endpoint: colony.url, privateKey })
  const many = await executor.waitForProcesses({ colonyname, timeout: 10, count: 2 })
  const closes = many.map(({ processid, attempt }) => ({ processid, attempt, out: ['of many'] }))
  for (const { error } of await executor.closeMany(colonyname, closes)) assert.ifError(error)
  for (let ended = many.length; ended < 5; ended += 1) {
    const process = await executor.waitForProcess({ colonyname, timeout: 10 })
    assert.ok(process, `process ${ended} came`)
    await executor.closeSuccessful({ processid: process.processid, attempt: process.attempt, out: [ended] })
  }
  return { db: colony.db, history }
}

const workflowOf = (nodename: string) =>
  JSON.stringify({ functionspecs: [{ nodename, funcname: 'f', conditions: { executortype: 'cli' } }] })

/** Lets something happen in a transaction that is then given up. */
async function inVain<Result>(db: Db, work: (tx: Db) => Promise<Result>): Promise<Result> {
  const seen: Result[] = []
  const givenUp = new Error('given up on purpose')
  await assert.rejects(
    db.transaction(async (tx) => {
      seen.push(await work(tx))
      throw givenUp
    }),
    givenUp,
  )
  const [result] = seen
  assert.ok(result)
  return result
}

const addedCron = (nextRun: Sql) => sql`
  insert into crons (colony, cron_id, name, initiator_id, initiator_name, initiator_is_user, interval_seconds,
    expression, random, time_zone, server_time_zone, catchup, waits, overlap, workflow, next_run)
  values (1, 'c', 'c', '', '', true, 1, '', false, '', 'UTC', true, false, '', '', ${nextRun})`

interface Planted {
  name: string
  invariant: number
  plant: Sql
  /** What clients saw besides. */
  seen?: Partial<CallRecord>
}

const faults: Planted[] = [
  { name: 'a result is lost', invariant: 1, plant: sql`delete from results where label = 'one'` },
  {
    name: 'a submit was done twice',
    invariant: 1,
    plant: sql`update process_specs set label = 'two' where label = 'three'`,
  },
  {
    name: 'an attempt was given away twice',
    invariant: 2,
    plant: sql`insert into events (colony, process_id, old_state, state, attempt, reason, executor_type)
      select colony, process_id, old_state, state, attempt, reason, executor_type from events where state = 1 limit 1`,
  },
  { name: 'an end changed', invariant: 3, plant: sql`update results set output = '["other"]' where label = 'one'` },
  { name: 'a stale attempt was taken', invariant: 4, plant: sql`update results set attempt = 2 where label = 'one'` },
  {
    name: 'a cron ran before its time',
    invariant: 6,
    plant: sql`with cron as (${addedCron(sql`now()`)} returning cron_id)
      update graphs set cron_id = cron.cron_id, planned_at = submitted_at + interval '5 s' from cron
      where graph_id = (select min(graph_id) from graphs where colony = 1)`,
  },
  {
    name: 'crons never fire',
    invariant: 6,
    plant: addedCron(sql`now() - interval '1 minute'`),
  },
  {
    name: 'a cron stops',
    invariant: 6,
    plant: sql`with cron as (${addedCron(sql`null`)} returning cron_id)
      update graphs set cron_id = cron.cron_id, planned_at = submitted_at from cron
      where graph_id = (select min(graph_id) from graphs where colony = 1)`,
  },
  { name: 'a cron is lost', invariant: 6, plant: sql`select 1`, seen: { operation: 'addCron' } },
  {
    name: 'an argument is lost',
    invariant: 7,
    plant: sql`update process_specs set spec = replace(spec, 'a:1', 'a:7') where node_name = 'packed'`,
  },
  {
    name: 'an argument comes from nobody',
    invariant: 7,
    plant: sql`update process_specs set spec = replace(spec, '"a:1"', '"a:1", "a:2"') where node_name = 'packed'`,
  },
  {
    name: 'a holder lost its process though it did not give it back',
    invariant: 4,
    plant: sql`insert into events (colony, process_id, old_state, state, attempt, holder, reason, executor_type)
      select colony, process_id, 1, 0, attempt, holder, 'unassign', 'cli' from results where label = 'one'`,
  },
  {
    name: 'a process was claimed by an executor of another colony',
    invariant: 9,
    plant: sql`with stranger as (
        insert into executors (colony, name, executor_id, executor_type, state) values (2, 'e1', 'stranger', 'cli', 1))
      update results set holder = 'stranger' where label = 'one'`,
  },
  {
    name: 'a process went to another colony',
    invariant: 9,
    plant: sql`update process_specs set colony = 2 where label = 'one'`,
  },
  { name: 'a counter is wrong', invariant: 10, plant: sql`update graphs set success = success - 1` },
  {
    name: 'work never ended',
    invariant: 11,
    plant: sql`
      insert into live (colony, process_id, state, executor_type, location, cpu, memory, priority_time, open_parents,
        max_retries, list_place)
      select colony, process_id, 0, executor_type, '', 0, 0, priority_time, 0, 0, 0 from process_specs
      where label = 'one'`,
  },
]

const unlabelled: CallRecord = {
  client: 'somebody',
  colony: 'dev',
  operation: '',
  ids: [],
  labels: [],
  attempt: undefined,
  detail: undefined,
  started: 0,
  ended: 1,
  outcome: 'ok',
  code: undefined,
  tries: [],
}

test('the judge finds planted faults, one of each kind, and nothing where all is well', async (t) => {
  const { db, history } = await recordedColony(t)
  const colony = { key: 1, name: 'dev' }
  assert.deepEqual(await judge(history, db, colony), [])
  for (const { name, invariant, plant, seen } of faults) {
    const found = await inVain(db, async (tx) => {
      await tx.run(plant)
      const more = new History()
      more.add([...history.records, ...(seen ? [{ ...unlabelled, ...seen }] : [])])
      return judge(more, tx, colony)
    })
    assert.ok(
      found.some((fault) => fault.invariant === invariant),
      `${name}: ${JSON.stringify(found)}`,
    )
  }
})
