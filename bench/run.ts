// What a server of this machine does, beside what the machine could do at best.
//
//   npm run bench [-- --deep]                        --deep: also with a million waiting processes; takes minutes
//   npm run bench -- processes|channels|schedules    only these
import { type Sql, sql } from '@colonies/database'
import { createSigner, generatePrivateKey, recoverIdentity } from '@colonies/identity'
import { channels } from './channels.js'
import {
  type BenchColony,
  type BenchServer,
  createCaller,
  machine,
  makeColony,
  percentile,
  rateOf,
  specFor,
  startBenchServer,
} from './load.js'
import { schedules } from './schedules.js'

const EXECUTORS = 16
const rows: string[][] = []

function report(name: string, value: string, note = ''): void {
  rows.push([name, value, note])
  console.log(`${name.padEnd(58)} ${value.padStart(16)}  ${note}`)
}

const perSecond = (rate: number) => `${Math.round(rate)}/s`

async function submits(server: BenchServer, colony: BenchColony): Promise<void> {
  const users = await Promise.all(
    Array.from({ length: 64 }, async (_, index) => {
      const user = createCaller(server.url, generatePrivateKey())
      const owner = createCaller(server.url, colony.ownerKey)
      await owner.call('addusermsg', { user: { colonyname: colony.name, userid: user.id, name: `user${index}` } })
      return user
    }),
  )
  const spec = specFor(colony.name)
  const submit = (connection: number) => users[connection]?.call('submitfuncspecmsg', { spec }) ?? Promise.resolve()
  await rateOf(500, 64, submit)
  report('submit, 1 connection', perSecond(await rateOf(500, 1, submit)))
  report('submit, 64 connections', perSecond(await rateOf(10_000, 64, submit)), 'one signature each')
  const items = Array.from({ length: 100 }, () => ({ spec }))
  const batches = await rateOf(100, 4, (connection) =>
    (users[connection] as (typeof users)[number]).call('submitbatchmsg', { colonyname: colony.name, items }),
  )
  report('submit, batches of 100, 4 connections', perSecond(batches * 100))
}

async function assignAndClose(colony: BenchColony): Promise<void> {
  const work = async (connection: number) => {
    const executor = colony.executors[connection] as BenchColony['user']
    const process = (await executor.call('assignprocessmsg', { colonyname: colony.name, timeout: 10 })) as {
      processid: string
    }
    await executor.call('closesuccessfulmsg', { processid: process.processid, out: ['done'] })
  }
  await rateOf(300, EXECUTORS, work)
  report(`assign + close, ${EXECUTORS} executors`, perSecond(await rateOf(4000, EXECUTORS, work)))
  report('assign + close, 64 executors', perSecond(await rateOf(8000, 64, work)))
}

async function latency(colony: BenchColony): Promise<void> {
  const executor = colony.executors[0] as BenchColony['user']
  const times: number[] = []
  for (let turn = 0; turn < 300; turn += 1) {
    const assigned = executor.call('assignprocessmsg', { colonyname: colony.name, timeout: 10 })
    // The poll has to hang before the clock starts.
    await new Promise((resolve) => setTimeout(resolve, 5))
    const begin = performance.now()
    await colony.user.call('submitfuncspecmsg', { spec: specFor(colony.name) })
    const process = (await assigned) as { processid: string }
    times.push(performance.now() - begin)
    await executor.call('closesuccessfulmsg', { processid: process.processid })
  }
  report(
    'submit to assigned, executor waiting, p50 (p99)',
    `${percentile(times, 0.5).toFixed(1)} ms`,
    `(${percentile(times, 0.99).toFixed(1)} ms)`,
  )
}

async function workflows(colony: BenchColony): Promise<void> {
  const node = (nodename: string, dependencies: string[]) => ({
    ...specFor(colony.name),
    nodename,
    conditions: { executortype: 'bench', dependencies },
  })
  const chain = Array.from({ length: 1000 }, (_, n) => node(`n${n}`, n === 0 ? [] : [`n${n - 1}`]))
  const middle = Array.from({ length: 998 }, (_, n) => node(`m${n}`, ['first']))
  const fan = [
    node('first', []),
    ...middle,
    node(
      'last',
      middle.map((m) => m.nodename),
    ),
  ]
  for (const [name, functionspecs] of [
    ['chain', chain],
    ['fan-out and fan-in', fan],
  ] as const) {
    const begin = performance.now()
    const graph = (await colony.user.call('submitworkflowspecmsg', {
      spec: { colonyname: colony.name, functionspecs },
    })) as { processgraphid: string }
    report(`submit of a workflow, ${name} of 1000`, `${Math.round(performance.now() - begin)} ms`)
    let left = 1000
    const work = async (executor: BenchColony['user']) => {
      while (left > 0) {
        const process = (await executor
          .call('assignprocessmsg', { colonyname: colony.name, timeout: 1 })
          .catch((error: { status?: number }) => {
            if (error.status !== 404) throw error
          })) as { processid: string } | undefined
        if (!process) continue
        await executor.call('closesuccessfulmsg', { processid: process.processid, out: [1] })
        left -= 1
      }
    }
    const started = performance.now()
    const all = Promise.all(colony.executors.slice(0, EXECUTORS).map(work))
    while (left > 0) await new Promise((resolve) => setTimeout(resolve, 2))
    const rate = 1000 / ((performance.now() - started) / 1000)
    await all
    const end = (await colony.user.call('getprocessgraphmsg', { processgraphid: graph.processgraphid })) as {
      state: number
    }
    report(
      `${name} of 1000 nodes, ${EXECUTORS} executors`,
      `${Math.round(rate)} nodes/s`,
      end.state === 2 ? '' : 'NOT SUCCESSFUL',
    )
  }
}

