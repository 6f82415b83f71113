import { ColoniesError, type JsonText, limits, type ParsedFunctionSpec } from '@colonies/protocol'
import { checkLabel } from './names.js'
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

/**
 * Checks a function spec before anything is stored.
 *
 * @param where how errors call the spec, such as `spec` or `spec.functionspecs[3]`
 * @throws ColoniesError `bad_request` naming the field
 */
export function checkFunctionSpec(spec: ParsedFunctionSpec, where: string): CheckedFunctionSpec {
  const { conditions } = spec
  if (Math.abs(spec.priority) > limits.priorityMax)
    throw new ColoniesError(
      'bad_request',
      `${where}.priority is outside of the range [-${limits.priorityMax}, ${limits.priorityMax}]: ${spec.priority}`,
    )
  checkLabel(spec.nodename, `${where}.nodename`)
  checkLabel(spec.funcname, `${where}.funcname`)
  checkLabel(spec.label, `${where}.label`)
  checkLabel(conditions.executortype, `${where}.conditions.executortype`)
  checkLabel(conditions.locationname, `${where}.conditions.locationname`)
  if (spec.channels.length > limits.channelsMax)
    throw new ColoniesError('bad_request', `${where}.channels has more than ${limits.channelsMax} entries`)
  if (Object.keys(spec.env).length > limits.attributesMax)
    throw new ColoniesError('bad_request', `${where}.env has more than ${limits.attributesMax} entries`)
  parseMemory(conditions.storage, `${where}.conditions.storage`)
  parseMemory(conditions.gpu.mem, `${where}.conditions.gpu.mem`)
  return {
    waitSeconds: spec.maxwaittime > 0 ? spec.maxwaittime : null,
    execSeconds: spec.maxexectime > 0 ? spec.maxexectime : null,
    maxRetries: spec.maxretries,
    wantedNames: wantedNames(conditions.executornames, `${where}.conditions.executornames`),
    location: conditions.locationname.toLowerCase(),
    cpu: parseCpu(conditions.cpu, `${where}.conditions.cpu`),
    memory: parseMemory(conditions.mem, `${where}.conditions.mem`),
  }
}

function wantedNames(names: readonly string[] | null, field: string): string[] | null {
  if (names === null || names.length === 0 || isAnyone(names)) return null
  if (names.length > limits.executorNamesMax)
    throw new ColoniesError(
      'bad_request',
      `${field} has more than ${limits.executorNamesMax} names; use a type of executor`,
    )
  for (const [index, name] of names.entries()) {
    if (name === '') throw new ColoniesError('bad_request', `${field}[${index}] must not be empty`)
    checkLabel(name, `${field}[${index}]`)
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

const text = (value: string) => JSON.stringify(value)

/**
 * Writes a checked spec in the form and field order of the original's replies; the user's JSON goes in as it came.
 *
 * @param colonyName replaces `conditions.colonyname`
 */
export function writeSpec(spec: ParsedFunctionSpec, colonyName: string): WrittenSpec {
  const { conditions: c } = spec
  const names = c.executornames === null ? 'null' : isAnyone(c.executornames) ? '[]' : JSON.stringify(c.executornames)
  const conditions =
    `{"colonyname":${text(colonyName)},"executornames":${names},"executortype":${text(c.executortype)}` +
    `${c.locationname === '' ? '' : `,"locationname":${text(c.locationname)}`}` +
    `,"dependencies":${JSON.stringify(c.dependencies)},"nodes":${c.nodes},"cpu":"${writeCpu(parseCpu(c.cpu, 'cpu'))}"` +
    `,"processes":${c.processes},"processespernode":${c.processespernode},"mem":"${size(c.mem)}"` +
    `,"storage":"${size(c.storage)}","gpu":{"name":${text(c.gpu.name)},"mem":"${size(c.gpu.mem)}"` +
    `,"count":${c.gpu.count},"nodecount":0},"walltime":${c.walltime}}`
  const fs = `{"mount":${text(spec.fs.mount)},"snapshots":${JSON.stringify(spec.fs.snapshots)},"dirs":${JSON.stringify(spec.fs.dirs)}}`
  return {
    head:
      `{"nodename":${text(spec.nodename)},"funcname":${text(spec.funcname)},"args":${spec.args},"kwargs":${spec.kwargs}` +
      `,"priority":${spec.priority},"maxwaittime":${spec.maxwaittime},"maxexectime":${spec.maxexectime}` +
      `,"maxretries":${spec.maxretries},"conditions":${conditions},"label":${text(spec.label)},"fs":${fs}`,
    env: JSON.stringify(spec.env),
    channels: spec.channels.length === 0 ? null : JSON.stringify(spec.channels),
  }
}

const size = (value: string) => writeMemory(parseMemory(value, 'memory'))

/** The whole spec in one text. */
export function joinSpec({ head, env, channels }: WrittenSpec): JsonText {
  return `${head},"env":${env}${channels === null ? '' : `,"channels":${channels}`}}` as JsonText
}
