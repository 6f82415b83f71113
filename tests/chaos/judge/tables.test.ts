import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Sql, sql } from '@colonies/database'
import { type TestColony, testColony } from '@colonies/testkit'
import { findFaults } from './tables.js'

/** A colony whose work has ended: plain processes, one of them by name and one tried twice, and a diamond. */
async function endedColony(
  t: Parameters<typeof testColony>[0],
): Promise<{ colony: TestColony; acknowledged: string[] }> {
  const colony = await testColony(t)
  const executor = await colony.executor('e1')
  const acknowledged = [
    await colony.submit(),
    await colony.submit({ conditions: { executornames: ['e1'] } }),
    await colony.submit({ priority: 1 }),
  ]
  const node = (nodename: string, dependencies: string[]) => ({
    nodename,
    funcname: 'f',
    conditions: { executortype: 'cli', dependencies },
  })
  const graph = await colony.user.submitWorkflow({
    spec: {
      colonyname: 'dev',
      functionspecs: [node('a', []), node('b', ['a']), node('c', ['a']), node('d', ['b', 'c'])],
    },
  })
  acknowledged.push(...(graph.processids ?? []))
  const first = await colony.assign('e1')
  await executor.unassign({ processid: first ?? '' })
  for (let id = await colony.assign('e1'); id !== undefined; id = await colony.assign('e1'))
    await executor.closeSuccessful({ processid: id, out: [1] })
  return { colony, acknowledged }
}

const faults: { name: string; plant: (id: string) => Sql; says: RegExp }[] = [
  { name: 'a lost result', plant: (id) => sql`delete from results where process_id = ${id}`, says: /gone|in 0 of/ },
  {
    name: 'a process that failed',
    plant: (id) => sql`update results set state = 3 where process_id = ${id}`,
    says: /in state 3/,
  },
  {
    name: 'a second end',
    plant: (id) => sql`insert into events (colony, process_id, old_state, state, attempt, reason, executor_type)
      values (1, ${id}, 1, 2, 1, 'close', 'cli')`,
    says: /add up to/,
  },
  {
    name: 'an arrow that is not drawn',
    plant: (id) => sql`insert into events (colony, process_id, old_state, state, attempt, reason, executor_type)
      values (1, ${id}, 2, 1, 9, 'assign', 'cli')`,
    says: /went from 2 to 1/,
  },
  {
    name: 'an attempt given away twice',
    plant: (id) => sql`insert into events (colony, process_id, old_state, state, attempt, reason, executor_type)
      select colony, process_id, old_state, state, attempt, reason, executor_type from events
      where process_id = ${id} and state = 1 limit 1`,
    says: /given away twice/,
  },
  {
    name: 'a lease that ended early',
    plant: (id) => sql`with spec as (update process_specs set exec_seconds = 100 where process_id = ${id})
      insert into events (colony, process_id, old_state, state, attempt, reason, executor_type)
      values (1, ${id}, 1, 0, 1, 'maxexectime', 'cli')`,
    says: /of its 100 s/,
  },
  {
    name: 'a wait that ended early',
    plant: (id) => sql`with spec as (update process_specs set wait_seconds = 100 where process_id = ${id})
      insert into events (colony, process_id, old_state, state, attempt, reason, executor_type)
      values (1, ${id}, 0, 3, 1, 'maxwaittime', 'cli')`,
    says: /of 100 s of waiting/,
  },
  ...['executor lost', 'executor revoked'].map((reason) => ({
    name: `a process that was taken from an approved executor: ${reason}`,
    plant: (id: string) => sql`
      insert into events (colony, process_id, old_state, state, attempt, holder, reason, executor_type)
      select colony, process_id, 1, 0, attempt, holder, ${reason}, 'cli' from results where process_id = ${id}`,
    says: new RegExp(`${reason}.*and its executor is approved`),
  })),
  {
    name: 'a result of what nobody submitted',
    plant: (id) => sql`delete from process_specs where process_id = ${id}`,
    says: /in results, and has no spec/,
  },
  {
    name: 'a live row of what nobody submitted',
    plant: () => sql`
      insert into live (colony, process_id, state, executor_type, location, cpu, memory, priority_time, open_parents,
        max_retries, list_place) values (1, 'ghost', 0, 'cli', '', 0, 0, 0, 0, 0, 0)`,
    says: /ghost is in live, and has no spec/,
  },
  {
    name: 'a process that an executor of another colony claimed',
    plant: (id) => sql`with stranger as (
        insert into executors (colony, name, executor_id, executor_type, state) values (2, 'e1', 'stranger', 'cli', 1))
      update events set holder = 'stranger' where process_id = ${id} and state = 1`,
    says: /was held by stranger, of another colony/,
  },
  { name: 'a wrong graph', plant: () => sql`update graphs set success = success - 1`, says: /counters of graph/ },
  {
    name: 'an orphan among the wanted',
    plant: (id) => sql`insert into wanted values (1, 'cli', 'e1', 1, ${id}, '', 0, 0)`,
    says: /wanted names/,
  },
  {
    name: 'a request without its process',
    plant: () => sql`insert into requests values (1, 'x', 'y', 'z')`,
    says: /a request made z/,
  },
  {
    name: 'a child before its parent',
    plant: () => sql`update events set xact = pg_current_xact_id()
      where state = 2 and process_id in (select parent_id from edges)`,
    says: /began before its parent/,
  },
  {
    name: 'a wrong counter',
    plant: () => sql`insert into counters (colony, waiting) values (1, 7)`,
    says: /are counted as/,
  },
]

test('the checker finds nothing where all is well', async (t) => {
  const { colony, acknowledged } = await endedColony(t)
  assert.deepEqual(await findFaults(colony.db, 1, acknowledged), [])
})

for (const { name, plant, says } of faults) {
  test(`the checker finds ${name}`, async (t) => {
    const { colony, acknowledged } = await endedColony(t)
    await colony.db.run(plant(acknowledged[0] ?? ''))
    const found = await findFaults(colony.db, 1, acknowledged)
    assert.ok(
      found.some((fault) => says.test(fault.says)),
      JSON.stringify(found),
    )
  })
}
