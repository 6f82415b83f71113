import { ColoniesError, type JsonText, limits, type ParsedFunctionSpec, quote } from '@colonies/protocol'
import { checkLabel, hasControlCharacters } from './names.js'
import { parseCpu, parseMemory, writeCpu, writeMemory } from './resources.js'

/** What the queue needs of a function spec. */
export interface CheckedFunctionSpec {
  /** null: no limit. */
  waitSeconds: number | null
  execSeconds: number | null
  /** Negative: without limit. */
  maxRetries: number
  /** null: any executor of the type. */
  wantedNames: string[] | null
  /** Lower case; '' for any. */
  location: string
  /** Millicores. */
  cpu: bigint
  /** Bytes. */
  memory: bigint
}

/** How errors call a spec, such as `spec` or `spec.functionspecs[3]`; a function, where a text for each would be made in vain. */
type Place = string | (() => string)

/**
 * Checks a function spec before anything is stored.
 *
 * @throws ColoniesError `bad_request` naming the field
 */
export function checkFunctionSpec(spec: ParsedFunctionSpec, place: Place): CheckedFunctionSpec {
  const { conditions } = spec
  if (Math.abs(spec.priority) > limits.priorityMax)
    throw new ColoniesError(
      'bad_request',
      `${field(place, 'priority')} is outside of the range [-${limits.priorityMax}, ${limits.priorityMax}]: ${spec.priority}`,
    )
  checkText(spec.nodename, place, 'nodename')
  checkText(spec.funcname, place, 'funcname')
  checkText(spec.label, place, 'label')
  checkText(conditions.executortype, place, 'conditions.executortype')
  checkText(conditions.locationname, place, 'conditions.locationname')
  if (spec.channels.length > limits.channelsMax)
    throw new ColoniesError('bad_request', `${field(place, 'channels')} has more than ${limits.channelsMax} entries`)
  if (Object.keys(spec.env).length > limits.attributesMax)
    throw new ColoniesError('bad_request', `${field(place, 'env')} has more than ${limits.attributesMax} entries`)
  memoryOf(conditions.storage, place, 'conditions.storage')
  memoryOf(conditions.gpu.mem, place, 'conditions.gpu.mem')
  return {
    waitSeconds: spec.maxwaittime > 0 ? spec.maxwaittime : null,
    execSeconds: spec.maxexectime > 0 ? spec.maxexectime : null,
    maxRetries: spec.maxretries,
    wantedNames: wantedNames(conditions.executornames, place),
    location: conditions.locationname.toLowerCase(),
    cpu: conditions.cpu === '' ? 0n : parseCpu(conditions.cpu, field(place, 'conditions.cpu')),
    memory: memoryOf(conditions.mem, place, 'conditions.mem'),
  }
}

const field = (place: Place, name: string) => `${typeof place === 'string' ? place : place()}.${name}`

function checkText(value: string, place: Place, name: string): void {
  if (value.length > limits.nameLengthMax || hasControlCharacters(value)) checkLabel(value, field(place, name))
}

const memoryOf = (text: string, place: Place, name: string) =>
  text === '' ? 0n : parseMemory(text, field(place, name))

function wantedNames(names: readonly string[] | null, place: Place): string[] | null {
  if (names === null || names.length === 0 || isAnyone(names)) return null
  const list = field(place, 'conditions.executornames')
  if (names.length > limits.executorNamesMax)
    throw new ColoniesError(
      'bad_request',
      `${list} has more than ${limits.executorNamesMax} names; use a type of executor`,
    )
  for (const [index, name] of names.entries()) {
    if (name === '') throw new ColoniesError('bad_request', `${list}[${index}] must not be empty`)
    checkLabel(name, `${list}[${index}]`)
  }
  return [...new Set(names)]
}

const isAnyone = (names: readonly string[]) => names.length === 1 && names[0] === '*'

/** The normalised spec as replies have it, in three texts: `env` can be added to later, so it is put in at the end. */
export interface WrittenSpec {
  /** An object that is still open: all members but `env` and `channels`. */
  head: string
  env: string
  /** null: absent. */
  channels: string | null
}

/** Of a demand that is not made, as nearly all are. */
const NO_GPU = '{"name":"","mem":"0Mi","count":0,"nodecount":0}'
const NO_FILES = '{"mount":"","snapshots":null,"dirs":null}'

/**
 * Writes a checked spec in the form and field order of the original's replies; the user's JSON goes in as it came.
 *
 * @param colonyName replaces `conditions.colonyname`
 */
export function writeSpec(spec: ParsedFunctionSpec, colonyName: string): WrittenSpec {
  const { conditions: c } = spec
  const names = c.executornames === null ? 'null' : isAnyone(c.executornames) ? '[]' : JSON.stringify(c.executornames)
  const conditions =
    `{"colonyname":${quote(colonyName)},"executornames":${names},"executortype":${quote(c.executortype)}` +
    `${c.locationname === '' ? '' : `,"locationname":${quote(c.locationname)}`}` +
    `,"dependencies":${list(c.dependencies)},"nodes":${c.nodes},"cpu":"${cpuText(c.cpu)}"` +
    `,"processes":${c.processes},"processespernode":${c.processespernode},"mem":"${size(c.mem)}"` +
    `,"storage":"${size(c.storage)}","gpu":${gpuText(c.gpu)},"walltime":${c.walltime}}`
  return {
    head:
      `{"nodename":${quote(spec.nodename)},"funcname":${quote(spec.funcname)},"args":${spec.args},"kwargs":${spec.kwargs}` +
      `,"priority":${spec.priority},"maxwaittime":${spec.maxwaittime},"maxexectime":${spec.maxexectime}` +
      `,"maxretries":${spec.maxretries},"conditions":${conditions},"label":${quote(spec.label)},"fs":${fsText(spec.fs)}`,
    env: JSON.stringify(spec.env),
    channels: spec.channels.length === 0 ? null : JSON.stringify(spec.channels),
  }
}

const list = (values: readonly string[]) => (values.length === 0 ? '[]' : JSON.stringify(values))
const cpuText = (value: string) => (value === '' ? '0m' : writeCpu(parseCpu(value, 'cpu')))
const size = (value: string) => (value === '' ? '0Mi' : writeMemory(parseMemory(value, 'memory')))

function gpuText({ name, mem, count }: ParsedFunctionSpec['conditions']['gpu']): string {
  if (name === '' && mem === '' && count === 0) return NO_GPU
  return `{"name":${quote(name)},"mem":"${size(mem)}","count":${count},"nodecount":0}`
}

function fsText({ mount, snapshots, dirs }: ParsedFunctionSpec['fs']): string {
  if (mount === '' && snapshots === null && dirs === null) return NO_FILES
  return `{"mount":${quote(mount)},"snapshots":${JSON.stringify(snapshots)},"dirs":${JSON.stringify(dirs)}}`
}

/** The whole spec in one text. */
export function joinSpec({ head, env, channels }: WrittenSpec): JsonText {
  return `${head},"env":${env}${channels === null ? '' : `,"channels":${channels}`}}` as JsonText
}
