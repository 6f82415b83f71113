import { eachAtOnce, hasEnded } from '@colonies/client'
import { type ProcessGraph, State } from '@colonies/protocol'
import { type Following, readLogPage, untilNextLook, writeLogSince } from './follow-log.js'
import { formatDuration } from './format-time.js'
import { stateColour, stateName } from './state-names.js'
import { endLine } from './view.js'

/** Nodes that are looked at in one round; where more are open, they take turns. */
const looksMax = 100
const nameLengthMax = 24

/** What is known of a node that may still have something to tell. */
interface Node {
  readonly id: string
  /** The round in which it was last looked at. */
  round: number
  state: number
  /** Time of the last log line that was written. */
  since: bigint
}

/** Something to write about a node. */
interface Piece {
  /** When it happened: Unix time in ms. */
  readonly at: number
  write(): Promise<void> | void
}

/**
 * Writes what happens to the nodes of a workflow: changes of state, and the lines of their logs behind their names. What
 * is found in one look is told in the order in which it happened, parents before their children.
 */
export async function followWorkflow(processgraphid: string, following: Following): Promise<void> {
  const { session, signal } = following
  const nodes = new Map<string, Node>()
  const told = new Set<string>()
  for (let round = 1; ; round++) {
    const isLast = signal.aborted
    const graph = await session.patientMember.getProcessGraph({ processgraphid })
    const open = openIds(graph, told, isLast).map(
      (id) => nodes.get(id) ?? { id, round: 0, state: State.waiting, since: 0n },
    )
    if (!isLast) open.sort((a, b) => a.round - b.round)
    const looked = open.slice(0, looksMax)
    const nameOf = namesIn(graph)
    const found = new Map<Node, Piece[]>()
    await eachAtOnce(looked, async (node) => {
      nodes.set(node.id, node)
      node.round = round
      found.set(node, await lookAt(node, nameOf(node.id), following))
    })
    // Sorting keeps the order of equal ones, as of children that fail with their parents.
    const pieces = looked.flatMap((node) => found.get(node) ?? []).sort((a, b) => a.at - b.at)
    for (const piece of pieces) await piece.write()
    for (const { id, state } of looked) if (isLast || hasEnded({ state })) told.add(id)
    if (!isLast) await untilNextLook(signal)
    else if (open.length <= looksMax) return
  }
}

/** At the end all that are left, parents first; before, those that may have begun, since their parents have told all. */
function openIds(graph: ProcessGraph, told: ReadonlySet<string>, isLast: boolean): string[] {
  if (isLast) return parentsFirst(graph).filter((id) => !told.has(id))
  const behindOthers = graph.edges.filter(({ source }) => !told.has(source)).map(({ target }) => target)
  const waiting = new Set(behindOthers)
  return graph.processids.filter((id) => !told.has(id) && !waiting.has(id))
}

/** The graph has the order of its picture, where a node can stand before the second of its parents. */
function parentsFirst({ processids, edges }: ProcessGraph): string[] {
  const parentsLeft = new Map(processids.map((id) => [id, 0]))
  const childrenOf = new Map<string, string[]>(processids.map((id) => [id, []]))
  for (const { source, target } of edges) {
    parentsLeft.set(target, (parentsLeft.get(target) ?? 0) + 1)
    childrenOf.get(source)?.push(target)
  }
  const ordered = processids.filter((id) => parentsLeft.get(id) === 0)
  for (const id of ordered) {
    for (const child of childrenOf.get(id) ?? []) {
      const left = (parentsLeft.get(child) ?? 0) - 1
      parentsLeft.set(child, left)
      if (left === 0) ordered.push(child) // and is visited by this loop, too
    }
  }
  return ordered
}

/** @returns names of one width, by ids */
function namesIn({ nodes }: ProcessGraph): (id: string) => string {
  const names = new Map(nodes.map(({ id, data }) => [id, data.label]))
  const width = nodes.reduce((longest, { data }) => Math.max(longest, data.label.length), 0)
  return (id) => (names.get(id) ?? '').padEnd(Math.min(width, nameLengthMax))
}

/** @returns what is new about a node */
async function lookAt(node: Node, name: string, { session, writeLog }: Following): Promise<Piece[]> {
  const { style } = session.out
  // Before its log: of a process that has ended by now, the log is complete.
  const { processid, state, starttime, endtime } = await session.patientMember.getProcess({ processid: node.id })
  const isOver = hasEnded({ state })
  const hasChanged = state !== node.state
  node.state = state
  const tellState = (rest = '') => writeLog(`${name}  ${style.paint(stateName(state), stateColour(state))}${rest}\n`)
  const pieces: Piece[] = []
  if (hasChanged && state === State.running) pieces.push({ at: Date.parse(starttime), write: () => tellState() })
  const endedAt = isOver ? Date.parse(endtime) : Number.MAX_SAFE_INTEGER
  if (state !== State.waiting) {
    const prefixed = (text: string) => writeLog(endLine(text).replace(/^(?=.)/gm, `${style.paint(name, 'grey')}  `))
    const place = { processid, since: node.since }
    const lines = await readLogPage(place, session)
    const write = async () => {
      node.since = await writeLogSince(place, session, prefixed, lines)
    }
    pieces.push({ at: endedAt, write })
  }
  const ran = formatDuration(starttime, endtime)
  if (hasChanged && isOver) pieces.push({ at: endedAt, write: () => tellState(ran && `  ${ran}`) })
  return pieces
}
