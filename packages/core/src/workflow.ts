import { ColoniesError, limits, type ParsedFunctionSpec, type ParsedWorkflowSpec } from '@colonies/protocol'
import { type CheckedFunctionSpec, checkFunctionSpec } from './function-spec.js'

export interface PlannedNode {
  spec: ParsedFunctionSpec
  checked: CheckedFunctionSpec
  /** Indexes of the nodes that it depends on, in the order of `dependencies`. */
  parents: number[]
  children: number[]
}

export interface WorkflowPlan {
  nodes: PlannedNode[]
  /** Indexes of the nodes without dependencies. */
  roots: number[]
}

/**
 * Checks a workflow whole, before anything is stored: names, dependencies, cycles, sizes, and each function spec.
 * Linear in nodes and dependencies.
 *
 * @throws ColoniesError `bad_request` naming the node and the way out
 */
export function planWorkflow({ functionspecs }: ParsedWorkflowSpec): WorkflowPlan {
  if (functionspecs.length === 0)
    throw new ColoniesError('bad_request', 'A workflow must have at least one node in spec.functionspecs')
  if (functionspecs.length > limits.workflowNodesMax)
    throw new ColoniesError(
      'bad_request',
      `A workflow has at most ${limits.workflowNodesMax} nodes, this one has ${functionspecs.length}`,
    )
  const indexOf = namesToIndexes(functionspecs)
  const nodes: PlannedNode[] = []
  let dependencies = 0
  for (const [index, spec] of functionspecs.entries()) {
    const checked = checkFunctionSpec(spec, () => `spec.functionspecs[${index}]`)
    const parents = parentsOf(spec, indexOf)
    dependencies += parents.length
    nodes.push({ spec, checked, parents, children: [] })
  }
  if (dependencies > limits.workflowDependenciesMax)
    throw new ColoniesError(
      'bad_request',
      `The nodes of a workflow have at most ${limits.workflowDependenciesMax} dependencies together, these have ${dependencies}`,
    )
  addChildren(nodes)
  refuseCycles(nodes)
  return { nodes, roots: nodes.flatMap((node, index) => (node.parents.length === 0 ? [index] : [])) }
}

function addChildren(nodes: readonly PlannedNode[]): void {
  const counts = new Uint32Array(nodes.length)
  for (const { parents } of nodes) for (const parent of parents) counts[parent] = (counts[parent] ?? 0) + 1
  // As long as they will be: nearly all have one or two, and a list that grows takes room for seventeen.
  for (const [index, node] of nodes.entries()) if (counts[index]) node.children = new Array(counts[index])
  counts.fill(0)
  for (const [index, { parents }] of nodes.entries())
    for (const parent of parents) {
      const place = counts[parent] ?? 0
      counts[parent] = place + 1
      ;(nodes[parent] as PlannedNode).children[place] = index
    }
}

function namesToIndexes(specs: readonly ParsedFunctionSpec[]): Map<string, number> {
  const indexOf = new Map<string, number>()
  for (const [index, { nodename }] of specs.entries()) {
    if (nodename === '')
      throw new ColoniesError('bad_request', `Nodename is missing: give spec.functionspecs[${index}] a nodename`)
    if (indexOf.has(nodename))
      throw new ColoniesError('bad_request', `Duplicate nodename: ${nodename}; each node needs a name of its own`)
    indexOf.set(nodename, index)
  }
  return indexOf
}

function parentsOf({ nodename, conditions }: ParsedFunctionSpec, indexOf: ReadonlyMap<string, number>): number[] {
  const named = conditions.dependencies
  const dependencies = named.length < 2 ? named : [...new Set(named)]
  if (dependencies.length > limits.dependenciesMax)
    throw new ColoniesError('bad_request', `Node ${nodename} has more than ${limits.dependenciesMax} dependencies`)
  return dependencies.map((name) => {
    const parent = indexOf.get(name)
    if (parent === undefined)
      throw new ColoniesError(
        'bad_request',
        `Node ${nodename} depends on ${name}, and no node has that nodename: invalid dependencies`,
      )
    return parent
  })
}

/** Takes away nodes without open parents until none is left; what stays lies on a cycle or behind one. */
function refuseCycles(nodes: readonly PlannedNode[]): void {
  const open = nodes.map((node) => node.parents.length)
  const free = open.flatMap((count, index) => (count === 0 ? [index] : []))
  let done = 0
  for (let index = free.pop(); index !== undefined; index = free.pop()) {
    done += 1
    for (const child of nodes[index]?.children ?? []) {
      open[child] = (open[child] ?? 0) - 1
      if (open[child] === 0) free.push(child)
    }
  }
  if (done < nodes.length)
    throw new ColoniesError(
      'bad_request',
      `The dependencies form a cycle: ${describeCycle(nodes, open)}; take one of them out`,
    )
}

function describeCycle(nodes: readonly PlannedNode[], open: readonly number[]): string {
  const path: number[] = []
  const seen = new Map<number, number>()
  // Each node that is left has a parent that is left: going up, a node must come again.
  for (let at = open.findIndex((count) => count > 0); !seen.has(at); ) {
    seen.set(at, path.length)
    path.push(at)
    const next = nodes[at]?.parents.find((parent) => (open[parent] ?? 0) > 0) ?? at
    if (seen.has(next)) {
      const cycle = [...path.slice(seen.get(next)), next].reverse().map((index) => nodes[index]?.spec.nodename ?? '')
      return cycle.length > 10 ? `${cycle.slice(0, 9).join(' -> ')} -> ... -> ${cycle.at(-1)}` : cycle.join(' -> ')
    }
    at = next
  }
  return ''
}
