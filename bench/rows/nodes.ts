import type { DatabaseConfig } from '@colonies/database'
import type { Caller } from '../caller.js'
import { sumOf } from '../measure/statistics.js'
import type { BenchColony, OwnRow, Parts, Size } from '../row.js'
import { type CitusServer, nodesOfCitus, startCitusServer } from '../stage/citus-server.js'
import { makeColony, specFor } from '../stage/colony.js'

/** Each on one node. */
const COLONIES = 32

/** What a submit, assign and close cost, in microseconds. */
interface Cost {
  server: number
  /** Of each node, in their order. */
  nodes: number[]
}

/** One connection for each colony, so that each statement carries one process. */
async function live(colonies: readonly BenchColony[], each: number): Promise<void> {
  await Promise.all(
    colonies.map(async ({ name: colonyname, user, executors }) => {
      const [executor] = executors as [Caller]
      const submit = user.prepare('submitfuncspecmsg', { spec: specFor(colonyname) })
      const ask = executor.prepare('assignprocessmsg', { colonyname, timeout: 10 })
      for (let turn = 0; turn < each; turn++) {
        await user.deliver(submit)
        const { processid } = await executor.send<{ processid: string }>(ask)
        await executor.deliver(executor.prepare('closesuccessfulmsg', { processid, out: ['done'] }))
      }
    }),
  )
}

async function costOn(nodes: readonly DatabaseConfig[], spread: boolean, size: Size): Promise<Cost> {
  const server = await startCitusServer(nodes, spread)
  try {
    return await costAt(server, size === 'short' ? 20 : 80)
  } finally {
    await server.stop()
  }
}

async function costAt(server: CitusServer, each: number): Promise<Cost> {
  const colonies: BenchColony[] = []
  for (let n = 0; n < COLONIES; n++) colonies.push(await makeColony(server, { users: 1, executors: 1 }))
  await live(colonies, 20) // until everything is compiled, and each connection has its plans
  const before = await server.cpuSeconds()
  await live(colonies, each)
  const after = await server.cpuSeconds()
  for (const colony of colonies) colony.close()
  const micros = (seconds: number) => (seconds * 1e6) / (COLONIES * each)
  return {
    server: micros(after.server - before.server),
    nodes: after.nodes.map((seconds, at) => micros(seconds - (before.nodes[at] ?? 0))),
  }
}

function textOf(name: string, { server, nodes }: Cost): string {
  const sum = sumOf(nodes)
  const shares = nodes.length > 1 ? ` (${nodes.map((one) => `${Math.round((one / sum) * 100)} %`).join(', ')})` : ''
  return `${name}: ${Math.round(server)} + ${Math.round(sum)} µs${shares}`
}

const partsOf = (name: string, { server, nodes }: Cost): Parts => ({
  [`life ${name} server µs`]: server,
  [`life ${name} database µs`]: sumOf(nodes),
})

export const nodeRows: readonly OwnRow[] = [
  {
    id: 'citus-nodes',
    says: `processor time of submit + assign + close, ${COLONIES} colonies at once: all nodes of a Citus over one PostgreSQL`,
    unit: 'x',
    better: 'less',
    kind: 'own',
    isAside: true,
    runs: 1,
    async run(_, size) {
      const nodes = nodesOfCitus()
      const [first] = nodes
      if (!first) return { value: Number.NaN, note: 'skipped: COLONIES_BENCH_CITUS names no nodes' }
      const plain = await costOn([first], false, size)
      const costs = [{ name: 'one PostgreSQL', cost: plain }]
      for (let count = 1; count <= nodes.length; count++)
        costs.push({ name: `${count} nodes`, cost: await costOn(nodes.slice(0, count), true, size) })
      const total = ({ server, nodes: each }: Cost) => server + sumOf(each)
      return {
        value: total(costs.at(-1)?.cost ?? plain) / total(plain),
        note: costs.map(({ name, cost }) => textOf(name, cost)).join('; '),
        parts: Object.assign({}, ...costs.map(({ name, cost }) => partsOf(name, cost))) as Parts,
      }
    },
  },
]
