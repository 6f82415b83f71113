import { join, type Workflow, workflow } from '@colonies/client'
import type { FunctionSpec } from '@colonies/protocol'

/** Work for any executor of a load, which is tried until it is done. */
export function workSpec(colonyname: string, label: string, executornames: string[] | null = null) {
  const conditions = { colonyname, executortype: 'load', executornames }
  return { funcname: 'work', label, maxexectime: 10, maxretries: 100, conditions } satisfies FunctionSpec
}

/** One, then two, then one. @param specOf of the nodes a, b, c and d */
export function diamond(colonyname: string, specOf: (node: string) => FunctionSpec): ReturnType<Workflow['spec']> {
  const all = workflow(colonyname)
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => all.node(name, specOf(name)))
  if (!a || !b || !c || !d) throw new Error('a diamond has four nodes')
  a.then(b, c)
  join([b, c], d)
  return all.spec()
}
