import { type Client, eachAtOnce } from '@colonies/client'
import type { Process, ProcessGraph } from '@colonies/protocol'
import { choice, flag, needed, noun, verb } from '../command.js'
import { confirm } from '../confirm.js'
import { exitCodeOfState, UsageError } from '../exit-codes.js'
import { logWriter } from '../follow-log.js'
import { followWorkflow } from '../follow-workflow.js'
import { formatDuration, formatTime } from '../format-time.js'
import { findGraphId, shortId } from '../ids.js'
import { listOptions, stateVerbs } from '../list-options.js'
import { newestFirst } from '../list-processes.js'
import { removalOptions, stateToRemove } from '../remove-all.js'
import type { Session } from '../session.js'
import { readWorkflowSpec } from '../spec-file.js'
import { type StateName, stateColour, stateName, stateNames, stateNumber } from '../state-names.js'
import { type Column, formatDescription } from '../table.js'
import { created, done, list, type View } from '../view.js'
import { outputView } from '../wait-for-process.js'
import { drawTree, treeNodesMax } from '../workflow-tree.js'

const workflowid = needed('id of the workflow, or its beginning')

const columnsOf = (ids: boolean): readonly Column<ProcessGraph>[] => [
  { header: 'ID', of: ({ processgraphid }) => (ids ? processgraphid : shortId(processgraphid)), whole: true },
  { header: 'STATE', of: ({ state }) => stateName(state), colour: ({ state }) => stateColour(state), whole: true },
  { header: 'NODES', of: ({ processids }) => processids.length, whole: true },
  { header: 'SUBMITTED', of: ({ submissiontime }) => formatTime(submissiontime), whole: true },
  { header: 'RAN', of: ({ starttime, endtime }) => formatDuration(starttime, endtime), whole: true },
  { header: 'INITIATOR', of: ({ initiatorname }) => initiatorname },
]

const fields: readonly Column<ProcessGraph>[] = [
  { header: 'Id', of: ({ processgraphid }) => processgraphid },
  { header: 'State', of: ({ state }) => stateName(state), colour: ({ state }) => stateColour(state) },
  { header: 'Initiator', of: ({ initiatorname, initiatorid }) => initiatorname || initiatorid },
  { header: 'Submitted', of: ({ submissiontime }) => formatTime(submissiontime) },
  { header: 'Started', of: ({ starttime }) => formatTime(starttime) },
  { header: 'Ended', of: ({ endtime }) => formatTime(endtime) },
  { header: 'Ran', of: ({ starttime, endtime }) => formatDuration(starttime, endtime) },
]

