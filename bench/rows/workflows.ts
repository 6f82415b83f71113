import { type Caller, Refusal } from '../caller.js'
import { timeOf } from '../measure/statistics.js'
import type { BenchColony, OwnRow, Row, Size, WireRow } from '../row.js'
import { makeColony } from '../stage/colony.js'
import { settle } from '../stage/rest.js'

const NODES = 1_000
/** Others need a quarter of an hour for one of these workflows: what they do in this time tells their rate. */
const SECONDS_MAX = 10

interface Node {
  nodename: string
  dependencies: string[]
}

/** Each node after the one before it. */
const chain = (count: number): Node[] =>
  Array.from({ length: count }, (_, n) => ({ nodename: `n${n}`, dependencies: n === 0 ? [] : [`n${n - 1}`] }))

/** What one node may wait for at most. */
const WIDTH_MAX = 10_000

/** A first node, many that wait for it, and a last one that waits for all of them; beyond that, several such, one after the other. */
function fan(count: number): Node[] {
  const nodes: Node[] = []
  for (let left = count, part = 0; left > 0; part++) {
    const width = Math.min(left, WIDTH_MAX)
    const middle = Array.from({ length: width - 2 }, (_, n) => ({
      nodename: `m${part}-${n}`,
      dependencies: [`first${part}`],
    }))
    const first = { nodename: `first${part}`, dependencies: part === 0 ? [] : [`last${part - 1}`] }
    nodes.push(first, ...middle, { nodename: `last${part}`, dependencies: middle.map(({ nodename }) => nodename) })
    left -= width
  }
  return nodes
}

function submit({ name, user }: BenchColony, nodes: readonly Node[]): Promise<{ processgraphid: string }> {
  // Little else: a hundred thousand of them have to fit into one request.
  const functionspecs = nodes.map(({ nodename, dependencies }) => ({
    nodename,
    funcname: 'f',
    conditions: { executortype: 'bench', dependencies },
  }))
  return user.call('submitworkflowspecmsg', { spec: { colonyname: name, functionspecs } })
}

/** Works on a workflow until it has ended, or the time is over. @returns nodes per second */
async function work(colony: BenchColony, size: Size, nodes: readonly Node[]) {
  const graph = await submit(colony, nodes)
  const begin = performance.now()
  const end = begin + (size === 'short' ? 5 : SECONDS_MAX) * 1_000
  let closed = 0
  let lastAt = begin
  const run = async (executor: Caller) => {
    while (closed < nodes.length && performance.now() < end) {
      const process = await assigned(executor, colony.name)
      if (!process) continue
      await executor.call('closesuccessfulmsg', { processid: process.processid, out: [1] })
      closed++
      lastAt = performance.now()
    }
  }
  await Promise.all(colony.executors.map(run))
  if (closed === nodes.length) {
    const { state } = await colony.user.call<{ state: number }>('getprocessgraphmsg', graph)
    if (state !== 2) throw new Error(`the workflow ended in state ${state}`)
  }
  await colony.user.call('removeprocessgraphmsg', graph).catch((error: unknown) => {
    if (!(error instanceof Refusal)) throw error // it may still run, where the time was over
  })
  return { value: (closed * 1_000) / (lastAt - begin), operations: closed, note: `${closed} nodes` }
}

async function assigned(executor: Caller, colonyname: string) {
  try {
    return await executor.call<{ processid: string }>('assignprocessmsg', { colonyname, timeout: 1 })
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return undefined
    throw error
  }
}

const worked: Pick<WireRow, 'kind' | 'members' | 'unit' | 'better'> = {
  kind: 'wire',
  members: { executors: 16 },
  unit: '/s',
  better: 'more',
}

function submitted(nodes: number, must: number): OwnRow {
  return {
    id: `workflow-${nodes}`,
    says: `submit of a workflow of ${nodes} nodes`,
    unit: 's',
    better: 'less',
    must,
    kind: 'own',
    runs: nodes > 10_000 ? 1 : 3,
    async run(target) {
      const colony = await makeColony(target, {})
      const times = { chain: 0, fan: 0 }
      for (const [name, made] of [
        ['chain', chain(nodes)],
        ['fan', fan(nodes)],
      ] as const)
        times[name] = (await timeOf(() => submit(colony, made))) / 1_000
      colony.close()
      if (nodes > 10_000) await settle(target.db) // for the rows after this one
      return {
        value: Math.max(times.chain, times.fan),
        note: `chain ${times.chain.toFixed(2)}, fan ${times.fan.toFixed(2)}`,
      }
    },
  }
}

export const workflowRows: readonly Row[] = [
  {
    id: 'chain-1000',
    says: `chain of ${NODES} nodes, 16 executors`,
    must: { times: 200 },
    reach: { times: 500 },
    limit: 'commits',
    ...worked,
    run: (_, colony, size) => work(colony, size, chain(NODES)),
  },
  {
    id: 'fan-1000',
    says: `fan-out and fan-in of ${NODES}, 16 executors`,
    must: { times: 800 },
    reach: { times: 2_000 },
    limit: 'roundTrips',
    ...worked,
    run: (_, colony, size) => work(colony, size, fan(NODES)),
  },
  submitted(1_000, 0.12),
  submitted(10_000, 1.2),
  submitted(100_000, 15),
]
