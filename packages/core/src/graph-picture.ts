/** A node of a process graph, as its picture needs it. */
export interface PictureNode {
  id: string
  nodename: string
  state: number
  parents: string[]
  children: string[]
}

interface Placed {
  node: PictureNode
  depth: number
}

const STEP_X = 200
const STEP_Y = 80
const NODE_WIDTH = 150
const GAP = 50
const BACKGROUND = ['#eee8d8', '#4689cd', '#92d050', '#cb4239', '#f5a623']
const RUNNING = 1

/**
 * Places the nodes of a graph as the original does, for viewers that draw what they get: rows by the depth at the first
 * depth-first visit, each row centred over the widest.
 *
 * @param nodes in the order of the spec
 */
export function pictureOf(nodes: readonly PictureNode[]) {
  const placed = visit(nodes)
  const rows = new Map<number, Placed[]>()
  for (const place of placed) {
    const row = rows.get(place.depth)
    if (row) row.push(place)
    else rows.set(place.depth, [place])
  }
  const widest = Math.max(0, ...[...rows.values()].map((row) => widthOf(row.length)))
  const xOf = new Map<string, number>()
  for (const row of rows.values()) {
    const shift = Math.trunc(widest / 2) - Math.trunc(widthOf(row.length) / 2)
    for (const [index, { node }] of row.entries()) xOf.set(node.id, index * STEP_X + shift)
  }
  return {
    processids: placed.map(({ node }) => node.id),
    nodes: placed.map(({ node, depth }) => ({
      id: node.id,
      data: { label: node.nodename },
      position: { x: xOf.get(node.id) ?? 0, y: depth * STEP_Y },
      type: node.parents.length === 0 ? 'input' : node.children.length === 0 ? 'output' : '',
      style: { color: '', background: BACKGROUND[node.state] ?? '' },
    })),
    edges: placed.flatMap(({ node }) =>
      node.children.map((child) => ({
        id: `${node.id}-${child}`,
        source: node.id,
        target: child,
        animated: node.state === RUNNING,
      })),
    ),
  }
}

const widthOf = (count: number) => NODE_WIDTH * count + GAP * (count - 1)

/** Depth-first from the roots along `children`, each node once. */
function visit(nodes: readonly PictureNode[]): Placed[] {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const seen = new Set<string>()
  const placed: Placed[] = []
  const stack: Placed[] = nodes
    .filter((node) => node.parents.length === 0)
    .map((node) => ({ node, depth: 0 }))
    .reverse()
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { node, depth } = next
    if (seen.has(node.id)) continue
    seen.add(node.id)
    placed.push(next)
    for (let index = node.children.length - 1; index >= 0; index -= 1) {
      const child = byId.get(node.children[index] ?? '')
      if (child && !seen.has(child.id)) stack.push({ node: child, depth: depth + 1 })
    }
  }
  return placed
}
