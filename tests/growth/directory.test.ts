import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '@colonies/database'
import { newId } from '@colonies/identity'
import { type Crowd, loopSteps, startCrowd } from './crowd.js'
import { assertSameMemory, assertSamePace, pace, type Steps, walk, warmUp } from './pace.js'
import { assertRemoved } from './removal.js'

test('a colony with 100 000 members, functions, places and log lines is as fast as ever, and goes whole', async (t) => {
  const crowd = await startCrowd(t)
  const { user } = crowd.scene.clients
  const { colonyname } = crowd
  const processid = await crowd.scene.held()
  await grow(crowd, processid, { from: 1, to: 1_000 })
  const steps = stepsOf(crowd, processid)
  await warmUp(steps)
  const few = await pace(steps)
  await grow(crowd, processid, { from: 1_001, to: 100_000 })
  await assertSamePace(t, steps, few)
  await assertSameMemory(t, crowd.server, async () => {
    const lists = [
      await walk((last: Named) => user.getUsers({ colonyname, after: last?.name ?? '' })),
      await walk((last: Named) => user.getLocations({ colonyname, after: last?.name ?? '' })),
      await walk((last: { executorname: string } | undefined) =>
        user.getExecutors({ colonyname, after: last?.executorname ?? '' }),
      ),
      await walk((last: { timestamp: bigint } | undefined) =>
        user.getLogs({ colonyname, processid, count: 500, since: last?.timestamp ?? 0n }),
      ),
    ]
    assert.deepEqual(lists, [100_001, 100_000, await executorsOf(crowd), 100_000])
  })
  await assertRemoved(t, crowd)
})

type Named = { name: string } | undefined

/** Those who came and went are listed too, and how many they are depends on how often a step was measured. */
async function executorsOf({ db, colony }: Crowd): Promise<number> {
  const row = await db.one<{ count: number }>(
    sql`select count(*)::int as count from executors where colony = ${colony}`,
  )
  return row?.count ?? 0
}

/** One page of each list, deep in it where it has a cursor; and what is done with one of each. */
function stepsOf(crowd: Crowd, processid: string): Steps {
  const { scene, colonyname } = crowd
  const { owner, user, ada } = scene.clients
  let added = 0
  return {
    'the last users': () => user.getUsers({ colonyname, after: 'n0099900' }),
    'the last executors': () => user.getExecutors({ colonyname, after: 'n0099900' }),
    'an executor comes and goes': async () => {
      const executorname = `temp${++added}`
      const executor = { colonyname, executortype: 'cli', executorname, executorid: newId() }
      await owner.addExecutor({ executor })
      await owner.approveExecutor({ colonyname, executorname })
      await owner.removeExecutor({ colonyname, executorname })
    },
    'a pause': async () => {
      await owner.pauseAssignments({ colonyname })
      await owner.resumeAssignments({ colonyname })
    },
    'the last locations': () => user.getLocations({ colonyname, after: 'n0099900' }),
    'functions of one executor': () => user.getFunctionsByExecutor({ colonyname, executorname: 'n0099999' }),
    'a function': () =>
      ada.addFunction({ fun: { colonyname, executorname: 'ada', executortype: 'cli', funcname: 'f' } }),
    'logs of a process': () => user.getLogs({ colonyname, processid, count: 100 }),
    'logs of a process, the newest': () => user.getLogs({ colonyname, processid, count: 100, latest: true }),
    'logs of an executor': () => user.getLogs({ colonyname, executorname: 'ada', count: 100 }),
    'logs that say something': () => user.searchLogs({ colonyname, text: 'line', days: 30, count: 100 }),
    'a log line': () => ada.addExecutorLog({ colonyname, executorname: 'ada', message: 'hello' }),
    'a process': () => user.submit({ spec: { funcname: 'f', conditions: { colonyname, executortype: 'none' } } }),
    ...loopSteps(crowd),
  }
}

/** Adds so many of each past the server. Executors were removed, or send heartbeats, each other one. */
async function grow({ db, colony }: Crowd, processid: string, range: { from: number; to: number }): Promise<void> {
  const numbers = sql`generate_series(${range.from}::int, ${range.to}::int) n`
  const name = sql`'n' || lpad((100000 - n)::text, 7, '0')`
  const id = (prefix: string) => sql`${prefix} || lpad(to_hex(n), 63, '0')`
  await db.run(sql`insert into users (colony, name, user_id) select ${colony}, ${name}, ${id('a')} from ${numbers}`)
  await db.run(sql`
    insert into executors (colony, name, executor_id, executor_type, state, leased, heartbeat_at, last_heard_at)
    select ${colony}, ${name}, ${id('b')}, 'cli', 1 + 2 * (n % 2), n % 2 = 0, now() + interval '1 hour', now() from ${numbers}`)
  // Of executors that live, and of programs that were killed and are looked at once more.
  await db.run(sql`
    insert into executor_instances (colony, executor_id, instance_id, look_at)
    select ${colony}, ${id('b')}, ${id('f')}, now() + interval '1 hour' from ${numbers}`)
  await db.run(sql`
    insert into functions (colony, function_id, executor_name, executor_type, function_name, args)
    select ${colony}, ${id('c')}, ${name}, 'cli', 'f', '{"args":[]}' from ${numbers}`)
  await db.run(sql`
    insert into function_counters (colony, executor_name, function_name, calls)
    select ${colony}, ${name}, 'f', 1 from ${numbers}`)
  await db.run(sql`
    insert into locations (colony, name, location_id) select ${colony}, ${name}, ${id('d')} from ${numbers}`)
  await db.run(sql`
    insert into logs (colony, process_id, executor_name, message, added_ns)
    select ${colony}, ${processid}, 'ada', 'line ' || n, (extract(epoch from now()) * 1000000)::bigint * 1000 - 1000000 + n
    from ${numbers}`)
  await db.run(sql`
    insert into requests (colony, caller, request_id, made_id)
    select ${colony}, ${id('a')}, n, ${processid} from ${numbers}`)
  // Read by every replica, and kept a while.
  await db.run(sql`insert into directory_changes (subject, xact) select ${id('e')}, '3'::xid8 from ${numbers}`)
}
