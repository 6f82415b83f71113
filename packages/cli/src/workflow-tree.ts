import type { Process, ProcessGraph } from '@colonies/protocol'
import { formatDuration } from './format-time.js'
import { shortId } from './ids.js'
import { stateColour, stateName } from './state-names.js'
import type { Style } from './table.js'

/** Nodes that are drawn; a larger workflow is cut. */
export const treeNodesMax = 200

/**
 * Draws a workflow: each node below its first parent, and once more as a mere name below each other parent.
 *
 * @param processes the nodes that are known, by id; those that are not are drawn with their names only
 */
export function drawTree(graph: ProcessGraph, processes: ReadonlyMap<string, Process>, style: Style): string {
  const names = new Map(graph.nodes.map(({ id, data }) => [id, data.label]))
  const children = new Map<string, string[]>()
  for (const { source, target } of graph.edges) {
    const known = children.get(source)
    if (known) known.push(target)
    else children.set(source, [target])
  }
  const drawn = new Set<string>()
  const lines: string[] = []
  const { branch, last, pass, again } = style.ascii ? asciiMarks : marks

  const draw = (id: string, before: string, isLast: boolean) => {
    if (drawn.size >= treeNodesMax) return
    const mark = before === '' ? '' : isLast ? last : branch
    const repeated = drawn.has(id)
    drawn.add(id)
    lines.push(`${before.slice(1)}${mark}${repeated ? `${names.get(id)} ${again}` : nodeLine(id)}`)
    if (repeated) return
    const below = children.get(id) ?? []
    const inner = before === '' ? ' ' : `${before}${isLast ? '   ' : pass}`
    for (const [index, child] of below.entries()) draw(child, inner, index === below.length - 1)
  }

  const nodeLine = (id: string) => {
    const process = processes.get(id)
    const name = names.get(id) || shortId(id)
    if (!process) return name
    const { state, starttime, endtime, spec } = process
    const facts = [spec.funcname, spec.conditions.executortype, formatDuration(starttime, endtime), shortId(id)]
    return `${name}  ${style.paint(stateName(state), stateColour(state))}  ${style.paint(facts.filter(Boolean).join('  '), 'grey')}`
  }

  for (const root of graph.rootprocessids) draw(root, '', true)
  if (drawn.size >= treeNodesMax && graph.nodes.length > drawn.size) {
    lines.push(`and ${graph.nodes.length - drawn.size} more nodes; -o json shows all`)
  }
  return `${lines.join('\n')}\n`
}

const marks = { branch: '├─ ', last: '└─ ', pass: '│  ', again: '(see above)' }
const asciiMarks = { branch: '|- ', last: '`- ', pass: '|  ', again: '(see above)' }