export const workflowCommands = noun('workflow', 'Processes that wait for each other.', [
  verb({
    name: 'submit',
    summary: 'Submit a workflow from a file; it is checked before it is sent.',
    positional: ['spec'],
    options: {
      spec: needed('file with an array of function specs in JSON or YAML; - is standard input', { short: 'f' }),
      lenient: flag('leave out unknown fields of the file'),
      wait: flag('wait until all its nodes have ended; the exit code tells how'),
      out: flag('with --wait: print the output of its last nodes'),
      follow: flag('wait, and print changes of state and the logs of its nodes meanwhile'),
    },
    async run({ spec: file, lenient, wait, out, follow }, session) {
      if (out && !wait && !follow) throw new UsageError('--out needs --wait.')
      const { io, colonyname, member } = session
      const spec = await readWorkflowSpec({ file, lenient, colonyname }, io)
      const graph = await member.submitWorkflow({ spec })
      const submitted = created(
        `Submitted a workflow of ${graph.processids.length} nodes.`,
        graph.processgraphid,
        graph,
      )
      if (!wait && !follow) return submitted
      if (out || session.out.format !== 'table') session.out.say(`Submitted ${graph.processgraphid}.`)
      else await session.out.show(submitted)
      return waitForWorkflow(graph.processgraphid, { out, follow }, session)
    },
  }),
  verb({
    name: 'ls',
    summary: 'List workflows, newest first.',
    options: { state: choice('only in this state', stateNames), ...listOptions },
    run: ({ state, ...given }, session) => listWorkflows(state, given, session),
  }),
  ...stateVerbs(listOptions, listWorkflows),
  verb({
    name: 'get',
    summary: 'Show one workflow, with the states of its nodes.',
    positional: ['workflowid'],
    options: { workflowid },
    async run({ workflowid }, session) {
      const processgraphid = await findGraphId(workflowid, session)
      return workflowView(await session.member.getProcessGraph({ processgraphid }), session)
    },
  }),
  verb({
    name: 'cancel',
    summary: 'Cancel every waiting and running process of a workflow.',
    positional: ['workflowid'],
    options: { workflowid },
    async run({ workflowid }, session) {
      const processgraphid = await findGraphId(workflowid, session)
      await session.member.cancelProcessGraph({ processgraphid })
      return done('The workflow was cancelled.', { processgraphid })
    },
  }),
  verb({
    name: 'remove',
    summary: 'Remove a workflow that has no running process, with all its processes.',
    positional: ['workflowid'],
    options: { workflowid, yes: flag('do not ask', { short: 'y' }) },
    async run({ workflowid, yes }, session) {
      const processgraphid = await findGraphId(workflowid, session)
      await confirm(`Workflow ${processgraphid} will be removed with its processes.`, yes, session)
      await session.member.removeProcessGraph({ processgraphid })
      return done('The workflow was removed.', { processgraphid })
    },
  }),
  verb({
    name: 'removeall',
    summary: 'Remove all workflows of one state, as the colony owner.',
    options: removalOptions,
    async run(given, session) {
      const { state, words } = stateToRemove(given)
      const { colonyOwner, colonyname } = session
      await confirm(`All ${words} workflows of colony ${colonyname} will be removed.`, given.yes, session)
      await colonyOwner.removeAllProcessGraphs({ colonyname, state })
      return done(`All ${words} workflows were removed.`, { colonyname })
    },
  }),
])

async function listWorkflows(
  state: StateName | undefined,
  { count, ids }: { count: number; ids: boolean },
  { member, colonyname }: Session,
): Promise<View> {
  const states = state ? [state] : stateNames
  const lists = await Promise.all(
    states.map((name) => member.getProcessGraphs({ colonyname, state: stateNumber(name), count })),
  )
  const graphs = newestFirst(lists.flat()).slice(0, count)
  return list(graphs, columnsOf(ids), { id: ({ processgraphid }) => processgraphid, none: 'No workflows.' })
}

async function workflowView(graph: ProcessGraph, { member, out }: Session): Promise<View> {
  // Programs get what the server says, and need no drawing.
  const processes = out.format === 'table' ? await readNodes(graph, member) : new Map<string, Process>()
  return {
    data: graph,
    ids: [graph.processgraphid],
    text: (style) => `${formatDescription(graph, fields, style)}\n${drawTree(graph, processes, style)}`,
  }
}

async function readNodes({ processids }: ProcessGraph, member: Client): Promise<Map<string, Process>> {
  const processes = new Map<string, Process>()
  await eachAtOnce(processids.slice(0, treeNodesMax), async (processid) => {
    processes.set(processid, await member.getProcess({ processid }))
  })
  return processes
}

interface WaitOptions {
  out: boolean
  follow: boolean
}

async function waitForWorkflow(processgraphid: string, { out, follow }: WaitOptions, session: Session): Promise<View> {
  const ended = new AbortController()
  const writeLog = logWriter(out, session.out)
  const following = follow ? followWorkflow(processgraphid, { session, writeLog, signal: ended.signal }) : undefined
  following?.catch(() => {}) // told when it is waited for, below
  const waiting = session.patientMember.waitForGraph(processgraphid).finally(() => ended.abort())
  const { graph, leaves, outputs } = await waiting
  await following
  const exitCode = exitCodeOfState(graph.state)
  if (!out) return { ...(await workflowView(graph, session)), exitCode }
  return {
    data: outputs,
    ids: [processgraphid],
    text: (style) => leaves.map((leaf) => outputView(leaf).text(style)).join(''),
    note:
      exitCode === undefined
        ? undefined
        : `The workflow ended as ${stateName(graph.state)}: colonies workflow get ${shortId(processgraphid)}`,
    exitCode,
  }
}