/** What the machine can do at best, measured in the same run. */
async function limitsOf(server: BenchServer): Promise<void> {
  const { db } = server
  await db.run(sql`create table bare (id bigint generated always as identity primary key, body text)`)
  const body = 'x'.repeat(600)
  const commit = () => db.run(sql`insert into bare (body) values (${body})`)
  await rateOf(100, 1, commit)
  report('limit: bare commits of one row, 1 connection', perSecond(await rateOf(500, 1, commit)))
  const bodies = Array.from({ length: 500 }, () => body)
  const inserts = await rateOf(40, 2, () => db.run(sql`insert into bare (body) select unnest(${bodies}::text[])`))
  report('limit: rows in statements of 500, 2 connections', perSecond(inserts * 500))
  const health = await rateOf(3000, 64, async () => (await fetch(`${server.url}/health`)).arrayBuffer())
  report('limit: empty HTTP round trips (fetch), 64 at once', perSecond(health))
  const signer = createSigner(generatePrivateKey())
  const text = 'x'.repeat(400)
  const signature = signer.sign(text)
  const begin = performance.now()
  for (let turn = 0; turn < 3000; turn += 1) recoverIdentity(text, signature)
  report('limit: signature recoveries, one core', perSecond(3000 / ((performance.now() - begin) / 1000)))
}

/** Fills the queue by copying one real process many times, in the database itself. */
async function fill(server: BenchServer, colony: BenchColony, rows: number, change: Sql): Promise<void> {
  const { db } = server
  const { processid } = (await colony.user.call('submitfuncspecmsg', { spec: specFor(colony.name) })) as {
    processid: string
  }
  for (let done = 0; done < rows; done += 100_000) {
    const copies = sql`generate_series(${done}::int, ${Math.min(rows, done + 100_000) - 1}::int) n`
    const id = sql`left(process_id, 12) || lpad(to_hex(n), 52, '0')`
    await db.run(sql`
      insert into process_specs select colony, ${id}, graph_id, node_name, function_name, executor_type, label,
        initiator_id, initiator_name, initiator_user, submitted_at, priority_time, wait_seconds, exec_seconds, max_retries,
        spec, env, channels
      from process_specs, ${copies} where process_id = ${processid}`)
    await db.run(sql`
      insert into live (colony, process_id, state, executor_type, names, location, cpu, memory, priority_time, open_parents,
        max_retries, exec_seconds, list_place)
      select colony, ${id}, 0, executor_type, ${change} location, cpu, memory, priority_time - n, 0, max_retries,
        exec_seconds, priority_time - n
      from live, ${copies} where process_id = ${processid}`)
  }
  await db.run(sql`
    insert into wanted (colony, executor_type, name, priority_time, process_id, location, cpu, memory)
    select colony, executor_type, unnest(names), priority_time, process_id, location, cpu, memory
    from live where names is not null and colony <> 0 on conflict do nothing`)
  await colony.executors[0]?.call('assignprocessmsg', { colonyname: colony.name, timeout: 1 }).catch(() => undefined)
}

async function assignsPerSecond(colony: BenchColony, total: number): Promise<number> {
  const assign = (connection: number) =>
    (colony.executors[connection] as BenchColony['user']).call('assignprocessmsg', {
      colonyname: colony.name,
      timeout: 10,
    })
  await rateOf(200, EXECUTORS, assign)
  return rateOf(total, EXECUTORS, assign)
}

/** Whether the depth of the queue matters. */
async function depths(server: BenchServer): Promise<void> {
  const million = 1_000_000
  const shallow = await makeColony(server, 'shallow', EXECUTORS)
  await fill(server, shallow, 3000, sql`null::text[],`)
  const reference = await assignsPerSecond(shallow, 1000)
  report('assign, 3 thousand waiting', perSecond(reference))
  const ratio = (rate: number) => `${(rate / reference).toFixed(2)} of that`
  const deep = await makeColony(server, 'deep', EXECUTORS)
  await fill(server, deep, million, sql`null::text[],`)
  const rate = await assignsPerSecond(deep, 1000)
  report('assign, 1 million waiting', perSecond(rate), ratio(rate))
  const absent = await makeColony(server, 'absent', EXECUTORS)
  await fill(server, absent, 3000, sql`null::text[],`)
  await fill(server, absent, million, sql`array['nobody'],`)
  const named = await assignsPerSecond(absent, 1000)
  report('assign, 1 million waiting for an absent name', perSecond(named), ratio(named))
}

async function processes(server: BenchServer): Promise<void> {
  const colony = await makeColony(server, 'bench', 64)
  await submits(server, colony)
  await assignAndClose(colony)
  const quiet = await makeColony(server, 'quiet', EXECUTORS)
  await latency(quiet)
  await workflows(quiet)
}

const parts = { processes, channels, schedules }

async function main(): Promise<void> {
  const given = process.argv.slice(2)
  console.log(`${machine()}\nnpm run bench${given.length > 0 ? ` -- ${given.join(' ')}` : ''}\n`)
  const wanted = given.filter((word) => word !== '--deep')
  const unknown = wanted.find((word) => !(word in parts))
  if (unknown) throw new Error(`${unknown} is none of: --deep ${Object.keys(parts).join(' ')}`)
  const server = await startBenchServer()
  try {
    await limitsOf(server)
    for (const [name, part] of Object.entries(parts)) {
      if (wanted.length === 0 || wanted.includes(name)) await part(server, report)
    }
    if (given.includes('--deep')) await depths(server)
  } finally {
    await server.stop()
  }
}

await main()
process.exit(0)
