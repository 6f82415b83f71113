import type { Output } from '@colonies/client'
import { ExecutorState, type JsonValue } from '@colonies/protocol'
import { isObject } from './arguments.js'
import type { Session } from './session.js'
import { allCrons, allDefinitions, allExecutors } from './whole-lists.js'

type Blueprint = Output<'getBlueprint'>
type Definition = Output<'getBlueprintDefinition'>
type Executor = Output<'getExecutors'>[number]

/** What is wrong with one blueprint, or that nothing is. */
export interface Finding {
  readonly blueprint: string
  readonly level: 'ok' | 'warning' | 'error'
  readonly says: string
  /** What `reconcile` would mend it: with force, or without. */
  readonly mend: 'reconcile' | 'force' | undefined
}

/** What is looked at for all blueprints. */
export interface Surroundings {
  readonly definitions: readonly Definition[]
  readonly executors: readonly Executor[]
  /** Names of crons. */
  readonly crons: readonly string[]
}

/** Milliseconds of silence after which an executor is taken for gone. */
const SILENT_MS = 120_000

export async function readSurroundings(session: Session): Promise<Surroundings> {
  const [definitions, executors, crons] = await Promise.all([
    allDefinitions(session),
    allExecutors(session),
    allCrons(session),
  ])
  return { definitions, executors, crons: crons.map(({ name }) => name) }
}

/** Finds out whether a blueprint is looked after. @param nowMs Unix time */
export function examine(
  blueprint: Blueprint,
  { definitions, executors, crons }: Surroundings,
  nowMs: number,
): Finding[] {
  const { name, locationname } = blueprint.metadata
  const say = (level: Finding['level'], says: string, mend?: Finding['mend']): Finding => ({
    blueprint: name,
    level,
    says,
    mend,
  })
  const handler = definitions.find(({ spec }) => spec.names.kind === blueprint.kind)?.spec.handler
  if (!handler) return [say('error', `there is no definition of kind ${blueprint.kind}`)]
  const { executorType, functionName } = handler
  if (executorType === '' || functionName === '')
    return [say('warning', 'its definition has no handler: nobody reconciles it')]

  const findings: Finding[] = []
  const where = locationname === '' ? '' : ` at ${locationname}`
  const reconcilers = executors.filter(
    (executor) =>
      executor.executortype === executorType &&
      executor.state === ExecutorState.approved &&
      (locationname === '' || executor.locationname.toLowerCase() === locationname.toLowerCase()),
  )
  const isHeard = reconcilers.some(({ lastheardfromtime }) => nowMs - Date.parse(lastheardfromtime) <= SILENT_MS)
  if (reconcilers.length === 0)
    findings.push(say('error', `there is no approved executor of type ${executorType}${where}`))
  else if (!isHeard)
    findings.push(say('warning', `no executor of type ${executorType}${where} was heard from within two minutes`))
  const cron = `reconcile-${blueprint.kind}${locationname === '' ? '' : `-${locationname}`}`
  // Where the name was taken, its own id follows.
  if (!crons.some((one) => one === cron || (one.startsWith(`${cron}-`) && one.length === cron.length + 65)))
    findings.push(say('error', `the cron ${cron} is missing`, 'reconcile'))
  const { wanted, current } = countReplicas(blueprint, executors)
  if (wanted !== undefined && current !== undefined && current !== wanted)
    findings.push(say('warning', `${current} of ${wanted} replicas run`, 'force'))
  return findings.length > 0 ? findings : [say('ok', 'it is looked after')]
}

/**
 * How many replicas run: executors that say of which blueprint and generation they are, or else what the reconciler reported.
 * Undefined where nobody knows.
 */
export function countReplicas({ blueprintid, metadata, spec, status }: Blueprint, executors: readonly Executor[]) {
  const own = executors.filter(
    (executor) => executor.blueprintid === blueprintid && executor.state === ExecutorState.approved,
  )
  const current = own.filter(({ blueprintgen }) => blueprintgen === metadata.generation).length
  return {
    wanted: numberAt(spec, 'replicas'),
    current: own.length > 0 ? current : numberAt(status, 'runningInstances'),
    old: own.length - current,
  }
}

function numberAt(object: JsonValue, key: string): number | undefined {
  const value = isObject(object) ? object[key] : undefined
  return typeof value === 'number' ? value : undefined
}
