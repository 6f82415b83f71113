/** A node of a graph; parents by id. */
export interface GraphNode {
  id: string
  parents: readonly string[]
}

/**
 * Ids of the nodes without children, in the order in which a walk reaches them that goes down from the first root before
 * it turns to the next.
 *
 * @param nodes in the order of the workflow's spec, which is also that of the children of one node
 */
export function leavesDepthFirst(nodes: readonly GraphNode[]): string[] {
  const children = new Map<string, string[]>(nodes.map(({ id }) => [id, []]))
  for (const { id, parents } of nodes) for (const parent of parents) children.get(parent)?.push(id)
  const leaves: string[] = []
  const seen = new Set<string>()
  // The next to visit is last. Not recursive: a chain may be longer than the stack is deep.
  const open = nodes.flatMap(({ id, parents }) => (parents.length === 0 ? [id] : [])).reverse()
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue
    seen.add(id)
    const below = children.get(id) ?? []
    if (below.length === 0) leaves.push(id)
    for (let place = below.length - 1; place >= 0; place -= 1) open.push(below[place] as string)
  }
  return leaves
}
