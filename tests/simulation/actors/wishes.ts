import type { FunctionSpec, WorkflowSpec } from '@colonies/protocol'
import type { Random } from '../world/random.js'
import { colonyName } from './places.js'

export const executorTypes = ['cpu', 'gpu'] as const

/** A function spec with its tag as first argument, so that the judge knows whose wish a process is. */
export function functionSpec(
  random: Random,
  wish: { tag: string; nodename?: string; dependencies?: string[] },
): FunctionSpec {
  const type = random.pick(executorTypes)
  return {
    nodename: wish.nodename ?? '',
    funcname: 'work',
    args: [wish.tag],
    priority: random.between(-1, 1),
    maxwaittime: random.chance(0.1) ? random.between(4, 12) : -1,
    // Each lease ends some day: an executor that comes back within a minute keeps what it has forgotten about.
    maxexectime: random.between(2, 6),
    maxretries: random.chance(0.3) ? random.between(0, 2) : 50,
    conditions: {
      colonyname: colonyName,
      executortype: type,
      // The first executors of each type, which are there in every history.
      executornames: random.chance(0.15) ? [type === 'cpu' ? 'ada' : 'bob'] : [],
      dependencies: wish.dependencies ?? [],
    },
  }
}

/** Nodes that depend on some of the earlier ones. */
export function workflowSpec(random: Random, tag: string): WorkflowSpec {
  const names = Array.from({ length: random.between(1, 5) }, (_, at) => `${tag}n${at}`)
  const functionspecs = names.map((nodename, at) =>
    functionSpec(random, { tag, nodename, dependencies: random.some(names.slice(0, at)) }),
  )
  return { colonyname: colonyName, functionspecs }
}
