import { listOf } from '@colonies/client'
import { encodeJson, type JsonValue, type Process, State } from '@colonies/protocol'
import { formatValue } from './format-json.js'
import { formatDuration, formatTime } from './format-time.js'
import { shortId } from './ids.js'
import { attributeTypeName, stateColour, stateName } from './state-names.js'
import type { Column } from './table.js'
import { item, type View } from './view.js'

export interface ProcessColumnOptions {
  /** Whole ids instead of their beginnings. */
  ids: boolean
  /** Names of executors by their ids. */
  executors: ReadonlyMap<string, string>
}

/** The columns of a list of processes. */
export function processColumns({ ids, executors }: ProcessColumnOptions): readonly Column<Process>[] {
  const nameOf = (id: string) => executors.get(id) ?? shortId(id)
  return [
    { header: 'ID', of: ({ processid }) => (ids ? processid : shortId(processid)), whole: true },
    { header: 'FUNCTION', of: ({ spec }) => spec.funcname },
    { header: 'ARGS', of: argumentsOf },
    { header: 'STATE', of: ({ state }) => stateName(state), colour: ({ state }) => stateColour(state), whole: true },
    { header: 'SINCE', of: (process) => formatTime(sinceOf(process)), whole: true },
    { header: 'TYPE', of: ({ spec }) => spec.conditions.executortype },
    { header: 'EXECUTOR', of: ({ assignedexecutorid }) => nameOf(assignedexecutorid) },
    { header: 'INITIATOR', of: ({ initiatorname }) => initiatorname },
    { header: 'LABEL', of: ({ spec }) => spec.label },
  ]
}

const fieldsOf = (executorname: string | undefined): readonly Column<Process>[] => [
  { header: 'Id', of: ({ processid }) => processid },
  { header: 'State', of: ({ state }) => stateName(state), colour: ({ state }) => stateColour(state) },
  { header: 'Function', of: ({ spec }) => spec.funcname },
  { header: 'Args', of: ({ spec }) => (listOf(spec.args).length > 0 ? encodeJson(spec.args) : '') },
  { header: 'Kwargs', of: ({ spec }) => objectText(spec.kwargs) },
  { header: 'Input', of: ({ in: input }) => (listOf(input).length > 0 ? encodeJson(input) : '') },
  { header: 'Output', of: ({ out }) => (listOf(out).length > 0 ? encodeJson(out) : '') },
  { header: 'Errors', of: ({ errors }) => errors.join('\n'), colour: () => 'red' },
  { header: 'Initiator', of: ({ initiatorname, initiatorid }) => initiatorname || initiatorid },
  {
    header: 'Executor',
    of: ({ assignedexecutorid: id }) => (executorname ? `${executorname} (${shortId(id)})` : id),
  },
  { header: 'Executor type', of: ({ spec }) => spec.conditions.executortype },
  { header: 'Executor names', of: ({ spec }) => (spec.conditions.executornames ?? []).join(', ') },
  { header: 'Location', of: ({ spec }) => spec.conditions.locationname },
  { header: 'Colony', of: ({ spec }) => spec.conditions.colonyname },
  { header: 'Label', of: ({ spec }) => spec.label },
  { header: 'Priority', of: ({ spec }) => spec.priority || '' },
  { header: 'Submitted', of: ({ submissiontime }) => formatTime(submissiontime) },
  { header: 'Started', of: ({ starttime }) => formatTime(starttime) },
  { header: 'Ended', of: ({ endtime }) => formatTime(endtime) },
  { header: 'Waited', of: ({ submissiontime, starttime, endtime }) => waited(submissiontime, starttime, endtime) },
  {
    header: 'Ran',
    of: ({ starttime, endtime, state }) => (state === State.waiting ? '' : formatDuration(starttime, endtime)),
  },
  {
    header: 'May wait until',
    of: ({ waitdeadline, state }) => (state === State.waiting ? formatTime(waitdeadline) : ''),
  },
  {
    header: 'May run until',
    of: ({ execdeadline, state }) => (state === State.running ? formatTime(execdeadline) : ''),
  },
  { header: 'Retries', of: ({ retries, spec }) => retriesOf(retries, spec.maxretries) },
  {
    header: 'Environment',
    of: ({ spec }) =>
      Object.entries(spec.env)
        .map(([name, value]) => `${name}=${value}`)
        .join('\n'),
  },
  { header: 'Resources', of: resourcesOf },
  { header: 'Workflow', of: ({ processgraphid }) => processgraphid },
  { header: 'Node', of: ({ spec }) => spec.nodename },
  { header: 'Waits for', of: ({ waitforparents, parents }) => (waitforparents ? parents.join('\n') : '') },
  {
    header: 'Attributes',
    of: ({ attributes }) =>
      attributes
        .map(({ key, value, attributetype }) => `${key}=${value} (${attributeTypeName(attributetype)})`)
        .join('\n'),
  },
]

/** @param executorname of the executor that has it or had it, where that is known */
export function processView(process: Process, executorname?: string): View {
  return item(process, process.processid, fieldsOf(executorname))
}

/** What a process was given, on one line. */
export function argumentsOf({ spec }: Process): string {
  const args = listOf(spec.args).map(formatValue)
  const kwargs = Object.entries(objectOf(spec.kwargs)).map(([key, value]) => `${key}=${formatValue(value)}`)
  return [...args, ...kwargs].join(' ')
}

function sinceOf({ state, submissiontime, starttime, endtime }: Process): string {
  if (state === State.waiting) return submissiontime
  return state === State.running ? starttime : endtime
}

function waited(submitted: string, started: string, ended: string): string {
  return formatDuration(submitted, formatTime(started) === '' ? ended : started)
}

function retriesOf(retries: number, maxretries: number): string {
  if (retries === 0 && maxretries <= 0) return ''
  return maxretries < 0 ? `${retries}` : `${retries} of ${maxretries}`
}

function resourcesOf({ spec: { conditions } }: Process): string {
  const { cpu, mem, storage, gpu, nodes, processes, processespernode, walltime } = conditions
  const parts = { cpu, mem, storage, nodes, processes, processespernode, walltime, gpu: gpu.count, 'gpu mem': gpu.mem }
  return Object.entries(parts)
    .filter(([, value]) => !['', 0, '0m', '0Mi'].includes(value))
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}

function objectOf(value: JsonValue): { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as { [key: string]: JsonValue })
    : {}
}

function objectText(value: JsonValue): string {
  return Object.keys(objectOf(value)).length > 0 ? encodeJson(value) : ''
}
