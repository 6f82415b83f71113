import { generatePrivateKey } from '@colonies/identity'
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

async function main(): Promise<void> {
  console.log(`${machine()}\nnode dist-tests/bench/run.js\n`)
  const server = await startBenchServer()
  try {
    const colony = await makeColony(server, 'bench', 64)
    await submits(server, colony)
    await assignAndClose(colony)
    const quiet = await makeColony(server, 'quiet', EXECUTORS)
    await latency(quiet)
    await workflows(quiet)
  } finally {
    await server.stop()
  }
}

await main()
process.exit(0)
