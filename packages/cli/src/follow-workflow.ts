import { eachAtOnce, hasEnded } from '@colonies/client'
import { type ProcessGraph, State } from '@colonies/protocol'
import { type Following, untilNextLook, writeLogSince } from './follow-log.js'
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

/** Writes what happens to the nodes of a workflow: changes of state, and the lines of their logs behind their names. */
export async function followWorkflow(processgraphid: string, following: Following): Promise<void> {
  const { session, signal } = following
  const nodes = new Map<string, Node>()
  const told = new Set<string>()
  for (let round = 1; ; round++) {
    const isLast = signal.aborted
    const graph = await session.patientMember.getProcessGraph({ processgraphid })
    const open = openIds(graph, told, isLast)
      .map((id) => nodes.get(id) ?? { id, round: 0, state: State.waiting, since: 0n })
      .sort((a, b) => a.round - b.round)
    const nameOf = namesIn(graph)
    await eachAtOnce(open.slice(0, looksMax), async (node) => {
      nodes.set(node.id, node)
      node.round = round
      if (await hasToldAll(node, nameOf(node.id), following)) told.add(node.id)
    })
    if (!isLast) await untilNextLook(signal)
    else if (open.length <= looksMax) return
  }
}

/** At the end all that are left; before, those that may have begun, since their parents have told all. */
function openIds({ processids, edges }: ProcessGraph, told: ReadonlySet<string>, isLast: boolean): string[] {
  const behindOthers = isLast ? [] : edges.filter(({ source }) => !told.has(source)).map(({ target }) => target)
  const waiting = new Set(behindOthers)
  return processids.filter((id) => !told.has(id) && !waiting.has(id))
}

/** @returns names of one width, by ids */
function namesIn({ nodes }: ProcessGraph): (id: string) => string {
  const names = new Map(nodes.map(({ id, data }) => [id, data.label]))
  const width = nodes.reduce((longest, { data }) => Math.max(longest, data.label.length), 0)
  return (id) => (names.get(id) ?? '').padEnd(Math.min(width, nameLengthMax))
}

/** Writes what is new about a node. @returns whether it has ended, so that nothing more will come */
async function hasToldAll(node: Node, name: string, { session, writeLog }: Following): Promise<boolean> {
  const { style } = session.out
  // Before its log: of a process that has ended by now, the log is complete.
  const { processid, state, starttime, endtime } = await session.patientMember.getProcess({ processid: node.id })
  const changed = state !== node.state
  const isOver = hasEnded({ state })
  const tellState = (of: number, rest = '') =>
    writeLog(`${name}  ${style.paint(stateName(of), stateColour(of))}${rest}\n`)
  if (changed && state === State.running) tellState(state)
  if (state !== State.waiting) {
    const prefixed = (text: string) => writeLog(endLine(text).replace(/^(?=.)/gm, `${style.paint(name, 'grey')}  `))
    node.since = await writeLogSince({ processid, since: node.since }, session, prefixed)
  }
  const ran = formatDuration(starttime, endtime)
  if (changed && isOver) tellState(state, ran && `  ${ran}`)
  node.state = state
  return isOver
}
